"""Whoever pays for a GPU pays for the time that it works, once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.money.meter import Meter

EVENTS = st.lists(
    st.tuples(st.sampled_from(["start", "stop", "look"]), st.integers(0, 50), st.integers(0, 9)),
    max_size=40,
)
"""What happens, how many seconds later, and to which of the running requests."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(EVENTS)
def test_the_shares_add_up_to_the_time_that_anything_ran(
    events: list[tuple[str, int, int]],
) -> None:
    clock = Clock()
    meter = Meter(clock)
    running: list[float] = []
    paid = busy = 0.0
    for what, later, which in events:
        clock.now += later
        busy += later if running else 0
        if what == "start":
            running.append(meter.start())
        elif running and what == "stop":
            paid += meter.stop(running.pop(which % len(running)))
        elif running:
            assert meter.so_far(running[which % len(running)]) >= 0
    clock.now += 1
    busy += 1 if running else 0
    paid += sum(meter.stop(mark) for mark in running)
    assert paid == pytest.approx(busy, abs=1e-6)


def test_requests_side_by_side_share_the_seconds_and_one_alone_pays_all() -> None:
    clock = Clock()
    meter = Meter(clock)
    first = meter.start()
    clock.now += 10
    second = meter.start()
    clock.now += 4
    assert meter.stop(second) == 2
    clock.now += 1
    assert meter.so_far(first) == 10 + 2 + 1
    assert meter.stop(first) == 13


def test_time_in_which_nothing_runs_costs_nothing() -> None:
    clock = Clock()
    meter = Meter(clock)
    mark = meter.start()
    clock.now += 2
    assert meter.stop(mark) == 2
    clock.now += 1000
    mark = meter.start()
    clock.now += 3
    assert meter.stop(mark) == 3
