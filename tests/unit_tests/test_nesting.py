"""The graph inside another graph, on a shared thread, under a global cache, as a drawing."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from syrupy.assertion import SnapshotAssertion

from cope_graph import PLAN_FREE, ChatCope, CopeContext, create_cope, tasks
from cope_graph.errors import InputError, ThreadBusyError
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}


@dataclass
class Foreign:
    user: str = "someone"
    cope: dict[str, Any] | None = None


def plan_free(replies: list[str]) -> Any:
    chat = ScriptedChat(model_name="s", replies=replies)
    return create_cope(chat, ScriptedChat(replies=[]), task=tasks.math(), defaults=PLAN_FREE)


@pytest.mark.parametrize(
    ("context", "samples"), [(None, 8), (Foreign(), 8), (Foreign(cope={"n": 4}), 4)]
)
def test_a_parents_foreign_context_reaches_only_by_its_cope_entry(
    run: Runner, context: Any, samples: int
) -> None:
    parent = StateGraph(MessagesState, context_schema=Foreign)
    cope = plan_free([says("3")] * 8).compile()
    parent.add_node("cope", lambda state: {"messages": cope.invoke(state)["messages"][-1:]})
    parent.add_edge(START, "cope")
    parent.add_edge("cope", END)
    out = run(parent.compile(), ASK, context=context)
    assert out["messages"][-1].text == says("3")
    as_node = StateGraph(MessagesState, context_schema=Foreign)
    chat = ScriptedChat(model_name="s", replies=[says("3")] * 8)
    graph = create_cope(chat, ScriptedChat(replies=[]), task=tasks.math(), defaults=PLAN_FREE)
    as_node.add_node("cope", graph.compile())
    as_node.add_edge(START, "cope")
    out = run(as_node.compile(), ASK, context=context)
    assert out["messages"][-1].text == says("3")
    assert [call["n"] for call in chat.calls] == [samples]


def test_a_foreign_context_with_a_wrong_cope_entry_is_a_typed_error(both: Runner) -> None:
    parent = StateGraph(MessagesState, context_schema=Foreign)
    parent.add_node("cope", plan_free([]).compile())
    parent.add_edge(START, "cope")
    with pytest.raises(InputError, match="context does not fit: n: "):
        both(parent.compile(), ASK, context=Foreign(cope={"n": 0}))


def test_a_parent_with_a_checkpointer_holds_two_turns(both: Runner) -> None:
    parent = StateGraph(MessagesState)
    parent.add_node("cope", plan_free([says("3")] * 8 + [says("4")] * 8).compile())
    parent.add_edge(START, "cope")
    app = parent.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    assert both(app, ASK, config)["messages"][-1].text == says("3")
    assert both(app, ASK, config)["messages"][-1].text == says("4")


def test_a_global_cache_does_not_make_n_samples_one(both: Runner) -> None:
    set_llm_cache(InMemoryCache())
    try:
        out = both(plan_free([says(str(i)) for i in range(8)]).compile(), ASK)
        assert (out["confidence"], out["degraded"]) == (1 / 8, True)
        chat = ScriptedChat(replies=[f"goal {i}" for i in range(8)] + [says("1")] * 16)
        graph = create_cope(chat, ScriptedChat(replies=[]), task=tasks.math())
        both(graph.compile(), ASK)
        assert len(chat.calls) == 9
    finally:
        set_llm_cache(None)


def test_one_thread_twice_at_a_time_is_refused_and_nothing_stays_locked() -> None:
    gate, entered = threading.Event(), threading.Event()

    class Slow(ScriptedChat):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            entered.set()
            gate.wait(10)
            return super()._generate(*args, **kwargs)

    chat = Slow(replies=[says("3")] * 24)
    graph = create_cope(chat, ScriptedChat(replies=[]), task=tasks.math(), defaults=PLAN_FREE)
    app: Any = graph.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    first = threading.Thread(target=app.invoke, args=(ASK, config))
    first.start()
    entered.wait(10)
    with pytest.raises(ThreadBusyError, match="Thread 't' is in use"):
        app.invoke(ASK, config)
    with pytest.raises(ThreadBusyError, match="Thread 't' is in use"):
        asyncio.run(app.ainvoke(ASK, config))
    gate.set()
    app.invoke(ASK, {"configurable": {"thread_id": "another"}})
    first.join(10)
    assert app.invoke(ASK, config)["answer"] == "3"


def test_a_thread_id_without_a_checkpointer_may_be_shared() -> None:
    app = plan_free([says("3")] * 32).compile()
    config: Any = {"configurable": {"thread_id": "t"}}
    assert len(app.batch([ASK] * 4, config)) == 4


@pytest.mark.parametrize("stages", [(1, 2, 3), (1, 3), (3,)], ids=["whole", "S1+S3", "large alone"])
def test_the_drawing_is_five_nodes_and_their_edges(
    snapshot: SnapshotAssertion, stages: Any
) -> None:
    chat = ScriptedChat(replies=[])
    graph = create_cope(chat, chat, task=tasks.math(), defaults=CopeContext(stages=stages))
    assert graph.compile().get_graph().draw_mermaid() == snapshot


def test_the_schemas_hold_what_a_caller_sends_and_gets(snapshot: SnapshotAssertion) -> None:
    chat = ScriptedChat(replies=[])
    app = create_cope(chat, chat, task=tasks.math()).compile()
    assert list(app.get_input_jsonschema()["properties"]) == ["messages"]
    assert sorted(app.get_output_jsonschema()["properties"]) == [
        "accepted",
        "answer",
        "confidence",
        "degraded",
        "failures",
        "ledger",
        "messages",
        "p_correct",
        "reason",
        "route",
        "stage",
        "stopped_by",
        "visits",
    ]
    assert app.get_context_jsonschema() == snapshot


@pytest.mark.parametrize("is_async", [False, True])
def test_a_chat_cope_in_a_node_holds_its_own_run_in_a_trace(*, is_async: bool) -> None:
    parents: dict[str, str | None] = {}

    class Names(BaseTracer):
        def _persist_run(self, run: Run) -> None:
            self._note(run, None)

        def _note(self, run: Run, parent: str | None) -> None:
            parents.setdefault(run.name, parent)
            for child in run.child_runs:
                self._note(child, run.name)

    small = ScriptedChat(model_name="small", replies=[says("4")] * 8)
    model = ChatCope(small=small, large=small, task=tasks.math(), defaults=PLAN_FREE)

    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    async def aask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("ask", RunnableLambda(ask, afunc=aask, name="ask"))
    graph.add_edge(START, "ask")
    app, config = graph.compile(), {"callbacks": [Names()]}
    question = {"messages": [("user", "2 + 2?")]}
    if is_async:
        asyncio.run(app.ainvoke(question, config))
    else:
        app.invoke(question, config)

    assert parents["cope"] == "ChatCope"
    assert (parents["ChatCope"], parents["small_execute"]) == ("ask", "cope")
