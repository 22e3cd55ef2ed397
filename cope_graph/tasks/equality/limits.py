"""What one comparison may take, and how the kernel sees to it in the worker process."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Final

CPU_SECONDS: Final = 1.0
WALL_SECONDS: Final = 2.5
"""Longer than the CPU limit, so that a busy machine does not make equal answers unequal."""
START_SECONDS: Final = 60.0
MEMORY_BYTES: Final = 2 * 1024**3
RETIRE_BYTES: Final = 1024**3
"""A worker that grew beyond this ends after its reply; the next comparison starts another."""

OUT_OF_CPU_TIME: int | None = None
"""The exit code of a process that reached its limit of CPU time; Windows has no such limit."""
if sys.platform != "win32":
    OUT_OF_CPU_TIME = -signal.SIGPROF


def limit_cpu(seconds: float) -> None:
    """Have the kernel kill this process after so much CPU time; 0 lifts the limit."""
    if sys.platform != "win32":  # there only the client's wall time limits
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
        signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_memory() -> None:
    """Let allocations beyond `MEMORY_BYTES` fail in this process, and leave no core file."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        for limit, value in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
            hard = resource.getrlimit(limit)[1]
            soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
            try:
                resource.setrlimit(limit, (soft, hard))
            except (ValueError, OSError):  # macOS knows RLIMIT_AS and may refuse it
                continue


def peak_memory() -> int:
    """Return the largest resident size of this process so far in bytes, 0 where not known."""
    if sys.platform == "win32":
        return 0
    if sys.platform == "darwin":
        import resource  # noqa: PLC0415 - not on Windows

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        # Not getrusage: on Linux a program begins with the peak of the process that started it,
        # which may hold a language model.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next(
        (int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0
    )
