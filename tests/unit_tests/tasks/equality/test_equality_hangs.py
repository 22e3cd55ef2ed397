"""Answers that computer algebra would never finish: each is given up, and nobody else waits."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from cope_graph.tasks.equality import math_equal
from cope_graph.tasks.equality.worker import shared_worker

OTHER = "7x+y"
"""Equal to none of the hangs."""

REFUSED = [
    "9^9^9^9",
    "9^{9^{9^9}}",
    "10**10**10",
    "10^{-10^{10}}",
    "100000000!",
    "5!!!!!!!!",
    "(" * 300 + "1" + ")" * 300,
    "{" * 300 + "x" + "}" * 300,
    r"\frac{1}{" * 200 + "x" + "}" * 200,
    r"\binom{10000000}{5000000}",
    "x" * 100_000,
]
"""Unequal by the cheap rules: too deep, too large or too long."""

GIVEN_UP = [
    "(10^8)!",
    "|" * 500,
    "x^{" * 35 + "x" + "}" * 35,
    r"\prod_{k=1}^{10^7} k",
    r"(x+y+z+1)^{900}",
    r"\int_0^1 \frac{\sin(x^x)}{e^{x^2}+\ln x} dx",
    r"\begin{vmatrix}"
    + r"\\".join("&".join(f"x_{{{i}{j}}}" for j in range(8)) for i in range(8))
    + r"\end{vmatrix}",
    r"\{" + ",".join(f"x^{{{i}}}+1" for i in range(29)) + r"\}",
]
"""Run into a limit of the worker: a second each, and its restart."""

DECIDED = [
    "((3!)!)!",
    "1e999999999",
    "^" * 500,
    "~" * 999,
    r"((10^{4000})^{4000})^{4000}",
]
"""Look bad, and are not."""

SLOW = "(10^8+%d)!"
"""Reaches the limit of CPU time, each time with another number."""


@pytest.mark.parametrize("hang", REFUSED, ids=lambda hang: hang[:30])
def test_the_worker_is_not_asked(hang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("cope_graph.tasks.equality.shared_worker")
    start = time.monotonic()
    assert not math_equal(hang, OTHER)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("hang", [*GIVEN_UP, *DECIDED], ids=lambda hang: hang[:30])
def test_the_worker_ends_within_seconds(hang: str) -> None:
    shared_worker()._ready_process()  # the start is no matter of the answer
    start = time.monotonic()
    assert not math_equal(hang, OTHER)
    assert time.monotonic() - start < 5


def test_a_hang_does_not_block_other_threads() -> None:
    assert math_equal("2x", "x+x")  # the worker is ready
    hung = threading.Thread(target=math_equal, args=(SLOW % 1, OTHER))
    hung.start()
    decided = 0
    while hung.is_alive():
        assert math_equal(r"\frac{7}{2}", "3.5")
        assert math_equal("2x", "x+x")  # remembered: does not wait either
        decided += 1
        time.sleep(0.01)
    assert decided > 5  # who waited for the hang would have decided one
    assert math_equal("3x+y", "y+3x")


async def test_a_hang_does_not_block_the_event_loop() -> None:
    await asyncio.to_thread(shared_worker()._ready_process)
    hung = asyncio.create_task(asyncio.to_thread(math_equal, SLOW % 2, OTHER))
    decided = 0
    while not hung.done():
        assert await asyncio.to_thread(math_equal, r"\frac{9}{2}", "4.5")
        decided += 1
        await asyncio.sleep(0.01)
    assert not await hung
    assert decided > 5
