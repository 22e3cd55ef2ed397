r"""One long-lived process that runs math-verify, and the client that keeps it within limits.

Computer algebra on a model's output can take forever (`9^{9^{9^9}}`) or all memory, holds the GIL
meanwhile, and math-verify's own time limits need the main thread. So it runs in a process of its
own, one for all threads, started at the first need. A comparison has a limit of CPU time, set in
the worker, where the kernel ends the process even inside C code, and one of wall time, set by the
client. Verdicts are remembered, so that a pair that reached a limit is paid once.

One line of JSON each way: `{"id": 1, "a": "2x", "b": "x+x"}` -> `{"id": 1, "equal": true}`.
"""

from __future__ import annotations

import atexit
import itertools
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cope_graph.errors import CopeError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Callable

CPU_SECONDS: Final = 1.0
WALL_SECONDS: Final = 2.5
"""Longer than the CPU limit, so that a busy machine does not make equal answers unequal."""
START_SECONDS: Final = 60.0
MEMORY_BYTES: Final = 2 * 1024**3
RETIRE_BYTES: Final = 1024**3
"""A worker that grew beyond this ends after its reply; the next comparison starts another."""

_REMEMBERED: Final = 4096
# What an interpreter may need to start; nothing else of the environment, so no keys.
_KEPT: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")
# How the kernel ends a process at its limit of CPU time; Windows has no such limit.
_OUT_OF_CPU_TIME: int | None = None
if sys.platform != "win32":
    _OUT_OF_CPU_TIME = -signal.SIGPROF
_log = logging.getLogger(__name__)


class _EndedError(Exception):
    """The worker ended before it answered."""


class EqualityWorker:
    """Starts, asks, limits and restarts the worker process; safe to use from many threads."""

    def __init__(
        self,
        *,
        cpu_seconds: float = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
        start_seconds: float = START_SECONDS,
    ) -> None:
        """Set the limits; the process starts at the first comparison.

        Args:
            cpu_seconds: CPU time of one comparison, on platforms that can limit it (not Windows).
            wall_seconds: Wall time of one comparison; the start is not counted.
            start_seconds: Wall time of the start, which imports SymPy.
        """
        self._limits = cpu_seconds, wall_seconds, start_seconds
        self._ids = itertools.count(1)
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._process: subprocess.Popen[bytes] | None = None
        self._reset()

    def _reset(self) -> None:
        self._asking = threading.Lock()
        self._remembering = threading.Lock()
        self._process = None
        self._ready = False

    @property
    def pid(self) -> int | None:
        """The process id of the worker, `None` while none runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    def equal(self, a: str, b: str) -> bool:
        """Tell whether two answers are equal; a pair that cannot be decided is not.

        Raises:
            MissingPackageError: If math-verify is not installed.
            CopeError: If the worker cannot be started.
        """
        verdict = self._recall(a, b)
        if verdict is not None:
            return verdict
        with self._asking:
            verdict = self._recall(a, b)  # another thread may have asked meanwhile
            if verdict is None:
                verdict = self._decide(a, b)
                with self._remembering:
                    self._known[a, b] = verdict
                    if len(self._known) > _REMEMBERED:
                        self._known.popitem(last=False)
        return verdict

    def close(self) -> None:
        """End the worker; a later comparison starts another."""
        with self._asking:
            self._stop()

    def forget_parent(self) -> None:
        """After a fork, in the child: leave the parent's worker alone, own none."""
        process = self._process
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()  # or the parent's worker would not see the parent die
            process.returncode = 0  # not ours to wait for
        self._reset()

    def _recall(self, a: str, b: str) -> bool | None:
        with self._remembering:
            verdict = self._known.get((a, b))
            if verdict is not None:
                self._known.move_to_end((a, b))
        return verdict

    def _decide(self, a: str, b: str) -> bool:
        for _ in range(2):  # a worker killed from outside says nothing about the pair
            self._ensure_ready()
            try:
                return self._ask(a, b)
            except TimeoutError:
                _log.warning("An answer pair was not decided in time and counts as unequal.")
                self._start()  # not waited for: ready when the next pair comes
                return False
            except _EndedError:
                continue
        _log.warning("An answer pair ended the equality worker twice and counts as unequal.")
        return False

    def _ask(self, a: str, b: str) -> bool:
        number, process, answered = next(self._ids), self._process, False
        try:
            self._send(json.dumps({"id": number, "a": a, "b": b}).encode() + b"\n")
            reply = self._receive(number, self._limits[1])
            answered = True
            return bool(reply["equal"])
        except _EndedError:
            if process is not None and process.returncode == _OUT_OF_CPU_TIME:
                raise TimeoutError from None
            raise
        finally:
            if not answered:  # also on Ctrl-C: a late reply must meet no other request
                self._stop()

    def _send(self, request: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            raise _EndedError
        try:
            self._process.stdin.write(request)
        except OSError as error:  # a broken pipe
            raise _EndedError from error

    def _receive(self, number: int, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._replies.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError from None
            if line is None:
                raise _EndedError
            reply: dict[str, Any] = json.loads(line)
            if reply["id"] == number:
                return reply

    def _ensure_ready(self) -> None:
        if self.pid is None:
            self._stop()
            self._start()
        if self._ready:
            return
        try:
            reply = self._receive(0, self._limits[2])
        except (TimeoutError, _EndedError) as error:
            code = self._process.poll() if self._process is not None else None
            self._stop()
            how = "did not get ready in time" if code is None else f"ended with exit code {code}"
            msg = f"The equality worker {how}; run `python -m {_MODULE}` to see why."
            raise CopeError(msg) from error
        if "missing" in reply:
            self._stop()
            msg = (
                f"Comparing answers needs math-verify: pip install math-verify ({reply['missing']})"
            )
            raise MissingPackageError(msg)
        self._ready = True

    def _start(self) -> None:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(str(Path(p).absolute()) for p in sys.path)
        environment["PYTHONHASHSEED"] = "0"  # SymPy's order, and so its verdicts, repeat
        own: dict[str, Any] = {"start_new_session": True}  # the terminal's Ctrl-C is not for it
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            own = {"creationflags": flags}
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module, no user input
                [sys.executable, "-P", "-c", _BOOT, _PACKAGE_PATH, str(self._limits[0])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,  # no buffer whose lock a fork could leave taken
                env=environment,
                **own,
            )
        except OSError as error:
            msg = f"The equality worker cannot be started with {sys.executable!r}: {error}"
            raise CopeError(msg) from error
        self._process, self._ready = process, False
        self._replies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(
            target=_pump, args=(process, self._replies), name="cope-equality", daemon=True
        )
        self._reader.start()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        if process.stdin is not None:
            process.stdin.close()
        self._reader.join()  # it waits for the process: no zombie


_MODULE: Final = "cope_graph.tasks.equality_worker"
_PACKAGE_PATH: Final = str(Path(__file__).parent)
# As `python -m` would, but without the package's own __init__: it imports LangGraph, one second.
_BOOT: Final = f"""
import sys, types
package = sys.modules["cope_graph.tasks"] = types.ModuleType("cope_graph.tasks")
package.__path__ = [sys.argv[1]]
from {_MODULE} import serve
serve(float(sys.argv[2]))
"""


def _pump(process: subprocess.Popen[bytes], replies: queue.SimpleQueue[bytes | None]) -> None:
    """Pass the worker's lines on; a thread, since Windows cannot wait for a pipe with a limit."""
    pending = b""
    if process.stdout is not None:
        with process.stdout as pipe:
            while chunk := os.read(pipe.fileno(), 65_536):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    replies.put(line)
    process.wait()
    replies.put(None)


_shared = EqualityWorker()
atexit.register(_shared.close)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_shared.forget_parent)


def shared_worker() -> EqualityWorker:
    """Return the worker of this process; a forked child has its own."""
    return _shared


def serve(cpu_seconds: float) -> None:
    """Answer requests until standard input ends: the worker's own side.

    Args:
        cpu_seconds: CPU time of one comparison; beyond it the process is killed.
    """
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)  # what a library prints must not look like a reply
    _limit_memory()

    def reply(number: int, **fields: object) -> None:
        replies.write(json.dumps({"id": number, **fields}).encode() + b"\n")

    try:
        symbolic = _load_math_verify()
    except ImportError as error:
        reply(0, missing=str(error))
        return
    compare = import_module("cope_graph.tasks.equality").compare
    _limit_cpu(30 * cpu_seconds)
    compare("(x+1)^2", "x^2+2x+1", symbolic)  # loads what SymPy imports late, before the clock
    reply(0, ready=True)
    for line in requests:
        request = json.loads(line)
        _limit_cpu(cpu_seconds)
        try:
            equal = compare(request["a"], request["b"], symbolic)
        except Exception:  # noqa: BLE001 - SymPy raises of every kind; all mean "not decided"
            equal = False
        _limit_cpu(0)
        reply(request["id"], equal=equal)
        if _peak_memory() > RETIRE_BYTES:
            return


