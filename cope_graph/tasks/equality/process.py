"""One worker process as its client sees it: started, asked, ended."""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from cope_graph.errors import CopeError, MissingPackageError
from cope_graph.tasks.equality.limits import OUT_OF_CPU_TIME

_PACKAGE: Final = "cope_graph.tasks.equality"
_BOOT: Final = f"""
import sys
from {_PACKAGE}.server import serve
serve(float(sys.argv[1]))
"""
# What an interpreter may need to start; nothing else of the environment, so no keys.
_KEPT: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")


class EndedError(Exception):
    """The process ended before it answered."""


class WorkerProcess:
    """A process that runs `server.serve`; for one thread at a time."""

    def __init__(self, cpu_seconds: float) -> None:
        """Start it, without waiting until it is ready.

        Args:
            cpu_seconds: CPU time of one comparison, on platforms that can limit it (not Windows).

        Raises:
            CopeError: If it cannot be started.
        """
        self._ids = itertools.count(1)
        self._ready = False
        self._replies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process = _start(cpu_seconds)
        self._reader = threading.Thread(
            target=_pump, args=(self._process, self._replies), name="cope-equality", daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int | None:
        """The process id, `None` once it has ended."""
        return None if self._process.returncode is not None else self._process.pid

    def wait_until_ready(self, seconds: float) -> None:
        """Wait for the imports of a process that has just started.

        Raises:
            MissingPackageError: If math-verify is not installed.
            CopeError: If it is not ready in time, or ended.
        """
        if self._ready:
            return
        try:
            reply = self._receive(0, seconds)
        except (TimeoutError, EndedError) as error:
            code = self._process.poll()
            self.stop()
            how = "did not get ready in time" if code is None else f"ended with exit code {code}"
            msg = f"The equality worker {how}; run `python -m {_PACKAGE}` to see why."
            raise CopeError(msg) from error
        if "missing" in reply:
            self.stop()
            why = reply["missing"]
            msg = f"Comparing answers needs math-verify: pip install math-verify ({why})"
            raise MissingPackageError(msg)
        self._ready = True

    def ask(self, a: str, b: str, seconds: float) -> bool:
        """Ask whether two answers are equal; without a reply the process is ended.

        Raises:
            TimeoutError: If that takes more CPU time or more wall time, `seconds`, than allowed.
            EndedError: If it ended for another reason.
        """
        number, answered = next(self._ids), False
        try:
            self._send(json.dumps({"id": number, "a": a, "b": b}).encode() + b"\n")
            reply = self._receive(number, seconds)
            answered = True
            return bool(reply["equal"])
        except EndedError:
            if self._process.returncode == OUT_OF_CPU_TIME:
                raise TimeoutError from None
            raise
        finally:
            if not answered:  # also on Ctrl-C: a late reply must meet no other request
                self.stop()

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._reader.join()  # it waits for the process: no zombie

    def disown(self) -> None:
        """After a fork, in the child: let go of the parent's process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()  # or the process would not see the parent die
        self._process.returncode = 0  # not ours to wait for

    def _send(self, request: bytes) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            raise EndedError
        try:
            self._process.stdin.write(request)
        except OSError as error:  # a broken pipe
            raise EndedError from error

    def _receive(self, number: int, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._replies.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError from None
            if line is None:
                raise EndedError
            reply: dict[str, Any] = json.loads(line)
            if reply["id"] == number:
                return reply


def _start(cpu_seconds: float) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(p).absolute()) for p in sys.path)
    environment["PYTHONHASHSEED"] = "0"  # SymPy's order, and so its verdicts, repeat
    own: dict[str, Any] = {"start_new_session": True}  # the terminal's Ctrl-C is not for it
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        own = {"creationflags": flags}
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, no user input
            [sys.executable, "-P", "-c", _BOOT, str(cpu_seconds)],
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
