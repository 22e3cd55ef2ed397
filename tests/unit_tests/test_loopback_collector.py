"""The loopback LangSmith collector, fed by LangSmith's own client."""

import time
from typing import Any

import openai
import orjson
import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph

from tests.loopback.clients import chat
from tests.loopback.langsmith_collector import LangSmithCollector
from tests.loopback.openai_server import OpenAIServer

CONFIG: Any = {"run_name": "chain", "metadata": {"stage": 1}, "tags": ["small"]}


@pytest.mark.parametrize("zstd", [True, False])
def test_collects_the_runs_of_a_chain(*, zstd: bool) -> None:
    with LangSmithCollector(zstd=zstd) as collector, OpenAIServer({"small": ["4"]}) as server:
        ask = RunnableLambda[str, str](lambda text: f"{text}?", name="ask")
        chain: Runnable[str, Any] = ask | chat(server)
        with collector.tracing():
            assert chain.invoke("2 + 2", CONFIG).text == "4"
        root, *steps = collector.runs()
        assert (root["name"], root["run_type"], root.get("error")) == ("chain", "chain", None)
        assert root["extra"]["metadata"]["stage"] == 1
        assert root["inputs"] == {"input": "2 + 2"}
        assert [run["name"] for run in steps] == ["ask", "ChatOpenAI"]
        assert collector.children(root) == steps
        usage = steps[1]["outputs"]["llm_output"]["token_usage"]
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (3, 1)
        assert all(b"Bearer" not in body for body in collector.bodies)


@pytest.mark.asyncio
async def test_collects_the_runs_of_a_graph() -> None:
    with LangSmithCollector() as collector, OpenAIServer({"small": ["4"]}) as server:
        model = chat(server)

        async def answer(state: MessagesState) -> dict[str, Any]:
            return {"messages": [await model.ainvoke(state["messages"])]}

        graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer")
        with collector.tracing("project"):
            await graph.compile(name="g").ainvoke({"messages": [HumanMessage("2 + 2")]})
        runs = collector.runs()
        assert [run["name"] for run in runs] == ["g", "answer", "ChatOpenAI"]
        assert [run.get("parent_run_id") for run in runs] == [
            None,
            *(run["id"] for run in runs[:2]),
        ]
        assert {run["session_name"] for run in runs} == {"project"}


def test_collects_a_failure_through_a_callback() -> None:
    with LangSmithCollector() as collector, OpenAIServer({"small": ["4"]}) as server:
        model = chat(server, "small-500")
        with collector.tracer() as tracer, pytest.raises(openai.InternalServerError):
            model.invoke("x", {"callbacks": [tracer]})
        (run,) = collector.runs()
        assert "The server had an error" in run["error"]


def test_merges_an_update_that_comes_first() -> None:
    with LangSmithCollector() as collector:
        client = collector.client()
        patch = orjson.dumps({"outputs": {"y": 2}, "error": None})
        post = orjson.dumps({"post": [{"id": "a", "name": "n", "outputs": None}]})
        client.request_with_retries("PATCH", "/runs/a", data=patch)
        client.request_with_retries("POST", "/runs/batch", data=post)
        client.close(timeout=0)
        assert collector.runs() == [{"id": "a", "name": "n", "outputs": {"y": 2}}]


def test_a_dead_collector_is_loud_at_once() -> None:
    with LangSmithCollector() as collector:
        pass
    start = time.monotonic()
    with pytest.raises(RuntimeError, match="could not be sent"), collector.tracing():
        RunnableLambda[int, int](lambda x: x, name="f").invoke(1)
    assert time.monotonic() - start < 5


def test_a_slow_collector_costs_no_more_than_the_bound() -> None:
    with (
        LangSmithCollector(delay_s=1) as collector,
        pytest.raises(TimeoutError, match=r"within 0\.2 s"),
        collector.tracing(timeout_s=0.2),
    ):
        RunnableLambda[int, int](lambda x: x, name="f").invoke(1)
