"""A `HuggingFaceEndpoint` as a model of the cascade: what it sends, costs and streams."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_huggingface import ChatHuggingFace

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.errors import MissingKeyError, ModelCallError
from cope_graph.models.bound import bind
from cope_graph.models.names import chat_model
from tests.integration_tests.bookkeeping import PRICES, counted, kept, lines_of
from tests.integration_tests.hugging_face import (  # noqa: F401 - a fixture
    QUESTION,
    WAYS,
    bare,
    endpoint,
    no_token,
    run,
    use,
)
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

pytestmark = pytest.mark.usefixtures("no_token")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(_reply) as server:
        yield server


def _reply(body: Body) -> Reply:
    small = body["model"].startswith("small")
    number = len(str(body.get("seed"))) + body.get("seed", 0) if small else 42
    return Reply([f"So it goes. The answer is {number}."], cached_tokens=3)


def test_an_endpoint_is_asked_k_times_and_is_not_free(server: OpenAIServer) -> None:
    bound = bind(endpoint(server), "small", {})
    assert (bound.takes_n, bound.price, bound.retries, bound.says_finish) == (False, None, 2, True)
    assert (bound.name, bound.api_url) == ("small", server.base_url)


def test_an_endpoint_without_a_name_goes_by_its_bare_address(server: OpenAIServer) -> None:
    url = server.base_url.replace("//", "//user:planted@")
    llm = bare(endpoint_url=f"{url}?token=planted")
    bound = bind(llm, "small", {})
    assert bound.name == bound.api_url == server.base_url


@pytest.mark.parametrize("way", WAYS)
async def test_a_runs_settings_reach_the_server_and_its_bill_is_the_servers(
    server: OpenAIServer, way: str
) -> None:
    settings = CopeContext(n=3, seed=100, max_plan_tokens=9, max_answer_tokens=33)
    graph = create_cope(
        endpoint(server, "small"),
        endpoint(server, "large"),
        task=tasks.math(),
        prices=PRICES,
        defaults=settings,
    ).compile()
    out = await run(graph, way)
    assert (out["answer"], out["stage"]) == ("42", 3)
    bodies = [request.body for request in server.requests]
    assert all("n" not in body for body in bodies)
    asked = [(b["model"], b["temperature"], b["seed"], b["max_tokens"]) for b in bodies]
    plans = [("small", 0.8, 100 + i, 9) for i in range(3)]
    assert sorted(asked[:3]) == plans
    assert sorted(asked[3:6]) == [("small", 0.4, 100 + i, 33) for i in range(3)]
    assert asked[-1] == ("large", 0.0, 100, 33)
    assert kept(lines_of([out])) == counted(server)
    assert sum(line["cached_tokens"] for line in out["ledger"]["lines"]) > 0


@pytest.mark.parametrize("way", ["stream", "astream"])
async def test_stage_3_streams_its_tokens(server: OpenAIServer, way: str) -> None:
    large = endpoint(server, "large")
    graph = create_cope(
        endpoint(server), large, task=tasks.math(), defaults=CopeContext(stages=(3,))
    ).compile()
    if way == "stream":
        events: list[Any] = list(graph.stream(QUESTION, stream_mode="messages"))
    else:
        events = [event async for event in graph.astream(QUESTION, stream_mode="messages")]
    texts = [message.text for message, _ in events if isinstance(message, AIMessageChunk)]
    assert len([text for text in texts if text]) > 3
    assert "".join(texts) == "So it goes. The answer is 42."
    assert server.requests[-1].body["stream"] is True


def test_one_graph_serves_one_event_loop_after_another(server: OpenAIServer) -> None:
    graph = create_cope(
        endpoint(server), endpoint(server, "large"), task=tasks.math(), defaults=CopeContext(n=2)
    ).compile()
    outs = [asyncio.run(graph.ainvoke(QUESTION)) for _ in range(3)]
    assert [out["failures"] for out in outs] == [[], [], []]


@pytest.mark.parametrize("way", WAYS)
async def test_no_response_is_kept(server: OpenAIServer, way: str) -> None:
    model = bind(endpoint(server), "small", {}).chat
    for _ in range(3):
        await use(model, way)
    held = [c._client.exit_stack for c in (model.llm.client, model.llm.async_client)]  # type: ignore[attr-defined]
    assert [len(stack._exit_callbacks) for stack in held] == [0, 0]


@pytest.mark.parametrize("way", WAYS)
async def test_a_reply_at_the_token_limit_is_cut(server: OpenAIServer, way: str) -> None:
    settings = CopeContext(n=2, stages=(1, 3), seed=100)
    large = endpoint(server, "large-length")
    graph = create_cope(endpoint(server), large, task=tasks.math(), defaults=settings).compile()
    out = await run(graph, way)
    # The small model's samples differ, and the large model's only one is of no use.
    assert (out["stage"], out["accepted"]) == (1, False)


@pytest.mark.parametrize("way", ["stream", "astream"])
async def test_a_stream_that_breaks_off_is_no_answer(server: OpenAIServer, way: str) -> None:
    large = endpoint(server, "large-truncated")
    settings = CopeContext(stages=(3,), retries=0)
    graph = create_cope(endpoint(server), large, task=tasks.math(), defaults=settings).compile()
    with pytest.raises(ModelCallError, match="the reply broke off"):
        await run(graph, way)


def test_the_hubs_inference_without_a_token_is_one_sentence() -> None:
    llm = bare(repo_id="org/name")
    for model in (llm, ChatHuggingFace(llm=llm)):
        with pytest.raises(MissingKeyError, match="org/name needs a token of Hugging Face"):
            chat_model(model, "large")


def test_the_hubs_inference_is_named_by_repository_and_provider() -> None:
    token = {"huggingfacehub_api_token": "hf_planted"}
    llms = [bare(repo_id="org/name", provider=provider, **token) for provider in (None, "novita")]
    bounds = [bind(llm, "large", {}) for llm in llms]
    assert [(bound.name, bound.api_url) for bound in bounds] == [
        ("org/name", "https://router.huggingface.co"),
        ("org/name", "https://router.huggingface.co/novita"),
    ]


def test_only_what_its_user_set_is_sent(server: OpenAIServer) -> None:
    plain, own = endpoint(server), endpoint(server, top_p=0.5, repetition_penalty=1.1)
    own.presence_penalty = 0.2
    for model in (plain, own):
        chat_model(model, "small").invoke("Hi")
    bodies = [request.body for request in server.requests]
    assert [body.get("top_p") for body in bodies] == [None, 0.5]
    assert [body.get("presence_penalty") for body in bodies] == [None, 0.2]
    assert [body.get("frequency_penalty") for body in bodies] == [None, None]
