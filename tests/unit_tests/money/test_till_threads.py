"""The till under threads that all want its money at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from cope_graph.money.amount import NOTHING, Sum
from cope_graph.money.till import Till

LIMIT = Sum(Decimal(40), 400)


@pytest.fixture
def _threads_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another thread run in the middle of every sum: what is not locked is lost."""

    def meeting(compute: Callable[[Sum, Sum], Sum]) -> Callable[[Sum, Sum], Sum]:
        def computed(self: Sum, other: Sum) -> Sum:
            time.sleep(0)
            return compute(self, other)

        return computed

    for name in ("plus", "less"):
        monkeypatch.setattr(Sum, name, meeting(getattr(Sum, name)))


@pytest.mark.usefixtures("_threads_meet")
def test_threads_never_overspend_and_leave_nothing_behind() -> None:
    till, over, done = Till(LIMIT), [], threading.Event()
    charged = [NOTHING] * 16

    def watch() -> None:
        while not done.is_set():
            with till._lock:
                now = till._spent.plus(till._flying).plus(till._held)
            if not now.fits(LIMIT):
                over.append(now)

    def hammer(who: int) -> None:
        dice = random.Random(who)  # noqa: S311
        for i in range(40):
            run, worst = f"{who}-{i}", Sum(Decimal(dice.randint(0, 5)), dice.randint(0, 50))
            waiting = till.admit(run, worst)
            if dice.random() < 0.2:
                waiting.cancel()
            else:
                waiting.result(30)
            if till.reserve(run, worst) is None:
                share = dice.randint(0, 4)
                paid = Sum(worst.usd * share / 40, worst.tokens * share // 40)
                till.settle(run, worst, paid)
                charged[who] = charged[who].plus(paid)
            till.leave(run)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(hammer, range(16)))
    done.set()
    watcher.join()
    till.poke()
    assert over == []
    total = NOTHING
    for one in charged:
        total = total.plus(one)
    assert till.spent == total
    assert till.spent.fits(LIMIT)
    assert (till._held, till._flying, till._holds) == (NOTHING, NOTHING, {})
    assert not till._line


@pytest.mark.usefixtures("_threads_meet")
def test_as_many_threads_finish_as_there_is_money_for() -> None:
    till = Till(Sum(Decimal(7), 0))
    start = threading.Barrier(32)

    def run(who: int) -> bool:
        start.wait(30)
        one = Sum(Decimal(1), 0)
        till.admit(str(who), one).result(30)
        paid = till.reserve(str(who), one) is None
        if paid:
            till.settle(str(who), one, one)
        till.leave(str(who))
        return paid

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(run, range(32))) == 7
    assert till.spent == Sum(Decimal(7), 0)


@pytest.mark.usefixtures("_threads_meet")
def test_what_is_there_once_is_given_to_one_thread_alone() -> None:
    one = Sum(Decimal(1), 0)
    for _ in range(20):
        till, start = Till(one), threading.Barrier(8)

        def take(who: int, till: Till = till, start: threading.Barrier = start) -> bool:
            start.wait(30)
            return till.reserve(str(who), one) is None

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take, range(8))) == 1
