"""Planted keys in models of langchain-huggingface: nothing that a run leaves holds them."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from langchain_core.load import dumps
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import ChatCope, CopeContext, create_cope, tasks
from cope_graph.models.bound import bind
from tests.integration_tests.hugging_face import WAYS, endpoint
from tests.integration_tests.test_secrets import (
    FINE,
    HEADER,
    KEY,
    PASSWORD,
    QUERY,
    QUESTIONS,
    EchoServer,
    leaks,
    run,
    text_of,
)
from tests.loopback.langsmith_collector import LangSmithCollector

HIDDEN = ["token", "headers", "cookies", "password", "query", "environment"]
CASES = [("token", way) for way in WAYS]
CASES += [(hidden, way) for hidden in HIDDEN[1:] for way in ("ainvoke", "stream")]


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", KEY)


def model(server: EchoServer, name: str, hidden: str) -> Any:
    """Make an endpoint with one secret more than the machine's own token, which is sent as well."""
    url = server.base_url
    own: dict[str, Any] = {"server_kwargs": {}}
    if hidden == "token":
        own = {"server_kwargs": {"token": KEY}, "huggingfacehub_api_token": KEY}
    elif hidden == "headers":
        headers = {"Authorization": f"Basic {HEADER}", "X-Own": HEADER}
        own = {"server_kwargs": {"headers": headers}}
    elif hidden == "cookies":
        own = {"server_kwargs": {"cookies": {"session": HEADER}}}
    elif hidden == "password":
        url = url.replace("//", f"//user:{PASSWORD}@")
    elif hidden == "query":
        url += f"?token={QUERY}"
    return endpoint(server, name, endpoint_url=url, **own)


# httpx would have cookies set on its client; huggingface_hub passes them with each request.
@pytest.mark.filterwarnings("ignore:Setting per-request cookies:DeprecationWarning")
@pytest.mark.parametrize(("hidden", "way"), CASES)
async def test_nothing_that_a_run_leaves_holds_a_secret(hidden: str, way: str) -> None:
    memory, pile = InMemorySaver(), [""]
    with EchoServer() as server, LangSmithCollector() as collector:
        small, large = (model(server, name, hidden) for name in ("small", "large"))
        graph = create_cope(
            small, large, task=tasks.math(), defaults=CopeContext(n=2, retries=0)
        ).compile(checkpointer=memory)
        with collector.tracing():
            pile += [await run(graph, question, way) for question in QUESTIONS]
        traces = text_of(collector)
    assert leaks(*pile, traces, str(memory.storage), str(memory.writes)) == []
    for seen in (traces, "".join(pile)):
        assert "You sent" in seen  # what the server echoed is there, without the keys
        assert "***" in seen
        assert "The answer is 42." in seen


@pytest.mark.parametrize("hidden", HIDDEN)
def test_nothing_shows_a_secret_of_what_it_is_made_of(hidden: str) -> None:
    with EchoServer() as server:
        small, large = (model(server, name, hidden) for name in ("small", "large"))
        nested = ChatCope(small=small, large=large, task=tasks.math(), defaults=CopeContext(n=2))
        bound = bind(small, "small", {})
        made: list[Any] = [nested, nested._graph(), bound, bound.chat, bound.desk]
        with pytest.raises(Exception, match="no sample came") as caught:
            nested.invoke(f"Echo 500 b: {FINE}")
    told = "".join(traceback.format_exception(caught.value))
    assert leaks(*map(repr, made), *map(str, made), dumps(nested), told) == []
    assert bound.name == "small"
