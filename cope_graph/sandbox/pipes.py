"""Talking to a process in a sandbox: never more than was allowed, never longer."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from cope_graph.errors import SandboxError
from cope_graph.sandbox.boot import STARTED
from cope_graph.sandbox.runner import Limits, Ran

START_SECONDS: Final = 30.0
"""How long a sandbox may take until its interpreter is there, on a busy machine."""

_LOOK_SECONDS: Final = 0.05
_CHUNK: Final = 65_536


@dataclass(slots=True)
class Heard:
    """What came out of a process, and why listening ended."""

    began: float = field(default_factory=time.monotonic)
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    end: Literal["", "timeout", "output"] = ""
    """What ended it; empty: it closed its output, or is gone."""
    deadline: float = field(default_factory=lambda: time.monotonic() + START_SECONDS)

    @property
    def started(self) -> bool:
        """Whether the interpreter was there."""
        return self.out.startswith(STARTED)

    def left(self) -> float:
        """Return the seconds left to it; at least one millisecond."""
        return max(self.deadline - time.monotonic(), 0.001)


def listen(
    pipes: tuple[int, int, int], feed: bytes, limits: Limits, gone: Callable[[], bool]
) -> Heard:
    """Feed a process and hear it out.

    Returns when it has closed its output, is gone (processes that it left behind may hold its
    output open), has written too much, or its time is up. The caller then kills all that is left.

    Args:
        pipes: File descriptors: its standard input, output, error. The first is closed here.
        feed: For its standard input.
        limits: Time and output.
        gone: Whether the process has ended.
    """
    heard = Heard()
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        writer = stack.enter_context(os.fdopen(pipes[0], "wb", buffering=0))
        rest = memoryview(feed)
        for pipe in pipes:
            os.set_blocking(pipe, False)
        selector.register(writer, selectors.EVENT_WRITE)
        selector.register(pipes[1], selectors.EVENT_READ, heard.out)
        selector.register(pipes[2], selectors.EVENT_READ, heard.err)
        reading = 2
        timed = ended = False
        while reading and not ended:
            ended = gone()  # asked first: what it wrote before it went is still read below
            for key, _ in selector.select(0 if ended else _LOOK_SECONDS):
                if key.fileobj is writer:
                    rest = _write(writer.fileno(), rest)
                    if not rest:
                        selector.unregister(writer)
                        writer.close()
                else:
                    more = _drain(key.fd, key.data, _room(heard, limits), all_of_it=ended)
                    if not more:
                        selector.unregister(key.fd)
                        reading -= 1
            if heard.started and not timed:
                timed, heard.deadline = True, time.monotonic() + limits.seconds
            if _room(heard, limits) < 0:
                heard.end = "output"
                break
            if time.monotonic() >= heard.deadline and not ended:
                heard.end = "timeout"
                break
    return heard


def tell(heard: Heard, limits: Limits, code: int | None, name: str) -> Ran:
    """Return what became of a program.

    Args:
        heard: What came out of it.
        limits: Those it ran under.
        code: Its exit code; below 0 for a signal, as in `subprocess`.
        name: Of the sandbox.

    Raises:
        SandboxError: If its interpreter was never there.
    """
    seconds = time.monotonic() - heard.began
    error = heard.err.decode("utf-8", "replace")
    if not heard.started:
        said = " ".join(error.split())[-300:] or f"exit code {code}, no message"
        msg = f"the sandbox {name} did not start Python within {START_SECONDS:.0f} s: {said}"
        if heard.end != "timeout":
            msg = f"the sandbox {name} could not start Python: {said}"
        raise SandboxError(msg)
    status: Literal["ended", "timeout", "killed"] = "ended"
    reason = ""
    if heard.end == "timeout":
        status = "timeout"
    elif heard.end == "output":
        status, reason = "killed", f"wrote more than {limits.output_bytes:,} bytes"
    elif code is None or code < 0:
        status, reason = (
            "killed",
            "by the sandbox, or by a signal" if code is None else f"signal {-code}",
        )
    spare = max(limits.output_bytes - len(heard.out) + 1, 0)
    return Ran(
        status=status,
        exit_code=code if status == "ended" else None,
        stdout=heard.out[1 : limits.output_bytes + 1].decode("utf-8", "replace"),
        stderr=heard.err[:spare].decode("utf-8", "replace"),
        truncated=heard.end == "output",
        seconds=seconds,
        reason=reason,
    )


def _room(heard: Heard, limits: Limits) -> int:
    """Return how many bytes may still come; below 0: too many came."""
    return limits.output_bytes + len(STARTED) - len(heard.out) - len(heard.err)


def _write(pipe: int, rest: memoryview) -> memoryview:
    try:
        return rest[os.write(pipe, rest[:_CHUNK]) :]
    except BlockingIOError:
        return rest
    except OSError:  # it does not want to read
        return rest[:0]


def _drain(pipe: int, into: bytearray, room: int, *, all_of_it: bool) -> bool:
    """Read once, or all that is there; tell whether more can come."""
    before = len(into)
    while True:
        try:
            part = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return True
        if not part:
            return False
        into += part
        if not all_of_it or len(into) - before > room:
            return True
