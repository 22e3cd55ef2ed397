"""What LangSmith is told of a run: spans, decisions, tokens, and no keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages.ai import UsageMetadata, add_usage

from cope_graph import create_cope, tasks
from cope_graph.errors import ModelCallError
from tests.integration_tests.word_models import (
    EASY,
    HARD,
    KEY,
    LOCKED,
    billed_usage,
    pair,
    use,
    word_server,
)
from tests.loopback.langsmith_collector import LangSmithCollector, Run
from tests.loopback.openai_server import OpenAIServer

TO_STAGE_3 = [
    "small_plan",
    "small_execute",
    "confidence_gate",
    "large_plan",
    "small_execute",
    "confidence_gate",
    "large_execute",
    "confidence_gate",
]
REQUESTS = {"small_plan": 1, "small_execute": 9, "large_plan": 1, "large_execute": 1}


@pytest.fixture
def collector() -> Iterator[LangSmithCollector]:
    with LangSmithCollector() as collector:
        yield collector


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with word_server() as server:
        yield server


@pytest.fixture
def graph(server: OpenAIServer) -> Any:
    small, large = pair(server)
    return create_cope(small, large, task=tasks.math()).compile(name="cope")


def ask(question: str) -> dict[str, Any]:
    return {"messages": [("user", question)]}


async def run(graph: Any, question: str, way: str) -> dict[str, Any]:
    """Run the graph in one of the ways that trace differently."""
    last: dict[str, Any] = {}
    match way:
        case "invoke":
            last = graph.invoke(ask(question))
        case "ainvoke":
            last = await graph.ainvoke(ask(question))
        case "stream":  # with messages, the large model's request of stage 3 is streamed
            for mode, value in graph.stream(ask(question), stream_mode=["messages", "values"]):
                last = value if mode == "values" else last
        case "astream":
            parts = graph.astream(ask(question), stream_mode=["messages", "values"])
            async for mode, value in parts:
                last = value if mode == "values" else last
    return last


WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])


def nodes(collector: LangSmithCollector, root: Run) -> list[Run]:
    return [each for each in collector.children(root) if each["name"] != "__start__"]


def used(run: Run) -> UsageMetadata | None:
    usage: UsageMetadata | None = run["extra"]["metadata"].get("usage_metadata")
    return usage


def used_by_model(runs: list[Run]) -> dict[str, Any]:
    """What LangSmith adds up: the usage of every span that has any, by model name."""
    sums: dict[str, Any] = {}
    for each in runs:
        if (usage := used(each)) is not None:
            name = each["extra"]["metadata"]["ls_model_name"]
            sums[name] = dict(add_usage(sums.get(name), usage))
    return sums


@WAYS
async def test_each_visit_of_a_node_is_one_span(
    collector: LangSmithCollector, graph: Any, way: str
) -> None:
    with collector.tracing():
        await run(graph, HARD, way)
    root, *rest = collector.runs()
    assert (root["name"], root.get("parent_run_id"), root.get("error")) == ("cope", None, None)
    assert {each["trace_id"] for each in rest} == {root["id"]}
    spans = nodes(collector, root)
    assert [each["name"] for each in spans] == TO_STAGE_3
    named = Counter(each["name"] for each in rest if each["name"] in TO_STAGE_3)
    assert named == Counter(TO_STAGE_3)
    asked = [each for each in rest if each["run_type"] == "llm"]
    node_of = {each["id"]: each["name"] for each in spans}
    assert Counter(node_of[each["parent_run_id"]] for each in asked) == REQUESTS


@WAYS
async def test_the_gates_spans_tell_each_decision(
    collector: LangSmithCollector, graph: Any, way: str
) -> None:
    with collector.tracing():
        out = await run(graph, HARD, way)
    root = collector.runs()[0]
    gates = [each for each in nodes(collector, root) if each["name"] == "confidence_gate"]
    seen = [gate["outputs"]["visits"][-1] for gate in gates]
    assert seen == out["visits"] == root["outputs"]["visits"]
    keys = ("stage", "confidence", "threshold", "decision", "model")
    assert [tuple(visit[key] for key in keys) for visit in seen] == [
        (1, 0.125, 0.75, "escalate", "small"),
        (2, 0.125, 0.5, "hand_over", "small"),
        (3, None, None, "accept", "large"),
    ]
    assert [gate["outputs"]["decision"] for gate in gates] == [v["decision"] for v in seen]
    by_stage = root["outputs"]["ledger"]["by_stage"]
    for visit in seen:
        spent = by_stage[str(visit["stage"])]
        for kind in ("input_tokens", "output_tokens"):
            assert visit[kind] == spent[kind] > 0


@WAYS
async def test_the_spans_add_up_to_the_bill(
    collector: LangSmithCollector, graph: Any, server: OpenAIServer, way: str
) -> None:
    with collector.tracing():
        out = await run(graph, HARD, way)
    billed = billed_usage(server)
    assert set(billed) == {"small", "large"}
    assert used_by_model(collector.runs()) == billed
    assert all(each["run_type"] == "llm" for each in collector.runs() if used(each))
    ledger = out["ledger"]
    for kind in ("input_tokens", "output_tokens"):
        assert ledger[kind] == sum(usage[kind] for usage in billed.values())


async def test_eight_goals_are_one_span_with_one_usage(
    collector: LangSmithCollector, graph: Any
) -> None:
    with collector.tracing():
        await run(graph, EASY, "ainvoke")
    root = collector.runs()[0]
    plan = nodes(collector, root)[0]
    (llm,) = collector.children(plan)
    messages = [one["message"]["kwargs"] for one in llm["outputs"]["generations"][0]]
    assert len(messages) == 8
    assert [bool(message.get("usage_metadata")) for message in messages] == [True] + [False] * 7
    assert {message["response_metadata"]["model_name"] for message in messages} == {"small"}
    metadata = llm["extra"]["metadata"]
    assert (metadata["ls_provider"], metadata["ls_model_name"]) == ("openai", "small")
    assert metadata["ls_temperature"] == 0.8


async def test_no_trace_holds_a_key(
    collector: LangSmithCollector,
    server: OpenAIServer,
    graph: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small, large = use(server, monkeypatch)
    named: Any = create_cope(small, large, task=tasks.math()).compile(name="cope")
    with collector.tracing():
        named.invoke(ask(HARD))
        await graph.ainvoke(ask(HARD))
        with pytest.raises(ModelCallError):
            named.invoke(ask(LOCKED))
        with pytest.raises(ModelCallError):
            await graph.ainvoke(ask(LOCKED))
    roots = [each for each in collector.runs() if not each.get("parent_run_id")]
    refused = ["refused the key" in (each.get("error") or "") for each in roots]
    assert refused == [False, False, True, True]
    sent = b"".join(collector.bodies)
    assert HARD.encode() in sent
    assert KEY.encode() not in sent
    assert not re.search(rb"authorization|bearer", sent, re.IGNORECASE)


async def test_a_runs_tags_and_metadata_reach_every_span(
    collector: LangSmithCollector, graph: Any
) -> None:
    config: Any = {"tags": ["mine"], "metadata": {"tenant": "a"}, "run_name": "named"}
    with collector.tracing():
        graph.invoke(ask(EASY), config)
        await graph.ainvoke(ask(EASY), config)
    runs = collector.runs()
    assert [each["name"] for each in runs if not each.get("parent_run_id")] == ["named"] * 2
    assert all("mine" in each["tags"] for each in runs)
    assert all(each["extra"]["metadata"]["tenant"] == "a" for each in runs)
