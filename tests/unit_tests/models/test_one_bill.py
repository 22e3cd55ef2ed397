"""The graph's copy of a model: billed once, tried once, and the user's own left as it was."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from openai import APIStatusError

from cope_graph.models.bound import bind
from cope_graph.models.one_bill import one_bill
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.unit_tests.models.drawing import Drawer, ask, kinds

CLIENTS = ("client", "async_client", "root_client", "root_async_client")


def own(server: OpenAIServer, name: str = "m", **options: Any) -> ChatOpenAI:
    return chat(server, name, default_headers={"Connection": "close"}, **options)


def test_the_users_own_model_object_is_left_as_it_was(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b", "c"]}) as server:
        model = own(server, temperature=0.3)
        before = model.model_dump()
        drawer(bind(model, "small", {}), [ask(k=2, temperature=0.9, seed=4, max_tokens=5)])
        assert type(model) is ChatOpenAI
        assert model.model_dump() == before
        body = server.requests[0].body
    assert (body["temperature"], body["seed"], body["n"]) == (0.9, 4, 2)
    assert body.get("max_completion_tokens", body.get("max_tokens")) == 5


@pytest.mark.usefixtures("waits")
def test_the_users_own_clients_keep_their_retries(drawer: Drawer) -> None:
    with OpenAIServer() as server:
        model = own(server, "m-500", max_retries=3)
        clients = [getattr(model, name) for name in CLIENTS]
        drawn = drawer(bind(model, "small", {}), [ask()], retries=1)
        assert (kinds(drawn), server.count) == (["broken"], 2)
        assert all(getattr(model, name) is was for name, was in zip(CLIENTS, clients, strict=True))
        assert model.max_retries == 3
        assert [model.root_client.max_retries, model.root_async_client.max_retries] == [3, 3]
        with pytest.raises(APIStatusError):
            model.invoke("x")
        assert server.count == 2 + 4


def test_the_copy_shares_connections_and_makes_no_retries() -> None:
    with OpenAIServer() as server:
        model = own(server, max_retries=3)
    copy = one_bill(model)
    for name in ("root_client", "root_async_client"):
        theirs, ours = getattr(model, name), getattr(copy, name)
        assert ours._client is theirs._client
        assert (ours.max_retries, ours.base_url, ours.api_key) == (
            0,
            theirs.base_url,
            theirs.api_key,
        )


def test_a_copy_is_copied_no_further() -> None:
    with OpenAIServer() as server:
        copy = one_bill(own(server))
    assert one_bill(copy) is copy


def test_usage_stands_on_the_first_message_alone_and_the_name_on_all() -> None:
    with OpenAIServer({"m": ["a", "b"]}) as server:
        result = one_bill(own(server)).generate([[HumanMessage("q")]], n=2)
    messages: list[Any] = [generation.message for generation in result.generations[0]]  # type: ignore[union-attr]
    first, second = messages
    assert first.usage_metadata
    assert second.usage_metadata is None
    assert [m.response_metadata["model_name"] for m in (first, second)] == ["m", "m"]


def test_it_has_its_classs_name() -> None:
    with OpenAIServer() as server:
        assert type(one_bill(own(server))).__name__ == "ChatOpenAI"


@pytest.mark.parametrize(("given", "retries"), [(0, 0), (5, 5), (None, 2)])
def test_the_models_own_retries_are_made_by_the_graph(given: int | None, retries: int) -> None:
    with OpenAIServer() as server:
        assert bind(own(server, max_retries=given), "small", {}).retries == retries
