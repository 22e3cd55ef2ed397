"""Agents over a real client: bill and trace are what the server counted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from langchain.agents import create_agent
from pydantic import SecretStr

from cope_graph import CopeContext, create_cope, tasks
from tests.integration_tests.test_exact_bill import PRICES, ask, due
from tests.integration_tests.test_tracing import used_by_model
from tests.integration_tests.word_models import KEY, billed_usage, word_server
from tests.loopback.clients import chat
from tests.loopback.langsmith_collector import LangSmithCollector


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_bill_and_trace_of_agents_are_what_the_server_counted(way: str) -> None:
    with word_server() as server, LangSmithCollector() as collector:
        small = chat(server, "small", api_key=SecretStr(KEY))
        large = chat(server, "large", api_key=SecretStr(KEY))
        graph: Any = create_cope(
            small,
            large,
            task=tasks.math(),
            prices=PRICES,
            defaults=CopeContext(n=4),
            small_executor=create_agent(small, []),
            large_executor=create_agent(large, []),
        ).compile()
        with collector.tracing():
            out = graph.invoke(ask()) if way == "invoke" else await graph.ainvoke(ask())
        expected, billed = due(server), billed_usage(server)
        traced = collector.runs()
    assert (out["stage"], out["ledger"]["status"]) == (3, "reported")
    assert Decimal(out["ledger"]["usd"]) == expected > 0
    assert used_by_model(traced) == billed