def _load_math_verify() -> Callable[[str, str], bool]:
    """Import math-verify, its own time limits off, and return its comparison of two answers."""
    math_verify = import_module("math_verify")
    normalization = import_module("latex2sympy2_extended.math_normalization")
    imaginary_unit = import_module("sympy").I
    logging.disable(logging.CRITICAL)
    # Only LaTeX, without eval; units stay, since they were split off by rules that know "3t".
    latex = math_verify.LatexExtractionConfig(
        boxed_match_priority=0,
        try_extract_without_anchor=False,
        normalization_config=normalization.NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all"
        ),
    )

    @lru_cache(maxsize=512)  # a vote asks about one representative again and again
    def parse(answer: str) -> list[Any]:
        found = math_verify.parse(
            rf"\boxed{{{answer}}}", extraction_config=[latex], parsing_timeout=None
        )
        return [_with_unit(expression) for expression in found]

    def _with_unit(expression: Any) -> Any:
        letters = {
            s: imaginary_unit for s in getattr(expression, "free_symbols", ()) if s.name == "i"
        }
        return expression.xreplace(letters) if letters else expression

    def equal(a: str, b: str) -> bool:
        p, q = parse(a), parse(b)
        verify = math_verify.verify
        return bool(verify(p, q, timeout_seconds=None) or verify(q, p, timeout_seconds=None))

    return equal


def _limit_cpu(seconds: float) -> None:
    """Have the kernel kill this process after so much CPU time; 0 lifts the limit."""
    if sys.platform != "win32":  # there only the client's wall time limits
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
        for limit, value in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
            hard = resource.getrlimit(limit)[1]
            soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
            try:
                resource.setrlimit(limit, (soft, hard))
            except (ValueError, OSError):  # macOS knows RLIMIT_AS and may refuse it
                continue


def _peak_memory() -> int:
    """Return the largest resident size so far in bytes, 0 where it is not known."""
    peak = 0
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts in bytes


if __name__ == "__main__":
    serve(float(sys.argv[1]) if len(sys.argv) > 1 else CPU_SECONDS)
