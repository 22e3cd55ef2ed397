"""Waiting in WASI (`poll_oneoff`), bounded: wasmtime's own sleeps in the host for as long as told.

A program is interrupted between two of its own instructions, so not while the host sleeps for it.
"""

from __future__ import annotations

import struct
import time
from typing import Any, Final

_MODULE: Final = "wasi_snapshot_preview1"
_SUBSCRIPTION: Final = 48
_EVENT: Final = 32
_CLOCK: Final = 0
_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_BAD_ADDRESS: Final = 21
_INVALID: Final = 28
_MOST: Final = 1024
"""Subscriptions of one call."""


class TimeUpError(Exception):
    """A program would have slept beyond its time."""


def define_wait(linker: Any, store: Any, deadline: float) -> None:
    """Replace the linker's `poll_oneoff`.

    Timers are waited for; anything else (a file of standard input) is ready at once.

    Args:
        linker: With WASI defined.
        store: Of the program, which has just got its WASI: its monotonic clock starts now.
        deadline: When its time is up, on `time.monotonic`.
    """
    born = time.monotonic()
    import wasmtime  # noqa: PLC0415 - optional; `wasi` has told so before

    def poll(caller: Any, asked: int, answer: int, number: int, count: int) -> int:
        memory = caller["memory"]
        # As unsigned: wasm's numbers come signed.
        asked, answer, number, count = (
            value & 0xFFFFFFFF for value in (asked, answer, number, count)
        )
        if not 0 < number <= _MOST:
            return _INVALID
        size = memory.data_len(caller)
        ends = (asked + number * _SUBSCRIPTION, answer + number * _EVENT, count + 4)
        if max(ends) > size:
            return _BAD_ADDRESS
        events = _wait(bytes(memory.read(caller, asked, ends[0])), born, deadline)
        memory.write(caller, bytearray(b"".join(events)), answer)
        memory.write(caller, bytearray(struct.pack("<I", len(events))), count)
        return 0

    i32 = wasmtime.ValType.i32()
    kind = wasmtime.FuncType([i32] * 4, [i32])
    linker.allow_shadowing = True
    linker.define(
        store, _MODULE, "poll_oneoff", wasmtime.Func(store, kind, poll, access_caller=True)
    )


def _wait(asked: bytes, born: float, deadline: float) -> list[bytes]:
    """Wait for the first of what was asked for; return the events as WASI writes them."""
    timers: list[tuple[float, bytes]] = []
    ready: list[bytes] = []
    for start in range(0, len(asked), _SUBSCRIPTION):
        user, kind = struct.unpack_from("<QB", asked, start)
        event = struct.pack("<QHB", user, 0, kind).ljust(_EVENT, b"\0")
        if kind != _CLOCK:
            ready.append(event)
            continue
        clock, timeout, _, flags = struct.unpack_from("<IxxxxQQH", asked, start + 16)
        seconds = timeout / 1e9
        if flags & _ABSOLUTE:
            seconds -= time.monotonic() - born if clock == _MONOTONIC else time.time()
        timers.append((max(seconds, 0.0), event))
    if ready:
        return ready
    first = min(seconds for seconds, _ in timers)
    if first >= deadline - time.monotonic():
        time.sleep(max(deadline - time.monotonic(), 0.0))
        raise TimeUpError
    time.sleep(first)
    return [event for seconds, event in timers if seconds <= first]
