"""A budget's limits, who spends from it, and what it refuses to start."""

from __future__ import annotations

import asyncio
import contextvars
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph import Budget
from cope_graph.errors import BudgetError, InputError
from cope_graph.money.amount import Amount
from cope_graph.money.budget import entered, shut_out


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({}, "limits something"),
        ({"usd": -1}, "usd is a number of 0 or more"),
        ({"usd": "cheap"}, "usd is a number of 0 or more"),
        ({"usd": "NaN"}, "usd is a number of 0 or more"),
        ({"usd": float("inf")}, "usd is a number of 0 or more"),
        ({"usd": True}, "usd is a number of 0 or more"),
        ({"tokens": -1}, "tokens are a whole number"),
        ({"tokens": 1.5}, "tokens are a whole number"),
        ({"tokens": "100"}, "tokens are a whole number"),
        ({"tokens": True}, "tokens are a whole number"),
        ({"deadline_s": 0}, "deadline_s is more than 0"),
        ({"deadline_s": -1}, "deadline_s is more than 0"),
        ({"deadline_s": float("nan")}, "deadline_s is more than 0"),
        ({"deadline_s": "5"}, "deadline_s is more than 0"),
    ],
)
def test_what_is_no_limit_is_refused(limits: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Budget(**limits)


@pytest.mark.parametrize("usd", ["0.10", 0.1, Decimal("0.1")])
def test_usd_are_taken_as_they_are_written(usd: Any) -> None:
    assert Budget(usd=usd).limit == Amount(usd=Decimal("0.1"))


def test_a_budget_shows_what_it_limits_and_what_is_spent() -> None:
    budget = Budget(usd="0.5")
    budget.reserve("a", Amount(Decimal("0.2"), 7))
    budget.settle("a", Amount(Decimal("0.2"), 7), Amount(Decimal("0.1"), 3))
    assert budget.spent == Amount(usd=Decimal("0.1"))
    assert repr(budget) == "Budget(0.5 USD, 0.1 USD spent)"
    assert re.fullmatch(r"Budget\((60\.0|5\d\.\d) s left\)", repr(Budget(deadline_s=60)))


def test_a_request_beyond_what_is_left_is_refused_with_the_figures() -> None:
    budget = Budget(usd="0.5", tokens=100)
    with pytest.raises(BudgetError, match=r"0\.5 USD and 100 tokens left.*0\.1 USD and 101 tokens"):
        budget.reserve("a", Amount(Decimal("0.1"), 101))
    assert budget.spent == Amount(Decimal(0), 0)


@pytest.mark.parametrize("worst", [Amount(None, 5), Amount(Decimal(1), None), Amount()])
def test_a_request_that_nothing_bounds_is_refused(worst: Amount) -> None:
    with pytest.raises(BudgetError, match="Nothing bounds this request"):
        Budget(usd=10, tokens=100).reserve("a", worst)


@pytest.mark.parametrize("amount", [Amount(usd=Decimal(1)), Amount(tokens=1)])
def test_what_is_not_limited_need_not_be_bounded(amount: Amount) -> None:
    budget = Budget(usd=amount.usd, tokens=amount.tokens)
    budget.reserve("a", amount)
    budget.settle("a", amount, amount)
    assert budget.spent == amount


def test_a_charge_that_is_not_known_is_all_there_is() -> None:
    budget = Budget(usd=1, tokens=50)
    budget.charge(Amount(None, 3))
    assert budget.spent == Amount(Decimal(1), 3)


@given(st.lists(st.integers(0, 2), max_size=6))
def test_entering_nests_and_leaving_undoes_it(order: list[int]) -> None:
    budgets = [Budget(tokens=i) for i in range(3)]

    def inside(depth: int) -> None:
        around = Counter(budgets[i] for i in order[:depth])
        assert Counter(entered()) == around
        if depth < len(order):
            with budgets[order[depth]]:
                inside(depth + 1)
            assert Counter(entered()) == around

    inside(0)


def test_a_budget_may_be_entered_by_many_at_a_time() -> None:
    budget = Budget(tokens=1)

    async def spend(turns: int) -> tuple[Budget, ...]:
        with budget:
            for _ in range(turns):
                await asyncio.sleep(0)
            return entered()

    async def all_at_once() -> list[tuple[Budget, ...]]:
        # The first to enter is neither the first nor the last to leave.
        return await asyncio.gather(*(spend(turns) for turns in (2, 3, 1)))

    assert asyncio.run(all_at_once()) == [(budget,)] * 3
    assert entered() == ()


def test_async_with_does_the_same() -> None:
    async def inside() -> tuple[tuple[Budget, ...], tuple[Budget, ...]]:
        async with Budget(tokens=2) as budget:
            assert entered() == (budget,)
            async with Budget(tokens=1) as inner:
                seen = entered()
            assert seen == (budget, inner)
            assert entered() == (budget,)
        return seen, entered()

    seen, after = asyncio.run(inside())
    assert (len(seen), after) == (2, ())


def test_another_context_does_not_see_what_was_entered() -> None:
    with Budget(tokens=1), ThreadPoolExecutor(1) as pool:
        assert pool.submit(entered).result() == ()
        assert pool.submit(contextvars.copy_context().run, entered).result() == entered() != ()


def test_what_a_request_itself_spends_is_outside_of_what_was_entered() -> None:
    with Budget(tokens=1) as budget:
        inside = contextvars.copy_context()
        inside.run(shut_out)
        assert inside.run(entered) == ()
        assert entered() == (budget,)
