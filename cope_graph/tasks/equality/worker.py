r"""The one long-lived worker that runs math-verify, shared by all threads, within limits.

Computer algebra on a model's output can take forever (`9^{9^{9^9}}`) or all memory, holds the GIL
meanwhile, and math-verify's own time limits need the main thread. So it runs in a process of its
own, started at the first need. A comparison has a limit of CPU time, set in the process, where
the kernel ends it even inside C code, and one of wall time, set here. Verdicts are remembered, so
that a pair that reached a limit is paid once.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections import OrderedDict
from typing import Final

from cope_graph.tasks.equality.limits import CPU_SECONDS, START_SECONDS, WALL_SECONDS
from cope_graph.tasks.equality.process import EndedError, WorkerProcess

_REMEMBERED: Final = 4096
_log = logging.getLogger(__name__)


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
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._start_seconds = start_seconds
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._process: WorkerProcess | None = None
        self._asking = threading.Lock()
        self._remembering = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process id of the worker, `None` while none runs."""
        process = self._process
        return None if process is None else process.pid

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
            process, self._process = self._process, None
            if process is not None:
                process.stop()

    def forget_parent(self) -> None:
        """After a fork, in the child: leave the parent's worker alone, own none."""
        process, self._process = self._process, None
        if process is not None:
            process.disown()
        self._asking = threading.Lock()  # another thread of the parent may have held them
        self._remembering = threading.Lock()

    def _recall(self, a: str, b: str) -> bool | None:
        with self._remembering:
            verdict = self._known.get((a, b))
            if verdict is not None:
                self._known.move_to_end((a, b))
        return verdict

    def _decide(self, a: str, b: str) -> bool:
        for _ in range(2):  # a worker killed from outside says nothing about the pair
            process = self._ready_process()
            try:
                return process.ask(a, b, self._wall_seconds)
            except TimeoutError:
                _log.warning("An answer pair was not decided in time and counts as unequal.")
                self._process = WorkerProcess(self._cpu_seconds)  # ready when the next pair comes
                return False
            except EndedError:
                continue
        _log.warning("An answer pair ended the equality worker twice and counts as unequal.")
        return False

    def _ready_process(self) -> WorkerProcess:
        process = self._process
        if process is None or process.pid is None:
            if process is not None:
                process.stop()  # it ended by itself: free its pipes
            process = self._process = None  # in case the start fails
            process = self._process = WorkerProcess(self._cpu_seconds)
        process.wait_until_ready(self._start_seconds)
        return process


_shared = EqualityWorker()
atexit.register(_shared.close)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_shared.forget_parent)


def shared_worker() -> EqualityWorker:
    """Return the worker of this process; a forked child has its own."""
    return _shared
