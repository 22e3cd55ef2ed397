"""Planted keys, and everything that a run leaves behind: no key is in any of it."""

from __future__ import annotations

import itertools
import json
import logging
import traceback
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
from langchain_core.load import dumps
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from pydantic import SecretStr

from cope_graph import Budget, ChatCope, CopeContext, Price, create_cope, tasks
from cope_graph.errors import ModelCallError
from cope_graph.models.bound import bind
from cope_graph.models.faults import diagnose
from tests.integration_tests.dev_server import dev_server
from tests.loopback.http_messages import Request, Response
from tests.loopback.langsmith_collector import LangSmithCollector
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body

KEY = "sk-planted-1a2b3c"
HEADER = "planted-header-4d5e6f"
QUERY = "planted-query-7a8b9c"
PASSWORD = "planted-password-0d1e2f"
SENT = b64encode(f"user:{PASSWORD}".encode()).decode()
PLANTED = [KEY, HEADER, QUERY, PASSWORD, SENT]

FINE = "What is 6 * 7?"
QUESTIONS = [FINE, *(f"Echo {status} {who}: {FINE}" for status in (400, 500) for who in "lb")]
"""Of these the large model alone (l) fails, or both (b); what it says holds all it was sent."""


class EchoServer(OpenAIServer):
    """Answers, and tells a client that it refuses all the headers it was sent."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        super().__init__(self._reply, api_key=None)

    def _reply(self, body: Body) -> list[str]:
        if body["model"] == "large":
            return ["The answer is 42."]
        return [f"The answer is {next(self._numbers)}." for _ in range(body.get("n") or 1)]

    def handle(self, request: Request) -> Response:
        body = json.loads(request.body or b"{}")
        asked = str(body.get("messages"))
        who = "l" if body.get("model") == "large" else "s"
        for status in (400, 500):
            if f"Echo {status} b" in asked or f"Echo {status} {who}" in asked:
                told = f"You sent {dict(request.headers)} to {request.path}."
                error = {"error": {"message": told, "type": "echo", "code": None, "param": None}}
                return Response(json.dumps(error).encode(), status=status, headers={"X-Echo": told})
        return super().handle(request)


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


@pytest.fixture
def collector() -> Iterator[LangSmithCollector]:
    with LangSmithCollector() as collector:
        yield collector


def model(server: OpenAIServer, name: str, hidden: str = "key", key: str = KEY) -> ChatOpenAI:
    """Make a model with a key, and one more secret."""
    headers = {"Connection": "close"}  # a kept connection belongs to one event loop
    more: dict[str, Any] = {"default_headers": headers, "base_url": server.base_url}
    if hidden == "headers":
        more["default_headers"] = {**headers, "Authorization": f"Basic {HEADER}", "X-Own": HEADER}
    elif hidden == "query":
        more["default_query"] = {"token": QUERY}
    elif hidden == "password":
        more["base_url"] = server.base_url.replace("//", f"//user:{PASSWORD}@")
    return ChatOpenAI(model=name, api_key=SecretStr(key), max_retries=0, **more)


async def run(graph: Any, question: str, way: str) -> str:
    """Run a graph; give all that it gave, or its error as Python would print it."""
    config: Any = {"configurable": {"thread_id": question}}
    given: Any = {"messages": [("user", question)]}
    modes: Any = ["messages", "values", "debug"]
    try:
        match way:
            case "invoke":
                return str(graph.invoke(given, config))
            case "ainvoke":
                return str(await graph.ainvoke(given, config))
            case "stream":
                return str(list(graph.stream(given, config, stream_mode=modes)))
        return str([part async for part in graph.astream(given, config, stream_mode=modes)])
    except ModelCallError as error:
        return "".join(traceback.format_exception(error)) + repr(error) + str(error.ledger)


def text_of(collector: LangSmithCollector) -> str:
    return b"".join(collector.bodies).decode("utf-8", "replace")


def text_in(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(path.read_bytes().decode("latin-1") for path in files)


def leaks(*texts: str) -> list[str]:
    """Give what is around each planted secret."""
    found = [(text, text.find(secret)) for text in texts for secret in PLANTED]
    return [text[max(0, at - 100) : at + 60] for text, at in found if at >= 0]


@pytest.mark.parametrize("hidden", ["key", "headers", "query", "password"])
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_nothing_that_a_run_leaves_holds_a_secret(
    server: EchoServer,
    collector: LangSmithCollector,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    hidden: str,
    way: str,
) -> None:
    file, pile = tmp_path / "checkpoints.sqlite", [""]
    graph = create_cope(
        model(server, "small", hidden),
        model(server, "large", hidden),
        task=tasks.math(),
        defaults=CopeContext(n=2),
    )
    memory = InMemorySaver()
    async with AsyncExitStack() as stack:
        if way.startswith("a"):
            saved = AsyncSqliteSaver.from_conn_string(str(file))
            saver: Any = await stack.enter_async_context(saved)
        else:
            saver = stack.enter_context(SqliteSaver.from_conn_string(str(file)))
        stack.enter_context(collector.tracing())
        stack.enter_context(caplog.at_level(logging.DEBUG))
        caught = stack.enter_context(warnings.catch_warnings(record=True))
        for question in QUESTIONS:
            pile += [
                await run(graph.compile(checkpointer=one), question, way) for one in (saver, memory)
            ]
            config: Any = {"configurable": {"thread_id": question}}
            pile.append(str(list(memory.list(config))))
            if question == FINE and hidden in ("key", "headers"):
                assert leaks(caplog.text) == []
    traces, files = text_of(collector), text_in(tmp_path)
    # HTTP clients log addresses as they are, and what servers say: docs/security.md says so.
    own = [each for each in caplog.records if not each.name.startswith(("http", "openai"))]
    logged = "\n".join(logging.Formatter().format(each) for each in own)
    warned = [str(each.message) for each in caught]
    assert leaks(*pile, str(memory.storage), str(memory.writes), files, logged, *warned) == []
    assert leaks(traces) == []
    assert "failed at http://127.0.0.1" in files
    assert "***" in files
    assert "***" in logged
    for seen in (traces, files, "".join(pile)):
        assert "Echo 400 b" in seen
        assert "The answer is 42." in seen


@pytest.mark.parametrize("hidden", ["key", "headers", "query", "password"])
def test_a_nested_chat_model_leaks_nothing(
    server: EchoServer, collector: LangSmithCollector, hidden: str
) -> None:
    small, large = (model(server, name, hidden) for name in ("small", "large"))
    nested = ChatCope(small=small, large=large, task=tasks.math(), defaults=CopeContext(n=2))
    outer = create_cope(nested, nested, task=tasks.math(), defaults=CopeContext(n=2))
    pile = [repr(nested), str(nested), dumps(nested), repr(nested._graph()), repr(outer)]
    with collector.tracing():
        for question in QUESTIONS:
            try:
                given: Any = {"messages": [("user", question)]}
                pile.append(str(outer.compile().invoke(given)))
            except ModelCallError as error:
                pile.append("".join(traceback.format_exception(error)))
    traces = text_of(collector)
    assert leaks(*pile, traces) == []
    assert "ChatCope" in traces
    assert "***" in "".join(pile)


def test_nothing_shows_a_secret_of_what_it_is_made_of(server: EchoServer) -> None:
    for hidden in ("key", "headers", "query", "password"):
        small, large = (model(server, name, hidden) for name in ("small", "large"))
        budget, prices = Budget(usd="1"), {"small": Price.of("1", "1"), "large": Price.of("1", "1")}
        graph = create_cope(
            small,
            large,
            task=tasks.math(),
            prices=prices,
            budget=budget,
            defaults=CopeContext(max_plan_tokens=9, max_answer_tokens=9),
        )
        bound = bind(small, "small", prices)
        made: list[Any] = [graph, graph.compile(), bound, budget, CopeContext(), prices]
        made += [node.runnable for node in graph.nodes.values()]
        made += [vars(node.runnable) for node in graph.nodes.values()]
        assert leaks(*map(repr, made), *map(str, made)) == []


@pytest.mark.parametrize("spoilt", [f"{KEY}\n", f"{KEY}\x00", f"{KEY}\u00e9"])
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_a_key_that_cannot_be_sent_is_not_shown(
    server: EchoServer, collector: LangSmithCollector, spoilt: str, way: str
) -> None:
    small, large = (model(server, name, key=spoilt) for name in ("small", "large"))
    graph = create_cope(small, large, task=tasks.math(), defaults=CopeContext(n=2, retries=0))
    with collector.tracing():
        told = await run(graph.compile(), FINE, way)
    traces = text_of(collector)
    assert server.count == 0
    assert "ModelCallError" in told
    assert leaks(told, traces) == []


def test_a_key_is_blacked_out_before_a_long_error_is_cut(server: EchoServer) -> None:
    bound = bind(model(server, "small"), "small", {})
    for before in range(320):
        message = diagnose(RuntimeError(f"{'x' * before} {KEY} and more"), bound).message
        assert "sk-p" not in message


@pytest.mark.server
def test_the_server_shows_no_key_that_its_models_echo(
    server: EchoServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("served")
    named = {f"COPE_{side}": f"openai:{side.lower()}" for side in ("SMALL", "LARGE")}
    urls = {f"{side}_BASE_URL": server.base_url for side in named}
    keys = {f"{side}_API_KEY": KEY for side in named}
    own = {"COPE_SETTINGS": '{"n": 2, "retries": 0}'}
    told: list[Any] = []
    with dev_server(folder, {**named, **urls, **keys, **own}) as running, ExitStack() as stack:
        client = stack.enter_context(running.client())
        for question in QUESTIONS:
            thread = client.threads.create()["thread_id"]
            given: Any = {"messages": [{"role": "user", "content": question}]}
            told.append(client.runs.wait(thread, "cope", input=given, raise_error=False))
            told.append(client.threads.get_state(thread))
            told.append(client.threads.get_history(thread))
    files = text_in(folder)
    assert leaks(str(told), files) == []
    assert "***" in str(told)
    assert "***" in files
    assert "Background run succeeded" in running.log
