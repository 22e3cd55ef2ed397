from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from cope_graph.tasks.once import once


def test_threads_that_ask_at_one_time_share_one_call() -> None:
    called, together, gate = [], Barrier(9), Event()

    @once
    def slow(name: str) -> str:
        called.append(name)
        gate.wait(10)
        return name.upper()

    def ask(name: str) -> str:
        together.wait(10)
        return slow(name)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, "ab"[i % 2]) for i in range(8)]
        together.wait(10)
        gate.set()
        assert [one.result() for one in asked] == ["A", "B"] * 4
    assert sorted(called) == ["a", "b"]


def test_a_call_that_raised_is_made_anew() -> None:
    faults = [OSError("first"), None]

    @once
    def shaky(number: int) -> int:
        if fault := faults.pop(0):
            raise fault
        return number

    with pytest.raises(OSError, match="first"):
        shaky(1)
    assert shaky(1) == 1
    assert (shaky(1), faults) == (1, [])


def test_the_oldest_results_are_forgotten() -> None:
    called: list[int] = []

    @once
    def same(number: int) -> int:
        called.append(number)
        return number

    for number in [*range(513), 512, 0]:
        same(number)
    assert called == [*range(513), 0]
