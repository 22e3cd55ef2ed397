"""Runs that share a budget at the same time, one inside another, or paused in between."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import Budget
from cope_graph.errors import BudgetError
from cope_graph.money import till
from cope_graph.stages import spend
from tests.scripted import says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.money.spending import (
    ASK,
    GOALS,
    HUGE,
    PLAN_FREE,
    SURE,
    UNSURE,
    Watched,
    all_at_once,
    cascade,
    chat,
    check_nothing_is_held,
    check_spent,
)


def test_runs_side_by_side_never_spend_more_and_as_many_finish_as_there_is_money_for(
    both: Runner,
) -> None:
    wide = Watched(tokens=HUGE)
    settings = {"small_plan": "none", "stages": (1,)}
    cascade(chat("s", SURE), chat("l", []), wide, **settings).compile().invoke(ASK)
    worst = wide.asked[0].tokens or 0
    budget = Budget(tokens=3 * worst)
    app = cascade(chat("s", SURE * 40), chat("l", []), budget, **settings).compile()
    outs = all_at_once(both, app, 40)
    good = [out for out in outs if isinstance(out, dict)]
    assert all(isinstance(out, BudgetError) for out in outs if not isinstance(out, dict))
    assert 3 <= len(good) < 40
    check_spent(budget, *(out["ledger"] for out in good))
    # What each run really costs is far below its worst case: the money is used up to the last one.
    assert 3 * worst - 26 - worst < (budget.spent.tokens or 0) <= 3 * worst


def test_budgets_nest_and_the_tightest_of_them_counts(both: Runner) -> None:
    outer, inner, own = Budget(tokens=HUGE), Budget(tokens=HUGE), Budget(tokens=2 * HUGE)
    app = cascade(chat("s", SURE * 2), chat("l", []), own, **PLAN_FREE).compile()
    with outer:
        with inner:
            both(app, ASK)
        both(app, ASK)
    assert [b.spent.tokens for b in (outer, inner, own)] == [52, 26, 52]
    with outer, Budget(tokens=1), pytest.raises(BudgetError):
        both(app, ASK)
    for budget in (outer, inner, own):
        check_nothing_is_held(budget)


@pytest.mark.parametrize("node", ["small_plan", "small_execute", "confidence_gate", "large_plan"])
def test_a_run_that_is_paused_and_resumed_pays_once_and_holds_nothing_at_its_end(
    both: Runner, node: str
) -> None:
    budget = Budget(usd=HUGE)
    small, large = chat("s", GOALS + UNSURE * 2), chat("l", ["a guideline", says("9")])
    app = cascade(small, large, budget).compile(
        checkpointer=InMemorySaver(), interrupt_before=[node]
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    both(app, ASK, config)
    while app.get_state(config).next:
        out = both(app, None, config)
    assert (out["answer"], out["ledger"]["requests"]) == ("9", 12)
    check_spent(budget, out["ledger"])


def test_a_paused_run_gives_way_to_one_that_waits_and_goes_on_with_what_is_left(
    both: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(till, "_IDLE_S", 0.05)
    monkeypatch.setattr(spend, "_LOOK_AGAIN_S", 0.01)
    wide = Watched(tokens=HUGE)
    graph = cascade(chat("s", SURE), chat("l", []), wide, **PLAN_FREE)
    graph.compile().invoke(ASK)
    budget = Budget(tokens=(wide.asked[0].tokens or 0) + 30)
    app = cascade(chat("s", SURE * 2), chat("l", []), budget, **PLAN_FREE).compile(
        checkpointer=InMemorySaver(), interrupt_before=["confidence_gate"]
    )
    first, second = ({"configurable": {"thread_id": name}} for name in ("first", "second"))
    both(app, ASK, first)
    both(app, ASK, second)  # waits until the first has been idle for long enough
    outs = [both(app, None, config) for config in (first, second)]
    assert [out["answer"] for out in outs] == ["3", "3"]
    check_spent(budget, *(out["ledger"] for out in outs))
