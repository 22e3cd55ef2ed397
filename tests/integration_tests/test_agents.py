"""Agents of real clients: what goes over the wire, and what a real server bills for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from cope_graph import CopeContext, create_cope_agent
from tests.loopback.clients import chat
from tests.loopback.langsmith_collector import LangSmithCollector
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

QUESTION = {"messages": [("user", "What is 17 * 23, and 391 + 9?")]}
PRICES = {"small": "0.15,0.60", "large": "2.50,10"}
TIMES: Any = ("times", {"a": 17, "b": 23})
PLUS: Any = ("plus", {"a": 391, "b": 9})
ANSWER = "391 and 400."


@dataclass
class Desk:
    """A server whose models act by how far the conversation is, and tools that write down."""

    done: list[str] = field(default_factory=list)
    torn_at: set[int] = field(default_factory=set)
    """Steps at which every other choice of the small model is another one."""

    def reply(self, body: Body) -> Reply:
        taken = sum(message["role"] == "tool" for message in body["messages"])
        if not body.get("tools"):
            return Reply(["First call times, then plus."])
        right: Any = [[TIMES], [PLUS], []][min(taken, 2)]
        if body["model"] == "small" and taken in self.torn_at:
            return Reply([None], calls=[right, [("plus", {"a": 1, "b": 1})]])
        return Reply([None if right else ANSWER], calls=[right])

    def times(self, a: int, b: int) -> int:
        """Multiply."""
        self.done.append(f"{a} * {b}")
        return a * b

    def plus(self, a: int, b: int) -> int:
        """Add."""
        self.done.append(f"{a} + {b}")
        return a + b


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def server(desk: Desk) -> Iterator[OpenAIServer]:
    with OpenAIServer(desk.reply) as server:
        yield server


def agent(server: OpenAIServer, desk: Desk, **options: Any) -> Any:
    return create_cope_agent(
        chat(server, "small"),
        chat(server, "large"),
        [desk.times, desk.plus],
        prices=PRICES,
        defaults=CopeContext(n=4, small_plan="none"),
        **options,
    )


def ask(graph: Any, config: Any = None) -> Any:
    return graph.invoke(QUESTION, config)


def aask(graph: Any, config: Any = None) -> Any:
    return asyncio.run(graph.ainvoke(QUESTION, config))


BOTH = pytest.mark.parametrize("run", [ask, aask])


@BOTH
def test_a_sure_agent_asks_the_small_model_alone(
    server: OpenAIServer, desk: Desk, run: Callable[..., Any]
) -> None:
    out = run(agent(server, desk))
    assert out["messages"][-1].text == ANSWER
    assert desk.done == ["17 * 23", "391 + 9"]
    # Four proposals are one request: n is the server's.
    assert [(r.body["model"], r.body["n"]) for r in server.requests] == [("small", 4)] * 3


@BOTH
def test_what_a_server_is_told_of_tools(
    server: OpenAIServer, desk: Desk, run: Callable[..., Any]
) -> None:
    run(agent(server, desk, system_prompt="Be exact."))
    first, second, _ = (request.body for request in server.requests)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["times", "plus"]
    assert first["tools"][0]["function"]["description"] == "Multiply."
    assert first["tools"][0]["function"]["parameters"]["required"] == ["a", "b"]
    assert "tool_choice" not in first
    assert [m["role"] for m in first["messages"]] == ["system", "user"]
    _, _, called, seen = second["messages"]
    assert called["role"] == "assistant"
    assert json.loads(called["tool_calls"][0]["function"]["arguments"]) == {"a": 17, "b": 23}
    assert (seen["role"], seen["content"]) == ("tool", "391")
    assert seen["tool_call_id"] == called["tool_calls"][0]["id"]


@BOTH
def test_a_torn_step_goes_to_the_large_model_under_its_guideline(
    server: OpenAIServer, desk: Desk, run: Callable[..., Any]
) -> None:
    desk.torn_at = {0}
    out = run(agent(server, desk))
    assert desk.done == ["17 * 23", "391 + 9"]
    asked = [(r.body["model"], bool(r.body.get("tools"))) for r in server.requests]
    assert asked == [
        ("small", True),
        ("large", False),
        ("small", True),
        ("large", True),
        ("small", True),
        ("small", True),
    ]
    told = server.requests[3].body["messages"][-1]["content"]
    assert "First call times, then plus." in told
    counted = {name: out["cope"][name] for name in ("steps", "small", "large", "plans")}
    assert counted == {"steps": 3, "small": 2, "large": 1, "plans": 1}


@BOTH
def test_a_turns_bill_is_what_the_server_counted(
    server: OpenAIServer, desk: Desk, run: Callable[..., Any]
) -> None:
    desk.torn_at = {0, 1, 2}
    cope = run(agent(server, desk))["cope"]
    billed = server.billed
    assert cope["requests"] == sum(bill.requests for bill in billed.values())
    assert cope["input_tokens"] == sum(bill.prompt_tokens for bill in billed.values())
    assert cope["output_tokens"] == sum(bill.completion_tokens for bill in billed.values())
    dollars = sum(
        (
            Decimal(price.split(",")[0]) * billed[name].prompt_tokens
            + Decimal(price.split(",")[1]) * billed[name].completion_tokens
        )
        / 1_000_000
        for name, price in PRICES.items()
    )
    assert Decimal(cope["usd"]) == dollars


@BOTH
def test_a_form_is_asked_for_as_a_call_that_has_to_be_made(
    desk: Desk, run: Callable[..., Any]
) -> None:
    class Sums(BaseModel):
        """Both results."""

        product: int
        total: int

    def reply(_: Body) -> Reply:
        return Reply([None], calls=[[("Sums", {"product": 391, "total": 400})]])

    with OpenAIServer(reply) as formal:
        out = run(agent(formal, desk, response_format=Sums))
        (request,) = formal.requests
    assert out["structured_response"] == Sums(product=391, total=400)
    assert request.body["tool_choice"] == "required"
    assert [t["function"]["name"] for t in request.body["tools"]] == ["times", "plus", "Sums"]


def test_a_thread_goes_on_with_real_clients(server: OpenAIServer, desk: Desk) -> None:
    graph = agent(server, desk, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    first = ask(graph, config)
    second = ask(graph, config)
    assert len(second["messages"]) > len(first["messages"])
    assert second["cope"]["steps"] == 1
    assert desk.done == ["17 * 23", "391 + 9"]


def test_a_trace_shows_each_steps_cascade_and_what_the_turn_took(
    server: OpenAIServer, desk: Desk
) -> None:
    desk.torn_at = {0}
    with LangSmithCollector() as collector:
        with collector.tracing():
            out = ask(agent(server, desk, name="desk"))
        runs = collector.runs()
    (root,) = [one for one in runs if one["name"] == "desk"]
    assert root["outputs"]["cope"] == out["cope"]
    cascades = [one for one in runs if one["name"] == "cope"]
    nodes = [[kid["name"] for kid in collector.children(one)][1:] for one in cascades]
    assert nodes[0] == [
        "small_execute",
        "confidence_gate",
        "large_plan",
        "small_execute",
        "confidence_gate",
        "large_execute",
        "confidence_gate",
    ]
    assert nodes[1:] == [["small_execute", "confidence_gate"]] * 2
