"""A run of an executor stands alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_store
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import get_runtime
from langgraph.store.memory import InMemoryStore
from typing_extensions import TypedDict

from cope_graph import CopeContext
from tests.unit_tests.agents.at_work import RuleChat, calculate, looks_up, search
from tests.unit_tests.agents.executing import ASK, build, seen_by
from tests.unit_tests.conftest import Runner

THREAD: RunnableConfig = {"configurable": {"thread_id": "t", "tenant": "a"}}


def nested() -> Any:
    """Give an agent with a graph inside."""
    graph = StateGraph(MessagesState)
    agent = create_agent(RuleChat(rule=looks_up(["result"])), [search, calculate])
    graph.add_node("inner", agent)
    graph.add_edge(START, "inner")
    return graph.compile()


@pytest.mark.parametrize("depth", ["agent", "agent in a graph"])
def test_runs_write_nothing_into_the_checkpoints_around_them(both: Runner, depth: str) -> None:
    agent = create_agent(RuleChat(rule=looks_up(["result"])), [search, calculate])
    saver = InMemorySaver()
    graph = build(agent if depth == "agent" else nested()).compile(checkpointer=saver)
    assert both(graph, ASK, THREAD)["answer"] == "12"
    assert {it.config["configurable"]["checkpoint_ns"] for it in saver.list(THREAD)} == {""}
    assert list(graph.get_state(THREAD).values["messages"])[-1].text == "The answer is 12."


def test_runs_leave_an_agents_own_checkpoints_alone(both: Runner) -> None:
    own = InMemorySaver()
    agent = create_agent(RuleChat(rule=looks_up(["result"])), [search, calculate], checkpointer=own)
    assert both(build(agent).compile(), ASK, THREAD)["confidence"] == 1.0
    assert list(own.list(None)) == []
    agent.invoke(
        {"messages": [HumanMessage("Hello")]}, THREAD
    )  # which is still the agent that it was
    assert list(own.list(None)) != []


def test_runs_of_a_function_each_have_a_thread_of_their_own(both: Runner) -> None:
    own = InMemorySaver()
    chat = RuleChat(rule=looks_up(["result"]))
    agent: Any = create_agent(chat, [search, calculate], checkpointer=own)
    hidden = RunnableLambda(agent.invoke, agent.ainvoke)
    assert both(build(hidden).compile(), ASK, THREAD)["confidence"] == 1.0
    assert len({it.config["configurable"]["thread_id"] for it in own.list(None)}) == 4
    assert len(chat.asked) == 3 * 4


def test_a_run_paused_before_the_gate_runs_no_agent_again() -> None:
    chat = RuleChat(rule=looks_up(["result"]))
    agent = create_agent(chat, [search, calculate])
    builder = build(agent)
    graph = builder.compile(checkpointer=InMemorySaver(), interrupt_before=["confidence_gate"])
    graph.invoke(ASK, THREAD)
    assert len(chat.asked) == 3 * 4
    assert graph.invoke(None, THREAD)["answer"] == "12"
    assert len(chat.asked) == 3 * 4


def test_a_tool_sees_the_callers_own_settings_and_no_shared_thread(both: Runner) -> None:
    threads = set()

    def look(config: RunnableConfig) -> str:
        threads.add(config["configurable"]["thread_id"])
        return str(config["configurable"]["tenant"])

    out = both(build(seen_by(look)).compile(), ASK, THREAD)
    assert out["messages"][-1].text == "It says a. The answer is 12."
    assert len(threads) == 4
    assert "t" not in threads


def test_a_tool_sees_the_graphs_store(both: Runner) -> None:
    store = InMemoryStore()
    store.put(("facts",), "apple", {"coins": 3})

    def look(_: RunnableConfig) -> str:
        found = get_store().get(("facts",), "apple")
        assert found is not None
        return str(found.value["coins"])

    out = both(build(seen_by(look)).compile(store=store), ASK)
    assert out["messages"][-1].text == "It says 3. The answer is 12."


class _Shop(TypedDict):
    shop: str


@pytest.mark.parametrize("kind", ["of another graph", "of this package"])
def test_a_tool_sees_a_context_that_is_not_ours(both: Runner, kind: str) -> None:
    def look(_: RunnableConfig) -> str:
        return str(get_runtime().context)

    inside = build(seen_by(look)).compile()
    if kind == "of this package":
        out = both(inside, ASK, context=CopeContext(n=4))
        assert out["messages"][-1].text == "It says None. The answer is 12."
        return
    graph = StateGraph(MessagesState, context_schema=_Shop)
    graph.add_node("cope", inside)
    graph.add_edge(START, "cope")
    out = both(graph.compile(), ASK, context={"shop": "corner"})
    assert out["messages"][-1].text == "It says {'shop': 'corner'}. The answer is 12."


class _Spans(BaseCallbackHandler):
    def __init__(self) -> None:
        self.parents: dict[Any, tuple[str, Any]] = {}

    def _note(self, name: str, run_id: Any, parent: Any) -> None:
        self.parents[run_id] = (name, parent)

    def on_chain_start(self, *_: Any, run_id: Any, parent_run_id: Any = None, **kw: Any) -> None:
        self._note(kw["name"], run_id, parent_run_id)

    def on_tool_start(self, *_: Any, run_id: Any, parent_run_id: Any = None, **__: Any) -> None:
        self._note("a tool", run_id, parent_run_id)

    def on_chat_model_start(
        self, *_: Any, run_id: Any, parent_run_id: Any = None, **__: Any
    ) -> None:
        self._note("a model", run_id, parent_run_id)

    def path(self, run_id: Any) -> list[str]:
        name, parent = self.parents[run_id]
        return [*(self.path(parent) if parent in self.parents else []), name]


def test_spans_of_a_run_stand_inside_the_node(both: Runner) -> None:
    spans = _Spans()
    agent = create_agent(RuleChat(rule=looks_up(["result"])), [search, calculate], name="helper")
    both(build(agent).compile(name="cope"), ASK, {"callbacks": [spans]})
    found = [spans.path(run_id) for run_id in spans.parents]
    run = ["cope", "small_execute", "a model", "helper"]
    assert found.count(run) == 4
    assert found.count([*run, "model", "a model"]) == 3 * 4
    assert found.count([*run, "tools", "a tool"]) == 2 * 4


def test_an_agent_may_answer_with_new_messages_alone(both: Runner) -> None:
    def alone(_: Any) -> Any:
        usage: UsageMetadata = {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8}
        said = {"model_name": "worker"}
        message = AIMessage("The answer is 12.", usage_metadata=usage, response_metadata=said)
        return {"messages": [message]}

    out = both(build(RunnableLambda(alone)).compile(), ASK)
    assert (out["answer"], out["ledger"]["status"]) == ("12", "reported")
    assert Decimal(out["ledger"]["usd"]) == Decimal(4 * 11) / 1_000_000
