"""A budget that runs share: each is charged its bill, and holds nothing once it has ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cope_graph import Budget, CopeContext, Task, create_cope, tasks
from cope_graph.errors import BudgetError, InputError, ModelCallError, NoAnswerError
from cope_graph.money.amount import Amount
from tests.processes import soon
from tests.scripted import says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.money.spending import (
    ASK,
    GOALS,
    HUGE,
    PLAN_FREE,
    SURE,
    UNSURE,
    SlowChat,
    Watched,
    cascade,
    chat,
    check_nothing_is_held,
    check_spent,
)


@pytest.mark.parametrize("entered", [True, False], ids=["entered", "of the graph"])
def test_a_run_that_ended_well_has_paid_its_bill_and_holds_nothing(
    run: Runner, entered: bool
) -> None:
    budget = Budget(usd=HUGE, tokens=HUGE)
    small, large = chat("s", GOALS + UNSURE * 2), chat("l", ["a guideline", says("9")])
    app = cascade(small, large, None if entered else budget).compile()
    if entered:
        with budget:
            out = run(app, ASK)
    else:
        out = run(app, ASK)
    assert (out["answer"], out["ledger"]["requests"]) == ("9", 12)
    check_spent(budget, out["ledger"])


@pytest.mark.parametrize(
    ("replies", "settings", "error"),
    [
        (["?"] * 8, {}, NoAnswerError),
        ([], {}, ModelCallError),
        (["?"] * 8, {"large_max": HUGE}, BudgetError),
    ],
)
def test_a_run_that_ended_in_an_error_has_paid_its_bill_and_holds_nothing(
    both: Runner, replies: list[str], settings: dict[str, Any], error: Any
) -> None:
    budget = Budget(tokens=5000)
    large = chat("l", ["?"], **({"max_tokens": HUGE} if settings else {}))
    app = cascade(chat("s", replies), large, budget, **PLAN_FREE).compile()
    with pytest.raises(error) as caught:
        both(app, ASK)
    check_nothing_is_held(budget)
    upper = sum(line["tokens_upper"] or 0 for line in caught.value.ledger["lines"])
    assert budget.spent.tokens == upper > 0


def test_a_run_that_abstained_holds_nothing(both: Runner) -> None:
    budget = Budget(tokens=5000)
    settings = PLAN_FREE | {"stages": (1,), "last_resort": "abstain"}
    out = both(cascade(chat("s", UNSURE), chat("l", []), budget, **settings).compile(), ASK)
    assert out["answer"] is None
    check_spent(budget, out["ledger"])


def test_a_run_that_stopped_for_want_of_money_holds_nothing(both: Runner) -> None:
    budget = Budget(tokens=5000)
    out = both(cascade(chat("s", UNSURE), chat("l", [], HUGE), budget, **PLAN_FREE).compile(), ASK)
    assert (out["answer"], out["stopped_by"]) == ("3", "budget")
    check_spent(budget, out["ledger"])


def test_a_gate_that_fails_leaves_nothing_held(both: Runner) -> None:
    def fails(*_: Any) -> Any:
        raise ZeroDivisionError

    budget, math = Budget(tokens=HUGE), tasks.math()
    task = Task("mine", math.prompts, math.read, fails)
    models = chat("s", SURE), chat("l", [])
    defaults = CopeContext(**PLAN_FREE, straggler_s=None)
    graph = create_cope(*models, task=task, defaults=defaults, budget=budget)
    with pytest.raises(ZeroDivisionError):
        both(graph.compile(), ASK)
    check_nothing_is_held(budget)
    assert budget.spent == Amount(tokens=26)


def test_a_run_that_is_refused_pays_and_holds_nothing(both: Runner) -> None:
    budget = Budget(tokens=HUGE)
    app = cascade(chat("s", SURE), chat("l", []), budget).compile()
    with pytest.raises(InputError):
        both(app, {"messages": []})
    with pytest.raises(InputError):
        both(app, ASK, context={"n": 60})
    check_nothing_is_held(budget)
    assert budget.spent == Amount(tokens=0)


def test_a_cancelled_run_is_charged_what_it_may_have_cost_and_holds_nothing() -> None:
    budget = Watched(tokens=HUGE)
    small = SlowChat(model_name="s", replies=SURE, max_tokens=10)
    app = cascade(small, chat("l", []), budget, small_plan="none", stages=(1,)).compile()

    async def cancelled() -> None:
        running = asyncio.ensure_future(app.ainvoke(ASK))
        await asyncio.to_thread(soon, lambda: budget._till._flying.tokens > 0)
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    check_nothing_is_held(budget)
    assert budget.spent.tokens == budget.asked[0].tokens
