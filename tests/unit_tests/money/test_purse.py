"""A run's purse takes from all of its budgets, or from none."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph import Budget
from cope_graph.errors import BudgetError
from cope_graph.money.amount import Amount
from cope_graph.money.purse import Purse
from tests.unit_tests.money.lines import line

LIMITS = st.lists(st.integers(0, 9), min_size=1, max_size=4)


def tokens(count: int) -> Amount:
    return Amount(tokens=count)


def purse_of(own: int | None, shared: list[int]) -> Purse:
    budgets = tuple(Budget(tokens=limit) for limit in shared)
    return Purse("run", None if own is None else Budget(tokens=own), budgets)


def left_in(budget: Budget) -> int:
    """Find out what another run could still reserve."""
    most = budget.limit.tokens or 0
    for count in range(most, -1, -1):
        try:
            budget.reserve("another", tokens(count))
        except BudgetError:
            continue
        budget.settle("another", tokens(count), tokens(0))
        return count
    return -1


@given(st.none() | st.integers(0, 9), LIMITS, st.integers(0, 9))
def test_a_reservation_takes_from_all_or_from_none(
    own: int | None, shared: list[int], worst: int
) -> None:
    purse = purse_of(own, shared)
    limits = [*([] if own is None else [own]), *shared]
    enough = all(worst <= limit for limit in limits)
    if enough:
        purse.reserve(tokens(worst))
    else:
        with pytest.raises(BudgetError):
            purse.reserve(tokens(worst))
    taken = worst if enough else 0
    assert [left_in(budget) for budget in purse.shared] == [limit - taken for limit in shared]
    assert own is None or (purse.own is not None and left_in(purse.own) == own - taken)


@given(LIMITS, st.data())
def test_a_settled_request_costs_every_budget_its_charge(
    shared: list[int], data: st.DataObject
) -> None:
    purse = purse_of(None, shared)
    worst = data.draw(st.integers(0, min(shared)))
    paid = data.draw(st.integers(0, worst))
    purse.reserve(tokens(worst))
    purse.settle(tokens(worst), tokens(paid))
    assert [budget.spent.tokens for budget in purse.shared] == [paid] * len(shared)
    assert [left_in(budget) for budget in purse.shared] == [limit - paid for limit in shared]


def test_a_held_run_takes_back_what_another_budget_did_not_grant() -> None:
    rich, poor = Budget(tokens=100), Budget(tokens=1)
    purse = Purse("run", None, (rich, poor))
    rich.admit("run", tokens(10)).result(0)
    with pytest.raises(BudgetError):
        purse.reserve(tokens(10))
    rich.reserve("another", tokens(90))
    purse.leave()
    rich.reserve("another", tokens(10))
    assert rich.spent == tokens(0)


def test_a_refused_request_gives_back_nothing_of_another_on_its_way() -> None:
    purse = purse_of(None, [9, 5, 9])
    purse.reserve(tokens(4))
    with pytest.raises(BudgetError):
        purse.reserve(tokens(4))
    assert [left_in(budget) for budget in purse.shared] == [5, 1, 5]


def test_a_budget_of_time_alone_takes_part_in_no_reservation() -> None:
    purse = Purse("run", None, (Budget(deadline_s=60),))
    assert not purse.is_limited
    purse.reserve(Amount())
    purse.settle(Amount(), Amount())


def test_the_first_deadline_counts() -> None:
    later, sooner = Budget(deadline_s=500), Budget(deadline_s=60)
    left = Purse("run", None, (later, sooner, Budget(tokens=1))).seconds_left
    assert left is not None
    assert 0 < left <= 60
    assert Purse("run", Budget(tokens=1), ()).seconds_left is None


def test_a_deadline_that_passed_is_not_a_missing_one() -> None:
    late = Budget(deadline_s=1e-6)
    time.sleep(0.01)
    left = Purse("run", None, (late,)).seconds_left
    assert left is not None
    assert left < 0


@pytest.mark.parametrize(
    ("given_", "spent"),
    [
        ({}, Amount(Decimal("0.1"), 12)),
        ({"usd": None, "usd_upper": "0.4", "tokens_upper": 30}, Amount(Decimal("0.4"), 30)),
        ({"usd": None, "usd_upper": None, "tokens_upper": None}, Amount(Decimal(1), 100)),
    ],
)
def test_what_was_paid_before_a_crash_is_the_runs_own_alone(
    given_: dict[str, Any], spent: Amount
) -> None:
    shared = Budget(usd=1, tokens=100)
    purse = Purse("run", Budget(usd=1, tokens=100), (shared,))
    purse.note([line(**given_)])
    assert purse.own is not None
    assert purse.own.spent == spent
    assert shared.spent == Amount(Decimal(0), 0)
