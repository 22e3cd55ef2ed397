"""The till's laws, in any order of events: never too much, never stuck, first come first served."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cope_graph.money.amount import NOTHING, Sum
from cope_graph.money.till import Till
from tests.unit_tests.money.tills import Clock, check_books, clock, usd

SUMS = st.builds(
    lambda usd, tokens: Sum(Decimal(usd), tokens), st.integers(0, 9), st.integers(0, 9)
)

EVENT = st.tuples(
    st.sampled_from(["admit", "reserve", "settle", "leave", "cancel", "wait", "poke"]),
    st.integers(0, 3),
    SUMS,
    st.floats(0, 1),
)


@dataclass
class Model:
    """What a test knows of the till: who waits in which order, and what is on its way."""

    waiting: list[tuple[int, Future[None]]] = field(default_factory=list)
    flying: list[tuple[int, Sum]] = field(default_factory=list)
    charged: Sum = NOTHING

    def play(self, till: Till, now: Clock, event: tuple[str, int, Sum, float]) -> None:
        what, who, amount, share = event
        run = str(who)
        if what == "admit":
            self.waiting.append((who, till.admit(run, amount)))
        elif what == "reserve":
            if till.reserve(run, amount) is None:
                self.flying.append((who, amount))
        elif what == "settle" and self.flying:
            who, reserved = self.flying.pop(int(share * (len(self.flying) - 1)))
            paid = Sum(round(reserved.usd * Decimal(share), 3), int(reserved.tokens * share))
            self.charged = self.charged.plus(paid)
            till.settle(str(who), reserved, paid)
        elif what == "leave":
            till.leave(run)
        elif what == "cancel" and self.waiting:
            self.waiting[who % len(self.waiting)][1].cancel()
        elif what == "wait":
            now.now += 40 * share
        else:
            till.poke()


@given(SUMS, st.lists(EVENT, max_size=60))
def test_spent_on_its_way_and_held_are_never_more_than_the_limit(
    limit: Sum, events: list[tuple[str, int, Sum, float]]
) -> None:
    with clock() as now:
        till, model = Till(limit), Model()
        for event in events:
            model.play(till, now, event)
            check_books(till)
            assert till.spent == model.charged


@given(SUMS, st.lists(EVENT, max_size=60))
def test_when_all_have_settled_and_left_nothing_is_held_and_nobody_waits(
    limit: Sum, events: list[tuple[str, int, Sum, float]]
) -> None:
    with clock() as now:
        till, model = Till(limit), Model()
        for event in events:
            model.play(till, now, event)
        while model.flying:
            model.play(till, now, ("settle", 0, NOTHING, 1.0))
        for _ in range(len(model.waiting) + 1):  # who is granted something leaves in turn
            for who in range(4):
                till.leave(str(who))
        assert all(future.done() for _, future in model.waiting)
        assert (till._held, till._flying, till._holds) == (NOTHING, NOTHING, {})
        assert till.spent == model.charged


@dataclass
class Walk:
    """A run that makes its requests one after the other, and stops where money is short."""

    name: str
    requests: list[int]
    charges: list[int]
    granted: Future[None]
    finished: bool | None = None
    reserved: int | None = None
    step: int = 0

    def is_ready(self) -> bool:
        return self.granted.done() and self.finished is None

    def go(self, till: Till) -> None:
        """Reserve or settle the next request; before each, hold what is still to come."""
        if self.reserved is not None:
            till.settle(self.name, usd(self.reserved), usd(self.charges[self.step]))
            self.step, self.reserved = self.step + 1, None
        elif self.step == len(self.requests):
            till.leave(self.name)
            self.finished = True
        else:
            assert till.admit(self.name, usd(sum(self.requests[self.step :]))).done()
            worst = self.requests[self.step]
            if till.reserve(self.name, usd(worst)) is None:
                self.reserved = worst
            else:
                till.leave(self.name)
                self.finished = False


def walk_all(till: Till, walks: list[Walk], draw: Any) -> int:
    """Let runs go on in the drawn order until each has ended; count those that finished."""
    while ready := [walk for walk in walks if walk.is_ready()]:
        draw(st.sampled_from(ready)).go(till)
        check_books(till)
    assert all(walk.finished is not None for walk in walks), "somebody waits for ever"
    return sum(walk.finished is True for walk in walks)


@given(st.data())
def test_as_many_runs_finish_as_the_budget_has_worst_cases(data: st.DataObject) -> None:
    requests = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    limit, count = data.draw(st.integers(0, 40)), data.draw(st.integers(1, 8))
    till = Till(usd(limit))
    walks = []
    for i in range(count):
        charges = [data.draw(st.integers(0, worst)) for worst in requests]
        walks.append(Walk(str(i), requests, charges, till.admit(str(i), usd(sum(requests)))))
    finished = walk_all(till, walks, data.draw)
    assert finished >= min(count, limit // sum(requests))
    assert till.spent.usd <= limit


@given(st.data())
def test_where_each_run_costs_its_worst_case_exactly_that_many_finish(
    data: st.DataObject,
) -> None:
    requests = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    limit, count = data.draw(st.integers(0, 40)), data.draw(st.integers(1, 8))
    till = Till(usd(limit))
    worst = usd(sum(requests))
    walks = [Walk(str(i), requests, requests, till.admit(str(i), worst)) for i in range(count)]
    assert walk_all(till, walks, data.draw) == min(count, limit // sum(requests))


def _note(served: list[int], who: int, granted: Future[None]) -> None:
    if not granted.cancelled():
        served.append(who)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.sets(st.integers(0, 7)))
def test_whoever_waits_is_served_in_order_and_the_cancelled_take_nothing(
    wants: list[int], cancelled: set[int]
) -> None:
    till = Till(usd(6))
    till.admit("first", usd(6)).result(0)
    served: list[int] = []
    waiting = [till.admit(str(i), usd(want)) for i, want in enumerate(wants)]
    for i, future in enumerate(waiting):
        future.add_done_callback(partial(_note, served, i))
        if i in cancelled:
            assert future.cancel()
    till.leave("first")
    patient = [i for i in range(len(wants)) if i not in cancelled]
    for i in patient:
        assert waiting[i].done()
        check_books(till)
        till.leave(str(i))
    assert served == patient
    assert till._holds == {}
