"""Three small models on a real server, one after another: who is asked, and every bill exact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import Budget, ChatCope, CopeContext, Price, create_cope, tasks
from cope_graph.errors import BudgetError, UnknownPriceError
from cope_graph.models.bound import bind
from cope_graph.money.amount import Amount
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.stages.worst import worst_rest
from tests.integration_tests.bookkeeping import usd
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Body, Reply

VOTERS: Final = ("ant", "bee", "cow")
PRICES: Final = {
    "ant": Price.of("0.0333333333", "0.77777777", "0.0111111119"),
    "bee": Price.of("0.0411111117", "0.81313131", "0.0222222223"),
    "cow": Price.of("0.1234567891", "0.91919191", "0.0333333337"),
    "large": Price.of("2.4999999999", "9.87654321", "1.23456789"),
}
"""Prices with digits that floating point would lose."""
LIMITS: Final[dict[str, Any]] = {"max_plan_tokens": 20, "max_answer_tokens": 20}
ANSWERS: Final = {
    "easy": {"ant": "7", "bee": "7", "cow": "8"},
    "third": {"ant": "7", "bee": "8", "cow": "8"},
    "hard": {"ant": "1", "bee": "2", "cow": "3"},
}
"""What each voter says, by a word of the question; the large model says 42."""
DEAD: Final = Reply((), error=ApiError(401, "No.", "invalid_request_error"))


def reply(body: Body) -> Reply:
    question, model = body["messages"][-1]["content"], body["model"]
    word = next(word for word in ANSWERS if word in question)
    if "dead" in question and model == "ant":
        return DEAD
    answer = ANSWERS[word].get(model, "42")
    return Reply([f"Words of {model}. The answer is {answer}."], cached_tokens=2)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(reply) as server:
        yield server


def graph_of(server: OpenAIServer, *, budget: Budget | None = None, **settings: Any) -> Any:
    fresh = {"default_headers": {"Connection": "close"}}  # a kept one belongs to one event loop
    return create_cope(
        [chat(server, name, **fresh) for name in VOTERS],
        chat(server, "large", **fresh),
        task=tasks.math(),
        prices=PRICES,
        budget=budget,
        defaults=CopeContext(**{"quorum": 2, **LIMITS, **settings}),
    ).compile()


def ask(word: str) -> dict[str, Any]:
    return {"messages": [("user", f"What is 3 + 4? ({word})")]}


def streamed(graph: Any, given: dict[str, Any]) -> Any:
    parts = graph.stream(given, stream_mode=["messages", "values"])
    return [value for mode, value in parts if mode == "values"][-1]


WAYS: Final[dict[str, Callable[[Any, dict[str, Any]], Any]]] = {
    "invoke": lambda graph, given: graph.invoke(given),
    "ainvoke": lambda graph, given: asyncio.run(graph.ainvoke(given)),
    "stream": streamed,
    "batch": lambda graph, given: graph.batch([given])[0],
    "abatch": lambda graph, given: asyncio.run(graph.abatch([given]))[0],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("settings", "word", "requests", "answer", "stage"),
    [
        ({"small_plan": "none", "stages": (1, 3)}, "easy", {"ant": 1, "bee": 1}, "7", 1),
        ({"small_plan": "none", "stages": (1, 3)}, "third", dict.fromkeys(VOTERS, 1), "8", 1),
        ({}, "easy", {"ant": 2, "bee": 2}, "7", 1),
        ({}, "hard", {**dict.fromkeys(VOTERS, 3), "large": 2}, "42", 3),
        ({"quorum": 3}, "easy", {"ant": 3, "bee": 3, "cow": 3, "large": 2}, "42", 3),
        ({"n": 6, "quorum": 3}, "easy", {"ant": 3, "bee": 3}, "7", 1),
    ],
)
def test_who_is_asked_and_the_bill_of_each_model_is_the_servers(
    server: OpenAIServer,
    way: str,
    settings: dict[str, Any],
    word: str,
    requests: dict[str, int],
    answer: str,
    stage: int,
) -> None:
    out = WAYS[way](graph_of(server, **settings), ask(word))
    assert (out["answer"], out["stage"]) == (answer, stage)
    lines = out["ledger"]["lines"]
    assert {name: sum(ln["model"] == name for ln in lines) for name in requests} == requests
    assert {request.body["model"] for request in server.requests} == set(requests)
    for name, bill in server.billed.items():
        own = [line for line in lines if line["model"] == name]
        assert sum(line["input_tokens"] for line in own) == bill.prompt_tokens
        assert sum(line["output_tokens"] for line in own) == bill.completion_tokens
        assert sum(Decimal(line["usd"]) for line in own) == usd({name: bill}, PRICES)
    assert Decimal(out["ledger"]["usd"]) == usd(server.billed, PRICES)
    assert out["ledger"]["status"] == "reported"


@pytest.mark.parametrize("way", WAYS)
def test_a_dead_voter_costs_nothing_and_the_others_still_agree(
    server: OpenAIServer, way: str
) -> None:
    out = WAYS[way](graph_of(server, small_plan="none", stages=(1, 3)), ask("dead third"))
    assert (out["answer"], out["stage"]) == ("8", 1)
    assert [(f["model"], f["kind"]) for f in out["failures"]] == [("ant", "refused")]
    assert set(server.billed) == {"bee", "cow"}
    assert Decimal(out["ledger"]["usd"]) == usd(server.billed, PRICES)


def test_a_crash_in_the_middle_of_the_sequence_is_resumed_without_paying_twice(
    server: OpenAIServer,
) -> None:
    saver, thread = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = graph_of(server)
    stopping = graph.builder.compile(checkpointer=saver, interrupt_after=["confidence_gate"])
    stopping.invoke(ask("third"), thread)
    assert set(server.billed) == {"ant"}
    out = graph.builder.compile(checkpointer=saver).invoke(None, thread)
    assert out["answer"] == "8"
    assert [request.body["model"] for request in server.requests] == [
        name for name in VOTERS for _ in range(2)
    ]
    assert Decimal(out["ledger"]["usd"]) == usd(server.billed, PRICES)


def test_each_voter_is_an_update_of_its_own_as_it_comes(server: OpenAIServer) -> None:
    graph = graph_of(server, small_plan="none", stages=(1, 3))

    async def in_a_loop() -> list[Any]:
        return [part async for part in graph.astream(ask("third"), stream_mode="updates")]

    in_a_thread = graph.stream(ask("third"), stream_mode="updates")
    for parts in (list(in_a_thread), asyncio.run(in_a_loop())):
        assert [node for part in parts for node in part] == ["small_execute", "confidence_gate"] * 3
        looks = [part["confidence_gate"]["visits"][-1] for part in parts[1::2]]
        assert [look["model"] for look in looks] == ["ant", "ant, bee", "ant, bee, cow"]
        assert [look["to_draw"] for look in looks[:2]] == [1, 1]


def worst(server: OpenAIServer, count: int, **settings: Any) -> Amount:
    """Bound a run of the first so many voters before its first request."""
    models = [bind(chat(server, name), "small", PRICES) for name in VOTERS[:count]]
    asked = CopeContext(**{"n": count, **LIMITS, **settings})
    large = bind(chat(server, "large"), "large", PRICES)
    cascade = Cascade(models[0], large, tasks.math(), asked, more_voters=tuple(models[1:]))
    state: Any = {**FRESH, "messages": [HumanMessage("What is 3 + 4? (easy)")], "stage": 1}
    return worst_rest(Run(cascade, state, asked), "small_plan", 1)


def test_the_worst_case_is_reserved_over_all_voters_with_their_plans(
    server: OpenAIServer,
) -> None:
    figures = [worst(server, count) for count in (1, 2, 3)]
    assert all(one.usd is not None and one.tokens is not None for one in figures)
    tokens = [one.tokens or 0 for one in figures]
    assert tokens[1] - tokens[0] == tokens[2] - tokens[1] > 0  # each as much as the others
    prices = [one.usd or Decimal(0) for one in figures]
    assert prices[2] - prices[1] > prices[1] - prices[0] > 0  # at its own price


@pytest.mark.parametrize("unit", ["usd", "tokens"])
@pytest.mark.parametrize("word", ["easy", "hard"])
def test_many_runs_on_one_budget_never_spend_more_than_it(
    server: OpenAIServer, unit: str, word: str
) -> None:
    most = worst(server, 3, quorum=2)
    limit = 2 * ((most.usd if unit == "usd" else most.tokens) or 0)
    budget = Budget(usd=Decimal(limit)) if unit == "usd" else Budget(tokens=int(limit))
    outs = graph_of(server, budget=budget).batch([ask(word)] * 12, return_exceptions=True)
    done = [out for out in outs if isinstance(out, dict) and out["stopped_by"] is None]
    refused = [out for out in outs if isinstance(out, BaseException)]
    assert len(done) >= 2
    assert all(isinstance(error, BudgetError) for error in refused)
    bills = server.billed.values()
    spent = sum(bill.prompt_tokens + bill.completion_tokens for bill in bills)
    assert (usd(server.billed, PRICES) if unit == "usd" else spent) <= limit


def test_a_runs_own_budget_holds_over_the_sequence(server: OpenAIServer) -> None:
    most = worst(server, 3, small_plan="none", stages=(1,))
    assert most.usd is not None
    settings: dict[str, Any] = {"small_plan": "none", "stages": (1,), "budget_usd": most.usd}
    out = graph_of(server, **settings).invoke(ask("third"))
    assert (out["answer"], out["stopped_by"]) == ("8", None)
    less = {**settings, "budget_usd": most.usd / 4}
    out = graph_of(server, **less).invoke(ask("hard"))
    assert (out["accepted"], out["stopped_by"]) == (False, "budget")
    assert Decimal(out["ledger"]["usd"]) <= less["budget_usd"]


def test_a_voter_without_a_price_is_named_where_a_budget_needs_one(server: OpenAIServer) -> None:
    prices = {name: price for name, price in PRICES.items() if name != "bee"}
    with pytest.raises(UnknownPriceError, match=r"bee has no known price.*\{'bee': Price.of"):
        create_cope(
            [chat(server, name) for name in VOTERS],
            chat(server, "large"),
            task=tasks.math(),
            prices=prices,
            budget=Budget(usd="1"),
            defaults=CopeContext(**LIMITS),
        )


def test_the_chat_model_answers_by_the_quorum(server: OpenAIServer) -> None:
    model = ChatCope(
        small=[chat(server, name) for name in VOTERS],
        large=chat(server, "large"),
        task=tasks.math(),
        prices=PRICES,
        defaults=CopeContext(quorum=2, **LIMITS),
    )
    facts = model.invoke("What is 3 + 4? (third)").response_metadata["cope"]
    assert (facts["answer"], facts["stage"]) == ("8", 1)
    assert Decimal(facts["ledger"]["usd"]) == usd(server.billed, PRICES)
