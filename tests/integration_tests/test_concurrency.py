"""256 runs at once on one compiled graph: each gets its own answer, messages and bill."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
import pytest
from langchain_core.messages import HumanMessage

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.errors import BudgetError
from cope_graph.stages.run import FRESH
from tests.integration_tests.bookkeeping import PRICES
from tests.integration_tests.loops import Run, event_loop
from tests.loopback.clients import chat
from tests.loopback.completions import Bill, Completion
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply, wanted_choices

Graph = Any
Outs = list[dict[str, Any]]

RUNS = 256
HARD = range(3, RUNS, 8)
"""Whose samples disagree, so that the large model answers."""

NUMBER = re.compile(r"Item (\d+):")
WAY = re.compile(r"by way (\d+)")


def question(number: int) -> str:
    return f"Item {number}: what is {number} * 3?{' Hm.' * (number % 19)}"


def reply(body: Body) -> Reply:
    """Answer the question in the prompt, after a delay that is its own."""
    prompt = str(body["messages"][-1]["content"])
    number, k = _number(body), wanted_choices(body)
    delay_s = zlib.crc32(orjson.dumps(body["messages"])) % 50 / 1000
    if "boxed" not in prompt:
        return Reply([f"Find item {number} by way {i}." for i in range(k)], delay_s=delay_s)
    first = int(way[1]) if (way := WAY.search(prompt)) and k == 1 else 0
    wrong = number in HARD and body["model"] == "small"
    answers = [10_000 * (i + 1) + number if wrong else 3 * number for i in range(first, first + k)]
    words = "so " * (number % 23)
    texts = [f"Item {number}: {words}it follows. The answer is {answer}." for answer in answers]
    return Reply(texts, delay_s=delay_s, cached_tokens=number % 7)


def _number(body: Body) -> int:
    match = NUMBER.search(str(body["messages"][-1]["content"]))
    assert match is not None
    return int(match[1])


def gathered(run: Run, graph: Graph, questions: Sequence[Any]) -> Outs:
    async def all_at_once() -> Any:
        return await asyncio.gather(*(graph.ainvoke(each) for each in questions))

    outs: Outs = run(all_at_once())
    return outs


def abatched(run: Run, graph: Graph, questions: Sequence[Any]) -> Outs:
    outs: Outs = run(graph.abatch(questions))
    return outs


def batched(_: Run, graph: Graph, questions: Sequence[Any]) -> Outs:
    outs: Outs = graph.batch(questions, {"max_concurrency": 32})
    return outs


@pytest.fixture(scope="module")
def loop() -> Iterator[Run]:
    with event_loop() as run:
        yield run


@pytest.fixture(scope="module", params=[gathered, abatched, batched])
def crowd(request: pytest.FixtureRequest, loop: Run) -> Iterator[tuple[OpenAIServer, Outs]]:
    """Every question asked at once on one graph, and the server that answered."""
    way: Callable[[Run, Graph, Sequence[Any]], Outs] = request.param
    with OpenAIServer(reply) as server:
        graph = create_cope(
            chat(server, "small"),
            chat(server, "large"),
            task=tasks.math(),
            defaults=CopeContext(n=4, straggler_s=None),
            prices=PRICES,
        ).compile()
        questions = [{"messages": [("user", question(number))]} for number in range(RUNS)]
        yield server, way(loop, graph, questions)


def test_every_run_returns_the_answer_to_its_own_question(
    crowd: tuple[OpenAIServer, Outs],
) -> None:
    server, outs = crowd
    assert [out["answer"] for out in outs] == [str(3 * number) for number in range(RUNS)]
    assert [n for n, out in enumerate(outs) if out["stage"] == 3] == list(HARD)
    assert all(out["accepted"] and not out["failures"] for out in outs)
    assert server.traffic.max_in_flight > 8  # of more than two runs at the same time


def test_every_run_returns_its_own_messages(crowd: tuple[OpenAIServer, Outs]) -> None:
    _, outs = crowd
    for number, out in enumerate(outs):
        asked, answered = out["messages"]
        assert asked.text == question(number)
        assert answered.text.startswith(f"Item {number}: ")
        assert answered.text.endswith(f"The answer is {3 * number}.")
        assert answered.response_metadata["cope"]["answer"] == out["answer"]
    ids = [message.id for out in outs for message in out["messages"]]
    assert len(set(ids)) == 2 * RUNS


def test_every_run_is_billed_for_its_own_requests(crowd: tuple[OpenAIServer, Outs]) -> None:
    server, outs = crowd
    bills = [Bill() for _ in outs]
    for asked in server.requests:
        number = _number(asked.body)
        bills[number] += Completion(asked.body, reply(asked.body), 0).bill
    ledgers = [out["ledger"] for out in outs]
    assert [_bill(ledger) for ledger in ledgers] == bills
    assert sum(bills, Bill()) == sum(server.billed.values(), Bill())
    assert {ledger["status"] for ledger in ledgers} == {"reported"}
    assert len(set(bills)) > RUNS // 2  # else a mix-up could go unseen


def test_runs_share_nothing_that_can_be_changed(crowd: tuple[OpenAIServer, Outs]) -> None:
    _, outs = crowd
    owned = [set(_mutables(out)) for out in outs]
    assert all(len(own) > 20 for own in owned)
    assert len(set.union(*owned)) == sum(map(len, owned))
    assert set.union(*owned).isdisjoint(_mutables(FRESH))


def test_a_ledger_of_a_run_that_spent_nothing_is_its_own_too() -> None:
    with OpenAIServer(reply) as server:
        graph = create_cope(chat(server, "small"), chat(server, "large"), task=tasks.math())
        # A budget without a limit on the replies: refused before the first request.
        cheap = CopeContext(budget_tokens=100)
        with pytest.raises(BudgetError) as caught:
            graph.compile().invoke({"messages": [HumanMessage(question(0))]}, context=cheap)
    assert caught.value.ledger
    assert caught.value.ledger["requests"] == 0
    assert set(_mutables(caught.value.ledger)).isdisjoint(_mutables(FRESH))


def _bill(ledger: dict[str, Any]) -> Bill:
    lines = ledger["lines"]
    cached, reasoning = (
        sum(line[key] for line in lines) for key in ("cached_tokens", "reasoning_tokens")
    )
    return Bill(
        ledger["requests"], ledger["input_tokens"], ledger["output_tokens"], cached, reasoning
    )


def _mutables(value: object) -> Iterator[int]:
    """Give the identities of all that could be changed in place."""
    if isinstance(value, dict | list):
        yield id(value)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _mutables(inner)
    elif hasattr(value, "__dict__"):  # a message
        yield id(value)
        yield from _mutables(vars(value))
