"""Out of time a run ends with its best answer, or says that there is none and what it cost."""

from __future__ import annotations

import time
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import Budget
from cope_graph.errors import DeadlineError
from cope_graph.money.amount import Amount
from tests.processes import soon
from tests.unit_tests.conftest import Runner
from tests.unit_tests.money.spending import (
    ASK,
    HUGE,
    PLAN_FREE,
    SURE,
    UNSURE,
    SlowChat,
    cascade,
    chat,
    check_nothing_is_held,
)

ALMOST_NO_TIME = 1e-6


def slow(name: str) -> SlowChat:
    return SlowChat(model_name=name, replies=SURE, max_tokens=10)


@pytest.mark.parametrize("of", ["the run", "a shared budget"])
def test_out_of_time_a_run_ends_with_its_best_answer(both: Runner, of: str) -> None:
    large = slow("l")
    shared = Budget(deadline_s=1.5) if of == "a shared budget" else None
    app = cascade(chat("s", UNSURE), large, shared, **PLAN_FREE).compile()
    out = both(app, ASK, context=None if shared else {"deadline_s": 1.5})
    large.release()
    assert (out["answer"], out["stage"], out["stopped_by"]) == ("3", 1, "deadline")
    assert (out["accepted"], out["degraded"]) == (False, False)
    assert "stopped by its deadline" in out["reason"]
    assert [(f["node"], f["kind"]) for f in out["failures"]] == [("large_execute", "deadline")]


def test_a_request_that_ran_out_of_time_stands_on_the_bill_as_unknown(both: Runner) -> None:
    budget, large = Budget(tokens=HUGE), slow("l")
    app = cascade(chat("s", UNSURE), large, budget, **PLAN_FREE, deadline_s=1.5).compile()
    ledger = both(app, ASK)["ledger"]
    line = ledger["lines"][-1]
    assert (line["node"], line["status"], line["error"]) == (
        "large_execute",
        "unknown",
        "out of time",
    )
    assert (ledger["usd"], ledger["usd_known"]) == (None, "26")
    assert line["tokens_upper"] > 100
    # What is still on its way keeps its money until it has really ended.
    large.release()
    assert soon(lambda: budget._till._flying.tokens == 0)
    check_nothing_is_held(budget)
    assert 26 < (budget.spent.tokens or 0) <= 26 + line["tokens_upper"]


def test_without_an_answer_in_time_it_is_a_typed_error_with_the_bill(both: Runner) -> None:
    small = slow("s")
    app = cascade(small, chat("l", []), **PLAN_FREE).compile()
    with pytest.raises(DeadlineError, match="time was up before it had an answer") as caught:
        both(app, ASK, context={"deadline_s": 0.2})
    small.release()
    assert caught.value.ledger is not None
    assert (caught.value.ledger["requests"], caught.value.ledger["status"]) == (1, "unknown")


@pytest.mark.parametrize("of", ["the run", "a shared budget"])
def test_a_run_whose_time_is_up_at_its_start_asks_no_model(both: Runner, of: str) -> None:
    small, large = chat("s", SURE), chat("l", [])
    shared = Budget(deadline_s=ALMOST_NO_TIME) if of == "a shared budget" else None
    time.sleep(0.01)
    app = cascade(small, large, shared, **PLAN_FREE).compile()
    with pytest.raises(DeadlineError) as caught:
        both(app, ASK, context=None if shared else {"deadline_s": ALMOST_NO_TIME})
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == 0
    assert small.calls == large.calls == []


def test_a_run_does_not_wait_for_money_beyond_its_deadline(both: Runner) -> None:
    budget = Budget(tokens=1000)
    budget.admit("another", Amount(tokens=1000)).result(0)
    budget.reserve("another", Amount(tokens=1000))
    small, large = chat("s", SURE), chat("l", [])
    app = cascade(small, large, budget, **PLAN_FREE, deadline_s=0.2).compile()
    with pytest.raises(DeadlineError):
        both(app, ASK)
    assert small.calls == []
    budget.settle("another", Amount(tokens=1000), Amount(tokens=0))
    budget.leave("another")
    check_nothing_is_held(budget)
    assert both(cascade(small, large, budget, **PLAN_FREE).compile(), ASK)["answer"] == "3"


def test_the_time_of_earlier_nodes_counts_after_a_pause(both: Runner) -> None:
    small, large = chat("s", UNSURE), chat("l", [])
    app = cascade(small, large, **PLAN_FREE, deadline_s=60).compile(
        checkpointer=InMemorySaver(), interrupt_before=["large_execute"]
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    both(app, ASK, config)
    taken = app.get_state(config).values["seconds"]
    assert 0 < taken < 60
    app.update_state(config, {"seconds": taken + 60})
    out = both(app, None, config)
    assert (out["answer"], out["stopped_by"]) == ("3", "deadline")
    assert large.calls == []


def test_an_answer_in_time_is_not_stopped(both: Runner) -> None:
    out = both(
        cascade(chat("s", SURE), chat("l", []), Budget(deadline_s=60), **PLAN_FREE).compile(), ASK
    )
    assert out["stopped_by"] is None
