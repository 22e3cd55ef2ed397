"""An agent whose steps are decided by the cascade: who decides, what it costs, how plans last."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import CopeContext, CopeMiddleware
from tests.unit_tests.agents.acting import Proposal
from tests.unit_tests.agents.shop import (
    DONE,
    HELLO,
    LOOK,
    OPEN,
    PRICES,
    THREAD,
    Shop,
    acting,
    agent,
    large,
    small,
    torn,
)
from tests.unit_tests.conftest import Runner


def test_a_sure_small_model_takes_the_steps_and_each_tool_runs_once(both: Runner) -> None:
    shop, expensive = Shop(), large(DONE)
    out = both(agent(small(LOOK, OPEN, DONE), expensive, shop), HELLO)
    assert out["messages"][-1].text == DONE
    assert shop.done == ["look box", "look shelf"]
    assert (out["cope"]["steps"], out["cope"]["small"]) == (3, 3)
    assert expensive.acts == expensive.plans == []


def test_an_unsure_small_model_hands_the_step_to_the_large_one(both: Runner) -> None:
    shop, expensive = Shop(), large(LOOK, DONE)
    out = both(agent(torn(OPEN, DONE), expensive, shop), HELLO)
    assert shop.done == ["look box"]
    assert out["messages"][-1].text == DONE
    counted = {name: out["cope"][name] for name in ("steps", "small", "guided", "large", "plans")}
    assert counted == {"steps": 2, "small": 0, "guided": 0, "large": 2, "plans": 1}


def test_a_guideline_makes_the_small_model_sure(both: Runner) -> None:
    torn_alone = torn(OPEN, DONE).policy

    def policy(messages: list[BaseMessage], index: int) -> Proposal:
        return LOOK if "plan 0 of large" in messages[-1].text else torn_alone(messages, index)

    shop, expensive = Shop(), large(DONE)
    out = both(agent(acting(policy, "small"), expensive, shop, max_steps=1), HELLO)
    assert shop.done == ["look box"]
    assert expensive.acts == []
    assert (out["cope"]["guided"], out["cope"]["plans"]) == (1, 1)


def test_the_bill_of_a_turn_is_the_sum_of_all_requests(both: Runner) -> None:
    cheap, expensive = torn(OPEN, DONE), large(LOOK, DONE)
    out = both(agent(cheap, expensive, Shop(), prices=PRICES), HELLO)
    asked = len(cheap.acts), len(expensive.acts) + len(expensive.plans)
    cope = out["cope"]
    assert cope["requests"] == sum(asked)
    assert (cope["input_tokens"], cope["output_tokens"]) == (10 * sum(asked), 2 * sum(asked))
    dollars = asked[0] * Decimal("0.0000014") + asked[1] * Decimal("0.000014")
    assert Decimal(cope["usd"]) == Decimal(cope["usd_upper"]) == dollars


def test_without_prices_the_dollars_are_unknown_and_not_0() -> None:
    out = agent(small(LOOK, DONE), large(DONE), Shop()).invoke(HELLO)
    assert out["cope"]["usd"] is None


def test_a_step_and_its_count_are_one_update() -> None:
    stream = agent(small(LOOK, DONE), large(DONE), Shop()).stream(HELLO, stream_mode="updates")
    steps = [update["model"] for update in stream if "model" in update]
    assert [step["cope"]["steps"] for step in steps] == [1, 2]
    assert [len(step["messages"]) for step in steps] == [1, 1]


def test_a_new_turn_begins_to_count_anew(both: Runner) -> None:
    saver = InMemorySaver()
    graph = agent(torn(LOOK, DONE, OPEN, DONE), large(LOOK, DONE, DONE), Shop(), checkpointer=saver)
    first = both(graph, HELLO, THREAD)
    second = both(graph, {"messages": [("user", "And now?")]}, THREAD)
    assert first["cope"]["steps"] == 2
    assert (second["cope"]["steps"], second["cope"]["plans"]) == (1, 1)


def test_a_client_cannot_write_the_count() -> None:
    given: Any = {**HELLO, "cope": {"steps": -100}}
    out = agent(small(LOOK, DONE), large(DONE), Shop()).invoke(given)
    assert out["cope"]["steps"] == 2


LOOKS = [("look", {"at": f"place {i}"}) for i in range(4)]


@pytest.mark.parametrize(
    ("replan", "plans"), [("every_step", 5), ("surprise", 1), (1, 5), (2, 3), (4, 2), (9, 1)]
)
def test_a_guideline_lasts_as_long_as_it_is_told_to(both: Runner, replan: Any, plans: int) -> None:
    expensive = large(*LOOKS, DONE)
    graph = agent(torn(OPEN, OPEN, OPEN, OPEN, "no"), expensive, Shop(), replan=replan)
    out = both(graph, HELLO)
    assert out["cope"]["steps"] == 5
    assert out["cope"]["plans"] == len(expensive.plans) == plans


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([("look", {"at": "dark"}), LOOK, DONE], "look failed"),
        ([LOOK, LOOK, DONE], "a step was repeated and saw the same"),
    ],
)
def test_a_surprise_makes_a_new_guideline(both: Runner, steps: list[Any], why: str) -> None:
    expensive = large(*steps)
    out = both(agent(torn(OPEN, OPEN, "no"), expensive, Shop()), HELLO)
    assert (out["cope"]["surprises"], out["cope"]["plans"]) == (1, 2)
    assert len(expensive.plans) == 2
    said = [m.response_metadata["cope"]["surprise"] for m in out["messages"] if m.type == "ai"]
    assert [one for one in said if one] == [why]


def test_a_surprise_is_counted_where_the_small_model_stays_sure() -> None:
    out = agent(small(LOOK, LOOK, DONE), large(DONE), Shop()).invoke(HELLO)
    assert (out["cope"]["surprises"], out["cope"]["plans"]) == (1, 0)


def test_the_users_own_surprise_makes_a_new_guideline(both: Runner) -> None:
    def own(last: Any) -> bool:
        return "place 0" in last[-1].text

    expensive = large(*LOOKS[:2], DONE)
    out = both(agent(torn(OPEN, OPEN, "no"), expensive, Shop(), surprise=own), HELLO)
    assert out["cope"]["plans"] == len(expensive.plans) == 2


def test_the_middleware_takes_the_steps_of_an_agent_whatever_its_model(both: Runner) -> None:
    shop, unused = Shop(), small("never asked")
    cope = CopeMiddleware(small(LOOK, DONE), large(DONE), defaults=CopeContext(n=2))
    out = both(create_agent(unused, shop.tools, middleware=[cope]), HELLO)
    assert (out["messages"][-1].text, shop.done) == (DONE, ["look box"])
    assert unused.acts == unused.plans == []


def test_calls_side_by_side_are_voted_on_together_and_all_run(both: Runner) -> None:
    shop = Shop()
    out = both(agent(small([LOOK, OPEN], DONE), large(DONE), shop), HELLO)
    assert sorted(shop.done) == ["look box", "look shelf"]
    made, *seen = out["messages"][1:4]
    assert isinstance(made, AIMessage)
    assert [m.tool_call_id for m in seen if isinstance(m, ToolMessage)] == [
        call["id"] for call in made.tool_calls
    ]


def test_the_reply_is_the_winning_proposal_with_its_facts() -> None:
    out = agent(small(LOOK, DONE), large(DONE), Shop()).invoke(HELLO)
    facts = out["messages"][1].response_metadata["cope"]
    assert (facts["stage"], facts["confidence"], facts["accepted"]) == (1, 1.0, True)
    assert out["messages"][1].tool_calls[0]["args"] == {"at": "box"}
