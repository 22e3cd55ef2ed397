"""A server that takes no JSON schema, asked several times at once."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from cope_graph import CopeContext, create_cope
from tests.integration_tests.judge_models import LARGE_TEXT, graph_of, to_judge
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Body, Reply
from tests.unit_tests.conftest import Runner, both

__all__ = ["both"]

REFUSAL = ApiError(400, "response_format is not supported", "invalid_request_error")
ASK: dict[str, Any] = {"messages": [("user", "A poem, please.")]}
LATE_S = 0.3
"""So that all requests are on their way before the first is refused."""


class Sum(BaseModel):
    """A number."""

    value: int


def without_schema(body: Body) -> Reply:
    if "response_format" in body:
        return Reply((), error=REFUSAL, delay_s=LATE_S)
    asked = body["messages"][-1]["content"]
    if shown := re.findall("<candidate>", asked):
        return Reply([json.dumps({"scores": [9] * len(shown)})])
    if "Write no JSON" in asked:
        return Reply(["Find the sum."])
    if "JSON schema" in asked:
        return Reply(['{"value": 7}'])
    if body["model"].startswith("large"):
        return Reply([LARGE_TEXT])
    return Reply([f"Poem {i}." for i in range(body["n"])])


def test_both_orders_of_a_judgement_are_asked_again_in_words(both: Runner) -> None:
    with OpenAIServer(without_schema) as server:
        out = both(graph_of(server, "critic"), ASK)
    assert (out["stage"], out["accepted"], out["failures"]) == (1, True, [])
    held = ["response_format" in body for body in to_judge(server)]
    assert sorted(held) == [False, False, True, True]


@pytest.mark.parametrize("retries", [0, 1])
def test_no_sample_of_prompts_side_by_side_is_lost(retries: int) -> None:
    settings = CopeContext(n=4, retries=retries)
    with OpenAIServer(without_schema) as server:
        own = {"default_headers": {"Connection": "close"}}
        models = chat(server, "small", **own), chat(server, "large", **own)
        graph: Any = create_cope(*models, response_format=Sum, defaults=settings).compile()
        out = asyncio.run(graph.ainvoke(ASK))
    assert (out["answer"], out["stage"], out["confidence"]) == ('{"value": 7}', 1, 1.0)
    assert out["failures"] == []


def test_the_refusal_takes_away_no_retry() -> None:
    tries = iter(["schema", "busy", "answer"])

    def reply(body: Body) -> Reply:
        if body["model"] == "small":
            return Reply(["no object"])
        match next(tries):
            case "schema":
                return Reply((), error=REFUSAL)
            case "busy":
                return Reply((), error=ApiError(503, "overloaded", "server_error"))
            case _:
                return Reply(['{"value": 7}'])

    settings = CopeContext(n=1, stages=(3,), retries=1)
    with OpenAIServer(reply) as server:
        models = chat(server, "small"), chat(server, "large")
        graph: Any = create_cope(*models, response_format=Sum, defaults=settings).compile()
        out = graph.invoke(ASK)
    assert (out["answer"], out["failures"]) == ('{"value": 7}', [])
