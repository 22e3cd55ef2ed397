"""Structured output with real clients: what is sent, and what the embedded pair makes of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from cope_graph import PLAN_FREE, ChatCope, CopeContext, Prompts, create_cope, tasks
from cope_graph.models.pair import LARGE, SMALL
from cope_graph.models.pull import find
from tests.integration_tests.word_models import KEY, pair
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Body, Reply

MISSING = [name for name in (SMALL, LARGE) if find(name.removeprefix("local:")) is None]


class Order(BaseModel):
    """What somebody orders."""

    item: Literal["tea", "coffee"]
    cups: int = Field(ge=1, le=9)


FREE = PLAN_FREE.model_copy(update={"n": 4})
QUESTION = "Two coffees, please."


def orders(body: Body) -> Reply:
    """The small model counts anew each time; the large one is right."""
    if body["model"] == "large":
        return Reply(['Sure: {"cups": 2, "item": "coffee"}'])
    return Reply([f'{{"item": "coffee", "cups": {cups}}}' for cups in range(1, body["n"] + 1)])


def run(graph: Any, way: str) -> Any:
    asked = {"messages": [("user", QUESTION)]}
    return graph.invoke(asked) if way == "invoke" else asyncio.run(graph.ainvoke(asked))


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_executors_are_held_to_the_schema_and_planners_are_not(way: str) -> None:
    def reply(body: Body) -> Reply:
        plans = "response_format" not in body
        return Reply(["Find the cups."] * (body.get("n") or 1)) if plans else orders(body)

    defaults = CopeContext(n=4, small_plan="none")
    with OpenAIServer(reply, api_key=KEY) as server:
        graph = create_cope(*pair(server), response_format=Order, defaults=defaults).compile()
        out = run(graph, way)
    assert Order.model_validate_json(out["answer"]) == Order(item="coffee", cups=2)
    assert [visit.get("fields") for visit in out["visits"][:2]] == [{"item": 1.0, "cups": 0.25}] * 2
    assert "Find the cups." in server.requests[-1].body["messages"][-1]["content"]
    formats: list[Any] = [request.body.get("response_format") for request in server.requests]
    assert [bool(one) for one in formats] == [True, False, True, True]
    named = formats[0]["json_schema"]
    assert formats[0]["type"] == "json_schema"
    assert named["name"] == "Order"
    assert named["schema"] == tasks.structured(Order).schema
    assert {json.dumps(one) for one in formats if one} == {json.dumps(formats[0])}


def test_a_server_that_takes_no_schema_is_asked_in_words_alone() -> None:
    refusal = ApiError(400, "response_format is not supported", "invalid_request_error")

    def reply(body: Body) -> Reply:
        return Reply((), error=refusal) if "response_format" in body else orders(body)

    with OpenAIServer(reply, api_key=KEY) as server:
        out = run(
            create_cope(*pair(server), response_format=Order, defaults=FREE).compile(), "invoke"
        )
    assert Order.model_validate_json(out["answer"]) == Order(item="coffee", cups=2)
    assert out["failures"] == []
    assert "JSON schema" in server.requests[-1].body["messages"][-1]["content"]


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_the_chat_model_gives_objects_through_a_real_client(way: str) -> None:
    with OpenAIServer(orders, api_key=KEY) as server:
        small, large = pair(server)
        model = ChatCope(small=small, large=large, task=tasks.math(), defaults=FREE)
        chain = model.with_structured_output(Order, include_raw=True)
        out = chain.invoke(QUESTION) if way == "invoke" else asyncio.run(chain.ainvoke(QUESTION))
    assert out["parsed"] == Order(item="coffee", cups=2)
    assert out["parsing_error"] is None
    assert out["raw"].response_metadata["cope"]["stage"] == 3
    assert all("response_format" in request.body for request in server.requests)


@pytest.mark.local_models
@pytest.mark.skipif(bool(MISSING), reason="no model files: cope models pull")
@pytest.mark.timeout(600)
def test_the_embedded_pair_is_held_to_the_schema_though_no_prompt_speaks_of_json() -> None:
    words = Prompts(
        goal="{question}",
        guideline="{question}",
        execute="{question}{plan}",
        with_goal="{goal}",
        with_guideline="{guideline}",
    )
    # tau 1 can't be exceeded: both models answer.
    defaults = PLAN_FREE.model_copy(
        update={"n": 3, "tau1": 1.0, "seed": 1, "max_answer_tokens": 100}
    )
    task = tasks.structured(Order, prompts=words)
    out = run(create_cope(SMALL, LARGE, task=task, defaults=defaults).compile(), "invoke")
    assert [visit["stage"] for visit in out["visits"]] == [1, 3]
    assert sum(vote["count"] for vote in out["visits"][0]["votes"]) == 3
    assert isinstance(Order.model_validate_json(out["answer"]), Order)
    assert out["ledger"]["status"] == "reported"
