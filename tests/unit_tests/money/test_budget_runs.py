"""A run's own limits: it stops with its best answer, or says that there is none and its cost."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph.errors import BudgetError
from tests.scripted import says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.money.spending import (
    ASK,
    HUGE,
    PLAN_FREE,
    SURE,
    UNSURE,
    cascade,
    chat,
)

LIMITS = [{"budget_usd": "3000"}, {"budget_tokens": 3000}, {"budget_usd": 3000.0}]


@pytest.mark.parametrize("limit", LIMITS)
def test_out_of_money_a_run_ends_with_its_best_answer(run: Runner, limit: dict[str, Any]) -> None:
    small, large = chat("s", UNSURE), chat("l", [], HUGE)
    out = run(cascade(small, large, **PLAN_FREE).compile(), ASK, context=limit)
    assert (out["answer"], out["stage"], out["stopped_by"]) == ("3", 1, "budget")
    assert (out["accepted"], out["degraded"]) == (False, False)
    assert "stopped by its budget" in out["reason"]
    assert [(f["node"], f["kind"]) for f in out["failures"]] == [("large_execute", "budget")]
    assert large.calls == []
    assert (out["ledger"]["requests"], out["ledger"]["usd"]) == (1, "26")


@pytest.mark.parametrize("limit", [{"budget_usd": "1"}, {"budget_tokens": 1}, {"budget_usd": "0"}])
def test_without_money_for_any_answer_it_is_a_typed_error_with_the_bill(
    both: Runner, limit: dict[str, Any]
) -> None:
    small, large = chat("s", SURE), chat("l", [])
    with pytest.raises(BudgetError, match=r"stopped before it had an answer.*left") as caught:
        both(cascade(small, large).compile(), ASK, context=limit)
    assert caught.value.ledger is not None
    assert (caught.value.ledger["requests"], caught.value.ledger["usd"]) == (0, "0")
    assert small.calls == large.calls == []


def test_the_error_carries_the_bill_of_what_was_bought_before(both: Runner) -> None:
    small, large = chat("s", ["?"] * 8), chat("l", [], HUGE)
    with pytest.raises(BudgetError) as caught:
        both(cascade(small, large, **PLAN_FREE).compile(), ASK, context={"budget_tokens": 3000})
    assert caught.value.ledger is not None
    assert (caught.value.ledger["requests"], caught.value.ledger["usd"]) == (1, "26")


def test_with_money_enough_nothing_is_stopped(both: Runner) -> None:
    app = cascade(chat("s", UNSURE), chat("l", [says("9")]), **PLAN_FREE).compile()
    out = both(app, ASK, context={"budget_tokens": 3000})
    assert (out["answer"], out["stage"], out["stopped_by"]) == ("9", 3, None)
    assert out["failures"] == []


def first_may_cost(app: Any) -> int:
    """Give the tokens that a run's first request may cost, in the words of its refusal."""
    with pytest.raises(BudgetError) as caught:
        app.invoke(ASK, context={"budget_tokens": 0})
    return int(str(caught.value).rpartition("may cost ")[2].split()[0])


@pytest.mark.parametrize(
    ("tau", "paid", "stopped_by"), [(0.5, 5, None), (0.75, 6, "budget"), (0.875, 6, "budget")]
)
def test_requests_one_by_one_need_room_for_one_alone(
    both: Runner, tau: float, paid: int, stopped_by: str | None
) -> None:
    app = cascade(chat("s", SURE), chat("l", []), **PLAN_FREE, tau1=tau, wave=1).compile()
    room_for_six = 5 * 12 + first_may_cost(app)
    out = both(app, ASK, context={"budget_tokens": room_for_six})
    assert (out["answer"], out["ledger"]["requests"]) == ("3", paid)
    assert (out["stopped_by"], out["accepted"]) == (stopped_by, stopped_by is None)


def test_a_run_that_abstains_when_out_of_money_says_so(both: Runner) -> None:
    app = cascade(chat("s", UNSURE), chat("l", [], HUGE), **PLAN_FREE, last_resort="abstain")
    out = both(app.compile(), ASK, context={"budget_tokens": 3000})
    assert (out["answer"], out["stopped_by"]) == (None, "budget")


def test_the_next_turn_of_a_thread_has_its_money_anew(both: Runner) -> None:
    small = chat("s", SURE * 2)
    app = cascade(small, chat("l", []), **PLAN_FREE, budget_tokens=600).compile(
        checkpointer=InMemorySaver()
    )
    config = {"configurable": {"thread_id": "t"}}
    assert both(app, ASK, config)["ledger"]["requests"] == 1
    assert both(app, ASK, config)["stopped_by"] is None
