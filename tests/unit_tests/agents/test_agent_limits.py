"""What ends a turn before its time: the state so far stays, and the last message says why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import Budget, CopeContext
from cope_graph.errors import BudgetError, InputError, UnknownPriceError
from tests.unit_tests.agents.shop import (
    DONE,
    HELLO,
    LOOK,
    OPEN,
    PRICES,
    THREAD,
    Shop,
    agent,
    large,
    small,
    torn,
)
from tests.unit_tests.conftest import Runner

BOUND = CopeContext(n=4, small_plan="none", max_answer_tokens=10, max_plan_tokens=10)


def test_the_last_step_that_may_be_taken_is_taken(both: Runner) -> None:
    out = both(agent(small(LOOK, DONE), large(DONE), Shop(), max_steps=2), HELLO)
    assert (out["messages"][-1].text, out["cope"]["stopped_by"]) == (DONE, None)


def test_a_turn_ends_when_its_steps_are_used(both: Runner) -> None:
    shop = Shop()
    out = both(agent(small(LOOK, OPEN, LOOK), large(DONE), shop, max_steps=2), HELLO)
    assert shop.done == ["look box", "look shelf"]
    assert (out["cope"]["steps"], out["cope"]["stopped_by"]) == (2, "steps")
    assert out["messages"][-1].text.startswith("Stopped: its 2 steps are used")
    assert [m.type for m in out["messages"]] == ["human", "ai", "tool", "ai", "tool", "ai"]


def test_the_next_turn_of_a_stopped_thread_starts_with_new_limits() -> None:
    graph = agent(
        small(LOOK, "unread", DONE), large(DONE), Shop(), max_steps=1, checkpointer=InMemorySaver()
    )
    assert graph.invoke(HELLO, THREAD)["cope"]["stopped_by"] == "steps"
    out = graph.invoke({"messages": [("user", "Go on.")]}, THREAD)
    assert (out["messages"][-1].text, out["cope"]["stopped_by"]) == (DONE, None)


@pytest.mark.parametrize(
    ("limit", "halt"), [({"budget_tokens": 3000}, "tokens"), ({"budget_usd": "0.0004"}, "usd")]
)
def test_a_turn_ends_when_its_money_or_tokens_are_used(
    both: Runner, limit: dict[str, Any], halt: str
) -> None:
    shop, models = Shop(), (small(*[LOOK, OPEN] * 9), large(DONE))
    out = both(agent(*models, shop, prices=PRICES, defaults=BOUND, **limit), HELLO)
    cope = out["cope"]
    assert cope["stopped_by"] == halt
    assert out["messages"][-1].text.startswith("Stopped: ")
    assert cope["tokens_upper"] <= 3000
    assert Decimal(cope["usd_upper"]) <= Decimal("0.0004")
    # What was decided was run; a guess at one more step was not.
    assert 1 <= len(shop.done) <= cope["steps"]
    assert all(m.tool_calls == [] for m in out["messages"][-1:])


@pytest.mark.parametrize("limit", [{"budget_tokens": 100_000}, {"budget_usd": "1"}])
def test_a_wide_limit_changes_nothing(both: Runner, limit: dict[str, Any]) -> None:
    graph = agent(
        torn(OPEN, "no"), large(LOOK, DONE), Shop(), prices=PRICES, defaults=BOUND, **limit
    )
    out = both(graph, HELLO)
    assert (out["messages"][-1].text, out["cope"]["stopped_by"]) == (DONE, None)


def test_a_turn_never_spends_more_than_its_dollars(both: Runner) -> None:
    # The bound of a step's requests is their prompts' bytes and 10 tokens each.
    graph = agent(
        torn(*[OPEN] * 9),
        large(*[LOOK, OPEN] * 9),
        Shop(),
        prices=PRICES,
        defaults=BOUND,
        budget_usd="0.002",
    )
    out = both(graph, HELLO)
    assert out["cope"]["stopped_by"] == "usd"
    assert Decimal(out["cope"]["usd_upper"]) <= Decimal("0.002")
    assert out["cope"]["steps"] >= 1


def test_an_unknown_price_and_a_limit_in_dollars_do_not_go_together(both: Runner) -> None:
    with pytest.raises(UnknownPriceError):
        both(agent(small(LOOK, DONE), large(DONE), Shop(), defaults=BOUND, budget_usd="1"), HELLO)


@pytest.mark.parametrize("step", [LOOK, [LOOK, OPEN]])
def test_a_guess_that_the_money_did_not_last_to_decide_is_not_run(both: Runner, step: Any) -> None:
    shop, dear = Shop(), {"small": "0.1,0.2", "large": "100000,200000"}
    models = torn(step, DONE), large(step, DONE)
    out = both(agent(*models, shop, prices=dear, defaults=BOUND, budget_usd="0.01"), HELLO)
    assert shop.done == []
    assert (out["cope"]["stopped_by"], out["cope"]["unaccepted"]) == ("usd", 1)
    assert out["messages"][-1].text.startswith("Stopped: its money or tokens were used")
    assert {m.status for m in out["messages"] if m.type == "tool"} == {"error"}


def test_an_answer_that_the_money_did_not_last_to_decide_is_given(both: Runner) -> None:
    shop, dear = Shop(), {"small": "0.1,0.2", "large": "100000,200000"}
    models = torn(DONE), large(DONE)
    out = both(agent(*models, shop, prices=dear, defaults=BOUND, budget_usd="0.01"), HELLO)
    assert (out["messages"][-1].text, out["cope"]["unaccepted"]) == (DONE, 1)


def test_a_budget_that_all_turns_share_ends_a_turn_too(both: Runner) -> None:
    shop, models = Shop(), (small(*[LOOK, OPEN] * 9), large(DONE))
    shared = Budget(usd="0.0004")
    graph = agent(*models, shop, prices=PRICES, defaults=BOUND, budget=shared)
    out = both(graph, HELLO)
    assert out["cope"]["stopped_by"] == "usd"
    assert out["messages"][-1].text.startswith("Stopped: ")
    assert 1 <= len(shop.done) <= out["cope"]["steps"]


def test_a_turn_that_could_not_even_begin_is_an_error(both: Runner) -> None:
    graph = agent(
        small(LOOK), large(DONE), Shop(), prices=PRICES, defaults=BOUND, budget_usd="1e-9"
    )
    with pytest.raises(BudgetError):
        both(graph, HELLO)


@pytest.mark.parametrize("replan", ["never", 0, -1, 1.5, True, None])
def test_an_unknown_replan_is_refused(replan: Any) -> None:
    with pytest.raises(InputError, match="replan is"):
        agent(small(DONE), large(DONE), Shop(), replan=replan)
