"""sandlock: Landlock and seccomp of the Linux kernel, without root and without namespaces."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any

from cope_graph.errors import SandboxError
from cope_graph.sandbox.boot import arguments, each_process, feed
from cope_graph.sandbox.interpreter import DEVICES, python, readable
from cope_graph.sandbox.pipes import listen, tell
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from cope_graph.sandbox.seccomp import seccomp_filter


class Sandlock:
    """Runs programs that may open what `readable` lists, and connect to nothing."""

    name = "sandlock"

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        """See `CodeRunner.run`."""
        size, fed = feed(program, stdin)
        limit = [*each_process(limits).values()]
        command = [python(), *arguments(size, limit, filtered=seccomp_filter())]
        with _started(command, limits) as process:
            pid = process.pid
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is None or pid is None:
                    msg = "the sandbox sandlock gave no process, or one without pipes"
                    raise SandboxError(msg)
            writer = os.dup(process.stdin.fileno())
            process.stdin.close()
            with _Watch(pid) as gone:
                pipes = (writer, process.stdout.fileno(), process.stderr.fileno())
                heard = listen(pipes, fed, limits, gone)
            if heard.end:
                process.kill()
            # Also ends what the program left behind.
            result = process.wait(timeout=heard.left())
            if not heard.end and result.reason.name == "TIMEOUT":
                heard.end = "timeout"
        return tell(heard, limits, _exit_code(result), self.name)


def _started(command: list[str], limits: Limits) -> Any:
    try:
        from sandlock import Sandbox, StdioMode  # noqa: PLC0415 - optional
    except (ImportError, OSError) as error:
        msg = "the package sandlock is not installed"
        raise SandboxError(msg) from error
    sandbox = Sandbox(
        fs_readable=[*readable(), *DEVICES],
        clean_env=True,
        cwd="/",
        no_coredump=True,
        max_memory=limits.memory_bytes,
        max_processes=limits.processes,
    )
    try:
        return sandbox.popen(
            command, stdin=StdioMode.PIPED, stdout=StdioMode.PIPED, stderr=StdioMode.PIPED
        )
    except Exception as error:
        msg = f"the sandbox sandlock could not be started: {error}"
        raise SandboxError(msg) from error


def _exit_code(result: Any) -> int | None:
    """Return it as `subprocess` does; `None` for a kill without a number, as that for memory."""
    if result.reason is None:
        msg = f"the sandbox sandlock lost a program: {result.error or 'no reason given'}"
        raise SandboxError(msg)
    if result.reason.name == "EXITED":
        return int(result.exit_code)
    return -int(result.signal) if result.signal > 0 else None


class _Watch:
    """Tells whether a process has ended that somebody else waits for."""

    def __init__(self, pid: int) -> None:
        self._pidfd = -1 if not hasattr(os, "pidfd_open") else os.pidfd_open(pid)
        self._poll = select.poll()
        if self._pidfd >= 0:
            self._poll.register(self._pidfd, select.POLLIN)

    def __enter__(self) -> Callable[[], bool]:
        return lambda: self._pidfd >= 0 and bool(self._poll.poll(0))

    def __exit__(self, *_: object) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
