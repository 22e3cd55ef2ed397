"""A run of an executor that goes wrong is a lost sample with its bill."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware, ModelRetryMiddleware
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.types import Command, interrupt

from cope_graph.errors import ModelCallError
from tests.unit_tests.agents.at_work import RuleChat, answers, calculate, calls, looks_up, search
from tests.unit_tests.agents.executing import ASK, build, seen_by
from tests.unit_tests.conftest import Runner


def asks_a_person(_: Any) -> str:
    return str(interrupt("May I?"))


def hands_over() -> Any:
    @tool
    def look() -> Command[Any]:
        """Hand over."""
        return Command(goto="elsewhere", graph=Command.PARENT)

    return create_agent(RuleChat(rule=lambda *_: calls("look")), [look])


def never_ends() -> Any:
    chat = RuleChat(rule=lambda *_: calls("calculate", expression="1 + 1"))
    return create_agent(chat, [calculate]).with_config(recursion_limit=4)


def thinks_aloud(*_: Any) -> AIMessage:
    call = calls("search", query="apples").tool_calls
    return AIMessage("The answer is 1, I think; let me look.", tool_calls=call)


LOST: dict[str, tuple[Callable[[], Any], str, int]] = {
    "a tool asks a person": (lambda: seen_by(asks_a_person), "to ask a person", 100),
    "a tool hands over": (hands_over, "handed over to a graph around it", 100),
    "it never ends": (never_ends, "reached its recursion limit", 200),
    "it says nothing": (
        lambda: create_agent(RuleChat(rule=answers("")), []),
        "ended without a message that answers",
        100,
    ),
    "a limit ends it": (
        lambda: create_agent(
            RuleChat(rule=looks_up(["1"])),
            [search, calculate],
            middleware=[ModelCallLimitMiddleware(run_limit=2)],
        ),
        "a message that no model wrote",
        200,
    ),
    "it stops before its tools": (
        lambda: create_agent(RuleChat(rule=thinks_aloud), [search], interrupt_before=["tools"]),
        "ended without a message that answers",
        100,
    ),
    "it gives no messages": (
        lambda: RunnableLambda(lambda _: {"text": "12"}),
        "ended without a message that answers",
        0,
    ),
    "it gives back what it was given": (
        lambda: RunnableLambda(lambda state: state),
        "ended without a message that answers",
        0,
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_a_run_without_an_answer_is_a_lost_sample_that_is_paid(both: Runner, case: str) -> None:
    agent, why, tokens = LOST[case]
    graph = build(agent(), stages=(1, 3), large=["The answer is 7."]).compile()
    out = both(graph, ASK)
    assert (out["answer"], out["stage"]) == ("7", 3)
    (failure,) = out["failures"]
    assert (failure["kind"], failure["requests"]) == ("empty", 4)
    assert why in failure["message"]
    lines = [line for line in out["ledger"]["lines"] if line["node"] == "small_execute"]
    assert {line["input_tokens"] for line in lines} == {tokens}
    assert {line["status"] for line in lines} == {"reported" if tokens else "unknown"}


def test_the_earlier_conversation_is_no_answer(both: Runner) -> None:
    graph = build(RunnableLambda(lambda state: state)).compile()
    earlier = [("user", "Hello"), ("ai", "The answer is 99.")]
    with pytest.raises(ModelCallError, match="ended without a message"):
        both(graph, {"messages": [*earlier, *ASK["messages"]]})


class _RefusedError(Exception):
    status_code = 401


class _BusyError(Exception):
    status_code = 503


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (_RefusedError("no"), "refused", "reported"),
        (_BusyError("no"), "broken", "unknown"),
        (OSError("no"), "broken", "unknown"),
    ],
)
def test_a_run_that_fails_costs_what_it_had_spent(
    both: Runner, error: Exception, kind: str, status: str
) -> None:
    def rule(messages: Any, _: int) -> AIMessage:
        if messages[-1].type == "tool":
            raise error
        return calls("calculate", expression="1 + 1")

    chat = RuleChat(rule=rule)
    agent = create_agent(chat, [calculate])
    out = both(build(agent, stages=(1, 3), large=["The answer is 7."]).compile(), ASK)
    assert [failure["kind"] for failure in out["failures"]] == [kind]
    lines = [line for line in out["ledger"]["lines"] if line["node"] == "small_execute"]
    assert len(chat.asked) == 2 * 4, "a run that fails is not made again of itself"
    spent = {(line["input_tokens"], line["output_tokens"], line["status"]) for line in lines}
    assert spent == {(100, 7, status)}
    due = Decimal(114) / 1_000_000 if status == "reported" else None
    assert {None if line["usd"] is None else Decimal(line["usd"]) for line in lines} == {due}


def test_a_model_that_failed_in_words_is_no_answer(both: Runner) -> None:
    def rule(*_: Any) -> AIMessage:
        msg = "error 429"
        raise OSError(msg)

    patient = ModelRetryMiddleware(max_retries=1, initial_delay=0.0)
    agent = create_agent(RuleChat(rule=rule), [], middleware=[patient])
    with pytest.raises(ModelCallError, match="no model wrote") as failed:
        both(build(agent).compile(), ASK)
    assert failed.value.ledger is not None
    assert failed.value.ledger["status"] == "unknown"


def test_a_tool_that_raises_is_the_agents_own_matter(both: Runner) -> None:
    agent = create_agent(RuleChat(rule=looks_up(["result"], "3 / 4")), [search, calculate])
    with pytest.raises(ModelCallError, match="model agent failed"):
        both(build(agent).compile(), ASK)
