"""Programs beside words over HTTP, in a real sandbox: votes, requests and the bill."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.errors import SandboxSetupError
from cope_graph.models.bound import bind
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.stages.worst import worst_rest
from cope_graph.tasks import Task
from tests.candidates import Broken, fenced
from tests.integration_tests.bookkeeping import PRICES, usd
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

WANTED = "Write a short Python program"
PROGRAMS = ("print(6 * 7)\n", "print(84 / 2)\n", "print(answer)\n", "total = 42\n")
"""Two answer, one fails, one prints nothing."""


def solve(body: Body) -> Reply:
    """Answer in words with 42 and 43, and with programs if asked; alone, know nothing."""
    asked = body["messages"][-1]["content"]
    if body["model"] == "large":
        return Reply(["First, multiply. The answer is 42."])
    if (body.get("n") or 1) == 1:
        return Reply([fenced("print(answer)\n")] if WANTED in asked else ["Find it."])
    if WANTED in asked:
        return Reply([fenced(code) for code in PROGRAMS], reasoning_tokens=2)
    return Reply(["So the answer is 42.", "So the answer is 43."], cached_tokens=3)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(solve) as server:
        yield server


@pytest.fixture
def task() -> Task:
    try:
        return tasks.math(programs=4)
    except SandboxSetupError as error:
        pytest.skip(str(error))


def graph_of(server: OpenAIServer, task: Task, **settings: Any) -> Any:
    small, large = chat(server, "small"), chat(server, "large")
    defaults = CopeContext(**{"n": 6, **settings})
    return create_cope(small, large, task=task, prices=PRICES, defaults=defaults)


def ask(app: Any, *, in_a_loop: bool, config: Any = None) -> Any:
    given = {"messages": [("user", "What is 6 * 7?")]}
    return asyncio.run(app.ainvoke(given, config)) if in_a_loop else app.invoke(given, config)


FREE = {name: getattr(PLAN_FREE, name) for name in PLAN_FREE.model_fields_set}


@pytest.mark.parametrize("in_a_loop", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_words_and_programs_are_one_request_each_and_the_bill_is_the_servers(
    server: OpenAIServer, task: Task, in_a_loop: bool, kept: bool
) -> None:
    app = graph_of(server, task, tau1=0.4, **FREE).compile(InMemorySaver() if kept else None)
    config = {"configurable": {"thread_id": "t"}} if kept else None
    out = ask(app, in_a_loop=in_a_loop, config=config)
    assert (out["answer"], out["stage"], out["confidence"]) == ("42", 1, 0.5)
    assert out["visits"][0]["programs"] == {"failed": 1, "printed": 2, "silent": 1}
    assert "2 of 4 programs gave no answer (1 failed, 1 silent)" in out["reason"]
    bodies = [request.body for request in server.requests]
    assert sorted((body["n"], WANTED in body["messages"][-1]["content"]) for body in bodies) == [
        (2, False),
        (4, True),
    ]
    ledger = out["ledger"]
    assert (ledger["requests"], ledger["status"]) == (2, "reported")
    assert ledger["usd"] == str(usd(server.billed, PRICES).normalize())


@pytest.mark.parametrize("in_a_loop", [False, True])
def test_both_stages_with_plans_cost_what_the_server_counted(
    server: OpenAIServer, task: Task, in_a_loop: bool
) -> None:
    out = ask(graph_of(server, task).compile(), in_a_loop=in_a_loop)
    assert (out["answer"], out["stage"]) == ("42", 3)
    # A plan, six samples of stage 1; a guideline, two requests of stage 2; an answer.
    looks = [look.get("programs") for look in out["visits"]]
    assert looks == [{"failed": 4}, {"failed": 1, "printed": 2, "silent": 1}, None]
    assert out["ledger"]["requests"] == 1 + 6 + 1 + 2 + 1
    assert out["ledger"]["usd"] == str(usd(server.billed, PRICES).normalize())


def worst(server: OpenAIServer, programs: int, **settings: Any) -> int:
    """Bound the tokens of stage 1 before its first request."""
    limits = {"n": 4, "max_plan_tokens": 50, "max_answer_tokens": 50, "stages": (1,)}
    asked = CopeContext(**{**limits, **settings})
    task = tasks.math(programs=programs, sandbox=Broken())
    small = bind(chat(server, "small"), "small", PRICES)
    cascade = Cascade(small, bind(chat(server, "large"), "large", PRICES), task, asked)
    state: Any = {**FRESH, "messages": [HumanMessage("What is 6 * 7?")], "stage": 1}
    return worst_rest(Run(cascade, state, asked), "START", 1).tokens or 0


def test_the_worst_case_of_a_run_counts_each_prompt_once_a_request(server: OpenAIServer) -> None:
    planned = [worst(server, k) for k in range(5)]  # a request for each sample
    steps = {more - less for less, more in pairwise(planned)}
    assert len(steps) == 1
    assert steps.pop() > 0
    free = [worst(server, k, small_plan="none") for k in range(5)]
    assert free[0] < free[4] < free[1] == free[2] == free[3]  # one prompt, the other, both
