"""Where usage is reported the bill is usage times price, to the last digit."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from cope_graph import CopeContext, Price, create_cope, tasks
from tests.integration_tests.word_models import HARD, KEY, word_server
from tests.loopback.clients import chat
from tests.loopback.completions import Bill
from tests.loopback.openai_server import OpenAIServer

PRICES = {
    "small": Price.of("0.0333333333", "0.77777777", "0.0111111119"),
    "large": Price.of("2.4999999999", "9.87654321", "1.23456789"),
}
"""Prices with digits that floating point would lose."""


def due(server: OpenAIServer) -> Decimal:
    """Price what the server counted, apart from the package's own arithmetic."""
    return sum((_due(bill, PRICES[model]) for model, bill in server.billed.items()), Decimal(0))


def _due(bill: Bill, price: Price) -> Decimal:
    assert price.cached is not None
    fresh = (bill.prompt_tokens - bill.cached_tokens) * price.input
    million = Decimal(1_000_000)
    spent = fresh + bill.cached_tokens * price.cached + bill.completion_tokens * price.output
    return spent / million


def graph_of(server: OpenAIServer) -> Any:
    return create_cope(
        chat(server, "small", api_key=SecretStr(KEY)),
        chat(server, "large", api_key=SecretStr(KEY)),
        task=tasks.math(),
        prices=PRICES,
        defaults=CopeContext(max_plan_tokens=50, max_answer_tokens=50),
    ).compile()


def ask(number: int = 0) -> dict[str, Any]:
    return {"messages": [("user", f"{HARD} ({number})")]}


def invoked(graph: Any) -> list[Any]:
    return [graph.invoke(ask())]


def ainvoked(graph: Any) -> list[Any]:
    return [asyncio.run(graph.ainvoke(ask()))]


def streamed(graph: Any) -> list[Any]:
    parts = graph.stream(ask(), stream_mode=["messages", "values"])
    return [[value for mode, value in parts if mode == "values"][-1]]


def batched(graph: Any) -> list[Any]:
    outs: list[Any] = graph.batch([ask(i) for i in range(16)])
    return outs


def gathered(graph: Any) -> list[Any]:
    outs: list[Any] = asyncio.run(graph.abatch([ask(i) for i in range(16)]))
    return outs


@pytest.mark.parametrize("run", [invoked, ainvoked, streamed, batched, gathered])
def test_the_bill_is_what_the_server_counted_times_the_price(run: Any) -> None:
    with word_server() as server:
        outs = run(graph_of(server))
        expected = due(server)
        cached = sum(bill.cached_tokens for bill in server.billed.values())
        assert min(cached, server.billed["large"].reasoning_tokens) > 0
    assert {out["stage"] for out in outs} == {3}
    assert all(out["ledger"]["status"] == "reported" for out in outs)
    for figure in ("usd", "usd_upper", "usd_known"):
        assert sum(Decimal(out["ledger"][figure]) for out in outs) == expected
    for by in ("by_node", "by_role", "by_stage"):
        parts = [part for out in outs for part in out["ledger"][by].values()]
        assert sum(Decimal(part["usd"]) for part in parts) == expected
