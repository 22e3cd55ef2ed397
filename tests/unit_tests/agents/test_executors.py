"""Whole agents that execute in a cascade: n runs, the vote, the escalation, the bill."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from cope_graph import ChatCope, CopeContext, Price, create_cope, tasks
from tests.scripted import ScriptedChat, says
from tests.unit_tests.agents.at_work import RuleChat, answers, calculate, calls, looks_up, search
from tests.unit_tests.conftest import Runner

ASK = {"messages": [("user", "What do four apples cost?")]}
READ = ["search", "calculate"]
GOALS = [f"goal {i}" for i in range(8)]
PRICES = {
    "s": Price.of("0.1", "0.3"),
    "l": Price.of("2.5", "9.7"),
    "worker": Price.of("0.0333333333", "0.77777777"),
    "expert": Price.of("1.9", "7.1"),
}


class Cost(BaseModel):
    """What something costs."""

    coins: int


def agent_of(rule: Any, model: str = "worker", **options: Any) -> tuple[Any, RuleChat]:
    chat = RuleChat(rule=rule, model_name=model)
    return create_agent(chat, [search, calculate], **options), chat


def cascade(small: list[str], large: list[str], **options: Any) -> Any:
    chats = ScriptedChat(model_name="s", replies=small), ScriptedChat(model_name="l", replies=large)
    return create_cope(
        *chats, task=tasks.math(), prices=PRICES, read_only_tools=READ, **options
    ).compile()


def usd(price: Price, requests: int, inputs: int, outputs: int) -> Decimal:
    return requests * (inputs * price.input + outputs * price.output) / 1_000_000


def test_each_sample_is_a_run_of_the_agent_and_they_vote(both: Runner) -> None:
    agent, chat = agent_of(looks_up(["result"] * 7 + ["11"]))
    out = both(cascade(GOALS, [], small_executor=agent), ASK)
    assert (out["answer"], out["stage"], out["confidence"]) == ("12", 1, 0.875)
    assert out["visits"][0]["model"] == "agent"
    assert len(chat.asked) == 3 * 8
    prompts = [asked[0].text for asked in chat.asked]
    assert all(sum(goal in prompt for prompt in prompts) == 3 for goal in GOALS)


def test_the_bill_has_a_line_a_run_with_what_its_requests_add_up_to(both: Runner) -> None:
    agent, _ = agent_of(looks_up(["result"]))
    out = both(cascade(GOALS, [], small_executor=agent), ASK)
    lines = [line for line in out["ledger"]["lines"] if line["role"] == "execute"]
    assert len(lines) == 8
    assert {(line["model"], line["samples"], line["status"]) for line in lines} == {
        ("worker", 1, "reported")
    }
    assert {(line["input_tokens"], line["output_tokens"]) for line in lines} == {(300, 21)}
    due = usd(PRICES["worker"], 24, 100, 7) + usd(PRICES["s"], 1, 10, 16)
    assert Decimal(out["ledger"]["usd"]) == due


def test_it_escalates_to_the_large_agent_under_the_large_models_guideline(both: Runner) -> None:
    unsure, small_chat = agent_of(looks_up(["1", "2", "3", "4"]))
    expert, large_chat = agent_of(looks_up(["result"]), "expert", name="the expert")
    graph = cascade(GOALS, ["a guideline"], small_executor=unsure, large_executor=expert)
    out = both(graph, ASK)
    assert (out["answer"], out["stage"]) == ("12", 3)
    assert [visit["model"] for visit in out["visits"]] == ["agent"] * 2 + ["the expert"]
    assert (len(small_chat.asked), len(large_chat.asked)) == (3 * 16, 3)
    guided = [asked for asked in small_chat.asked if "a guideline" in asked[0].text]
    assert len(guided) == 3 * 8
    assert "a guideline" in large_chat.asked[0][0].text
    due = usd(PRICES["worker"], 48, 100, 7) + usd(PRICES["s"], 1, 10, 16)
    due += usd(PRICES["expert"], 3, 100, 7) + usd(PRICES["l"], 1, 10, 2)
    assert Decimal(out["ledger"]["usd"]) == due


def test_a_model_inside_a_tool_is_on_the_bill_under_its_own_name(both: Runner) -> None:
    helper = RuleChat(rule=answers("An apple costs 3 coins."), model_name="expert")

    @tool("search")
    def ask_the_expert(query: str) -> str:
        """Ask."""
        return helper.invoke(query).text

    chat = RuleChat(rule=looks_up(["result"]))
    agent = create_agent(chat, [ask_the_expert, calculate])
    out = both(cascade([], [], small_executor=agent, defaults=CopeContext(small_plan="none")), ASK)
    lines = out["ledger"]["lines"]
    assert {line["model"] for line in lines} == {"worker + expert"}
    assert {line["input_tokens"] for line in lines} == {400}
    due = usd(PRICES["worker"], 24, 100, 7) + usd(PRICES["expert"], 8, 100, 7)
    assert Decimal(out["ledger"]["usd"]) == due


def test_a_cascade_inside_a_tool_is_on_the_bill_once(both: Runner) -> None:
    inner = ChatCope(
        small=ScriptedChat(model_name="s", replies=[says("3")] * 3),
        large=ScriptedChat(model_name="l", replies=[]),
        task=tasks.math(),
        defaults=CopeContext(n=3, small_plan="none", stages=(1,)),
    )

    @tool("search")
    def ask_a_cascade(query: str) -> str:
        """Ask."""
        return f"3 coins, as {inner.invoke(query).text}"

    agent = create_agent(RuleChat(rule=looks_up(["result"])), [ask_a_cascade, calculate])
    once = CopeContext(small_plan="none", n=1)
    out = both(cascade([], [], small_executor=agent, defaults=once), ASK)
    assert [line["model"] for line in out["ledger"]["lines"]] == ["worker + s"]
    due = usd(PRICES["worker"], 3, 100, 7) + usd(PRICES["s"], 1, 10, 6)
    assert Decimal(out["ledger"]["usd"]) == due


def test_an_unpriced_model_is_priced_as_its_side_and_else_not_at_all(both: Runner) -> None:
    def spent(**prices: str) -> Any:
        agent, _ = agent_of(looks_up(["result"]), "nobody knows")
        chats = ScriptedChat(replies=GOALS), ScriptedChat(replies=[])
        graph = create_cope(
            *chats, task=tasks.math(), prices=prices, small_executor=agent, read_only_tools=READ
        )
        return both(graph.compile(), ASK)["ledger"]["by_role"]["execute"]["usd"]

    assert spent(scripted="1,1") is None
    assert Decimal(spent(small="1,2")) == usd(Price.of(1, 2), 24, 100, 7)


def test_models_that_report_nothing_make_the_bill_an_estimate(both: Runner) -> None:
    chat = RuleChat(rule=looks_up(["result"]), reports=False)
    agent = create_agent(chat, [search, calculate])
    out = both(cascade(GOALS, [], small_executor=agent), ASK)
    lines = [line for line in out["ledger"]["lines"] if line["role"] == "execute"]
    assert {line["status"] for line in lines} == {"estimated"}
    assert all(line["input_tokens"] > 0 for line in lines)
    assert out["ledger"]["usd_upper"] is None


def test_usage_callbacks_count_what_the_bill_counts(both: Runner) -> None:
    agent, _ = agent_of(looks_up(["result"]))
    heard = UsageMetadataCallbackHandler()
    out = both(cascade(GOALS, [], small_executor=agent), ASK, {"callbacks": [heard]})
    executed = out["ledger"]["by_role"]["execute"]
    assert heard.usage_metadata["worker"]["input_tokens"] == executed["input_tokens"] == 2400
    assert heard.usage_metadata["worker"]["output_tokens"] == executed["output_tokens"] == 168


def test_the_answer_may_be_an_object(both: Runner) -> None:
    def rule(_: Any, number: int) -> AIMessage:
        return calls("Cost", coins=12 if number else 11)

    agent = create_agent(RuleChat(rule=rule), [], response_format=Cost)
    chats = ScriptedChat(replies=GOALS), ScriptedChat(replies=[])
    graph = create_cope(*chats, response_format=Cost, small_executor=agent)
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["confidence"]) == ('{"coins": 12}', 0.875)


@pytest.mark.parametrize("own", [None, "own"])
def test_streamed_messages_show_no_sample_of_an_agent(own: str | None) -> None:
    agent, _ = agent_of(looks_up(["result"]), name=own)
    graph = cascade(GOALS, [], small_executor=agent)
    shown = [message for message, _ in graph.stream(ASK, stream_mode="messages")]
    assert [message.text for message in shown] == [says("12").removeprefix("Some thought. ")]
