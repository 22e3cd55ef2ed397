"""k samples for one bill: real ChatOpenAI clients on a real loopback server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cope_graph.errors import ModelCallError
from cope_graph.models.bound import Bound, bind
from cope_graph.models.draw import adraw, draw
from cope_graph.models.exchange import Drawn, Request
from cope_graph.models.one_bill import one_bill
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Reply
from tests.scripted import ScriptedChat

Drawer = Callable[[Bound, Sequence[Request]], list[list[Drawn]]]


def _sync(model: Bound, requests: Sequence[Request]) -> list[list[Drawn]]:
    drawn: list[list[Drawn]] = [[] for _ in requests]
    draw(model, requests, {}, drawn)
    return drawn


def _async(model: Bound, requests: Sequence[Request]) -> list[list[Drawn]]:
    drawn: list[list[Drawn]] = [[] for _ in requests]
    asyncio.run(adraw(model, requests, {}, drawn))
    return drawn


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def drawer(request: pytest.FixtureRequest) -> Drawer:
    found: Drawer = request.param
    return found


def _into(drawn: Any, drawer: Drawer, model: Bound, requests: Sequence[Request]) -> None:
    if drawer is _sync:
        draw(model, requests, {}, drawn)
    else:
        asyncio.run(adraw(model, requests, {}, drawn))


def ask(text: str = "What is it?", **given: Any) -> Request:
    return Request((HumanMessage(text),), **given)


def chat(server: OpenAIServer, name: str = "m", **given: Any) -> ChatOpenAI:
    options: dict[str, Any] = {"max_retries": 0, **given}
    return ChatOpenAI(model=name, base_url=server.base_url, api_key=SecretStr("test"), **options)


def bound(server: OpenAIServer, name: str = "m", **given: Any) -> Bound:
    return bind(chat(server, name, **given), "small", {})


def texts(drawn: list[list[Drawn]]) -> list[list[str]]:
    return [[reply.text for got in group for reply in got.replies] for group in drawn]


def test_n_samples_are_one_request_and_one_bill(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a b", "c", "d"]}) as server:
        drawn = drawer(bound(server), [ask(k=3)])
        billed = server.billed["m"]
    assert texts(drawn) == [["a b", "c", "d"]]
    usage = drawn[0][0].usage
    assert (billed.requests, usage.status) == (1, "reported")
    assert (usage.input_tokens, usage.output_tokens) == (
        billed.prompt_tokens,
        billed.completion_tokens,
    )


def test_different_prompts_go_side_by_side_and_keep_their_order(drawer: Drawer) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        return Reply([f"re {body['messages'][-1]['content']}"], delay_s=0.2)

    with OpenAIServer(reply) as server:
        drawn = drawer(bound(server), [ask(str(i)) for i in range(8)])
        assert server.traffic.max_in_flight == 8
    assert texts(drawn) == [[f"re {i}"] for i in range(8)]


def test_a_server_that_refuses_n_is_asked_one_by_one_side_by_side(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b", "c", "d"]}, delay_s=0.3) as server:
        drawn = drawer(bound(server, "m-refuse-n"), [ask(k=4)])
        assert server.traffic.max_in_flight == 4
        billed = server.billed["m-refuse-n"]
    assert sorted(texts(drawn)[0]) == ["a", "b", "c", "d"]
    assert sum(got.usage.output_tokens for got in drawn[0]) == billed.completion_tokens


def test_a_models_own_n_buys_no_more_than_the_schedule(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b", "c", "d"]}) as server:
        assert texts(drawer(bound(server, n=4), [ask(), ask(k=2)])) != []
        assert sorted(request.body.get("n", 1) for request in server.requests) == [1, 2]


def test_an_error_loses_no_request_that_was_paid_for(drawer: Drawer) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        if body["messages"][-1]["content"] == "5":
            return Reply([], error=ApiError(500, "down", "server_error"), delay_s=0.3)
        return Reply(["fine"])

    drawn: list[list[Drawn]] = [[] for _ in range(8)]
    requests = [ask(str(i)) for i in range(8)]
    with OpenAIServer(reply) as server:
        model = bound(server)
        with pytest.raises(ModelCallError):
            _into(drawn, drawer, model, requests)
        billed = server.billed["m"]
    statuses = [got.usage.status for group in drawn for got in group]
    assert statuses.count("reported") == 7
    assert statuses.count("unknown") == 1
    assert sum(got.usage.output_tokens for group in drawn for got in group) == (
        billed.completion_tokens
    )


def test_a_server_that_ignores_n_is_asked_again_for_the_rest(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b", "c", "d"]}) as server:
        drawn = drawer(bound(server, "m-ignore-n"), [ask(k=4, seed=7)])
        assert sorted(request.body["seed"] for request in server.requests) == [7, 8, 9, 10]
    assert sorted(texts(drawn)[0]) == ["a", "b", "c", "d"]
    assert len(drawn[0]) == 4


def test_a_model_that_draws_one_at_a_time_is_asked_k_times(drawer: Drawer) -> None:
    class OneAtATime(ScriptedChat):
        takes_n = False

    model = OneAtATime(replies=["a", "b", "c"])
    drawn = drawer(bind(model, "small", {}), [ask(k=3)])
    assert sorted(texts(drawn)[0]) == ["a", "b", "c"]
    assert [call["n"] for call in model.calls] == [1, 1, 1]


def test_no_usage_is_an_estimate_and_says_so(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["one two three"]}) as server:
        usage = drawer(bound(server, "m-nousage"), [ask()])[0][0].usage
    assert usage.status == "estimated"
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0


def test_cached_and_reasoning_tokens_are_read(drawer: Drawer) -> None:
    with OpenAIServer(lambda _: Reply(["a"], cached_tokens=2, reasoning_tokens=5)) as server:
        usage = drawer(bound(server), [ask()])[0][0].usage
    assert (usage.cached_tokens, usage.reasoning_tokens) == (2, 5)


def test_a_reply_at_the_token_limit_is_marked(drawer: Drawer) -> None:
    for name, cut in (("m-length", True), ("m", False)):
        with OpenAIServer({"m": ["a"]}) as server:
            assert drawer(bound(server, name), [ask()])[0][0].replies[0].is_cut is cut


@pytest.mark.parametrize(
    ("suffix", "sentence"),
    [
        ("-401", "refused the key at http.*set COPE_SMALL_API_KEY"),
        ("-429", "rate-limited or out of quota"),
        ("-500", "The small model m-500 failed at http"),
        ("-html", "The small model m-html failed"),
        ("-nochoices", "The small model m-nochoices returned no choices"),
    ],
)
def test_a_failing_model_is_one_sentence(drawer: Drawer, suffix: str, sentence: str) -> None:
    with (
        OpenAIServer({"m": ["a"]}) as server,
        pytest.raises(ModelCallError, match=sentence) as caught,
    ):
        drawer(bound(server, f"m{suffix}"), [ask()])
    assert "\n" not in str(caught.value)


def test_no_server_is_one_sentence_with_the_fix(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a"]}) as server:
        model = bound(server)
    with pytest.raises(ModelCallError, match=r"cannot be reached at .*set COPE_SMALL_BASE_URL"):
        drawer(model, [ask()])


def test_one_of_many_failing_is_the_same_error(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a"]}) as server, pytest.raises(ModelCallError, match="m-500 failed"):
        drawer(bound(server, "m-500"), [ask(str(i)) for i in range(4)])


def test_a_streaming_model_still_draws_n_samples(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b"]}) as server:
        drawn = drawer(bound(server, streaming=True), [ask(k=2)])
    assert texts(drawn) == [["a", "b"]]


def test_an_empty_reply_is_a_reply(drawer: Drawer) -> None:
    for suffix in ("-empty", "-null"):
        with OpenAIServer({"m": ["a"]}) as server:
            assert texts(drawer(bound(server, f"m{suffix}"), [ask(k=2)])) == [["", ""]]


def test_the_users_own_model_object_is_left_as_it_was() -> None:
    with OpenAIServer({"m": ["a", "b", "c"]}) as server:
        own = chat(server, temperature=0.3)
        before = own.model_dump()
        model = bind(own, "small", {})
        draw(model, [ask(k=2, temperature=0.9, seed=4, max_tokens=5)], {}, [[]])
        assert type(own) is ChatOpenAI
        assert own.model_dump() == before
        body = server.requests[0].body
    assert (body["temperature"], body["seed"], body["n"]) == (0.9, 4, 2)
    assert body.get("max_completion_tokens", body.get("max_tokens")) == 5


def test_usage_stands_on_the_first_message_alone_and_the_name_on_all() -> None:
    with OpenAIServer({"m": ["a", "b"]}) as server:
        result = one_bill(chat(server)).generate([[HumanMessage("q")]], n=2)
    messages: list[Any] = [generation.message for generation in result.generations[0]]  # type: ignore[union-attr]
    first, second = messages
    assert first.usage_metadata
    assert second.usage_metadata is None
    assert [m.response_metadata["model_name"] for m in (first, second)] == ["m", "m"]
    assert type(one_bill(chat(server))).__name__ == "ChatOpenAI"
