"""Agents that may not execute: tools that may do more than read, money that nothing bounds."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware, TodoListMiddleware
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from typing_extensions import TypedDict

from cope_graph import Budget, CopeContext, create_cope, gates, tasks
from cope_graph.errors import BudgetError, CopeError, InputError, NoLogProbsError
from tests.scripted import ScriptedChat
from tests.unit_tests.agents.at_work import RuleChat, answers, calculate, search
from tests.unit_tests.conftest import Runner

ASK = {"messages": [("user", "What do four apples cost?")]}


@tool
def send(text: str) -> str:
    """Send a mail."""
    raise AssertionError(text)


def agent_of(*tools: Any, **options: Any) -> Any:
    return create_agent(RuleChat(rule=answers("The answer is 12.")), list(tools), **options)


def build(agent: Any, **options: Any) -> Any:
    chats = ScriptedChat(replies=["goal"] * 8), ScriptedChat(replies=[])
    return create_cope(*chats, task=tasks.math(), small_executor=agent, **options)


def hinted(*, only_reads: object) -> StructuredTool:
    """Make a tool as langchain-mcp-adapters makes one of an MCP server's with annotations."""
    metadata = {"title": None, "readOnlyHint": only_reads, "destructiveHint": None}
    return StructuredTool.from_function(
        lambda query: query, name="look", description="Look.", metadata=metadata
    )


def test_a_tool_that_may_do_more_than_read_is_refused_by_name_with_the_fix() -> None:
    with pytest.raises(InputError) as refused:
        build(agent_of(search, send, calculate), read_only_tools=["search"])
    assert str(refused.value) == (
        "The small executor has tools that are not known to only read: send, calculate. It runs "
        "for every sample, so what they do would be done several times: pass "
        "create_cope(read_only_tools=['search', 'send', 'calculate']) if they change nothing, "
        "else vote on single actions (create_cope_agent), where a tool runs once."
    )


@pytest.mark.parametrize(
    "allowed", [["search", "calculate"], [search, calculate], {"search", "calculate"}, True]
)
def test_tools_are_allowed_by_name_or_themselves_or_all(allowed: Any) -> None:
    assert build(agent_of(search, calculate), read_only_tools=allowed).compile()


def test_a_plain_function_is_allowed_as_it_was_given_to_the_agent() -> None:
    def look(query: str) -> str:
        """Look."""
        return query

    assert build(agent_of(look), read_only_tools=[look]).compile()


def test_the_hint_of_an_mcp_server_is_heeded_when_it_says_yes() -> None:
    assert build(agent_of(hinted(only_reads=True))).compile()
    for other in (False, None, "true", 1):
        with pytest.raises(InputError, match="only read: look"):
            build(agent_of(hinted(only_reads=other)))


def test_the_large_executor_is_held_to_it_too() -> None:
    chats = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    with pytest.raises(
        InputError, match=r"large executor has tools .*: send.* could be done twice"
    ):
        create_cope(*chats, task=tasks.math(), large_executor=agent_of(send))


def test_tools_that_a_middleware_brings_count() -> None:
    with pytest.raises(InputError, match="only read: write_todos"):
        build(agent_of(middleware=[TodoListMiddleware()]))
    assert build(agent_of(middleware=[ModelCallLimitMiddleware(run_limit=3)])).compile()


def test_tools_of_an_agent_inside_the_agent_count() -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("inner", agent_of(send))
    graph.add_edge(START, "inner")
    with pytest.raises(InputError, match="only read: send"):
        build(graph.compile())


def test_tools_behind_another_step_of_a_node_count() -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([send]) | RunnableLambda(lambda state: state))
    graph.add_edge(START, "tools")
    with pytest.raises(InputError, match="only read: send"):
        build(graph.compile())


def test_a_node_of_other_code_needs_consent_to_all() -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("own", lambda state: state)
    graph.add_edge(START, "own")
    with pytest.raises(InputError, match=r"cannot be looked into: own\. .*read_only_tools=True"):
        build(graph.compile(), read_only_tools=["own"])
    assert build(graph.compile(), read_only_tools=True).compile()


def test_a_runnable_whose_tools_cannot_be_listed_needs_consent_to_all() -> None:
    runnable = RunnableLambda(lambda state: state)
    with pytest.raises(InputError, match="RunnableLambda, whose tools cannot be listed"):
        build(runnable, read_only_tools=["search"])
    assert build(runnable, read_only_tools=True).compile()


class _NoMessages(TypedDict):
    question: str


def _without_messages() -> Any:
    graph = StateGraph(_NoMessages)
    graph.add_node("own", lambda state: state)
    graph.add_edge(START, "own")
    return graph.compile()


@pytest.mark.parametrize(
    ("agent", "why"),
    [
        (ScriptedChat(replies=[]), "small_executor is a model: pass it as the small model"),
        ("openai:gpt-4o", "small_executor is a model"),
        (StateGraph(MessagesState), "a StateGraph, which does not run: compile it"),
        (len, "a builtin_function_or_method, which does not run: pass a compiled agent"),
        (_without_messages(), "small_executor has no messages"),
    ],
)
def test_what_is_no_agent_is_refused(agent: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        build(agent, read_only_tools=True)


@pytest.mark.parametrize(
    ("given", "why"),
    [("search", "'search': pass a list"), (7, "7: pass a list"), ([3], "3, which is no tool")],
)
def test_a_list_of_tools_that_is_none_is_refused(given: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        build(agent_of(search), read_only_tools=given)


def test_read_only_tools_without_an_executor_are_refused() -> None:
    with pytest.raises(InputError, match="pass small_executor"):
        build(None, read_only_tools=["search"])


@pytest.mark.parametrize("budget", [Budget(usd="1"), Budget(tokens=1000)])
def test_a_graph_with_a_budget_takes_no_executor(budget: Budget) -> None:
    options = {"prices": {"small": "1,1", "large": "1,1"}, "budget": budget}
    limits = CopeContext(max_plan_tokens=9, max_answer_tokens=9)
    with pytest.raises(BudgetError, match=r"^small_executor asks models as often as it likes"):
        build(agent_of(), defaults=limits, **options)


@pytest.mark.parametrize("limit", [{"budget_usd": "1"}, {"budget_tokens": 1000}])
def test_a_run_with_a_budget_starts_no_executor(limit: dict[str, Any], both: Runner) -> None:
    graph = build(agent_of(), prices={"small": "1,1", "large": "1,1"}).compile()
    context = CopeContext(max_plan_tokens=9, max_answer_tokens=9, **limit)
    with pytest.raises(BudgetError, match="small_executor asks models") as refused:
        both(graph, ASK, context=context)
    assert refused.value.ledger is None or refused.value.ledger["requests"] == 0


def test_a_budget_of_time_takes_executors(both: Runner) -> None:
    graph = build(agent_of(), budget=Budget(deadline_s=60)).compile()
    assert both(graph, ASK)["answer"] == "12"


def test_what_a_large_agents_tools_read_cannot_be_redacted() -> None:
    chats = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    with pytest.raises(InputError, match="redact= cannot hide what the tools of large_executor"):
        create_cope(
            *chats,
            task=tasks.math(),
            redact=lambda _: ["secret"],
            large_executor=agent_of(search),
            read_only_tools=["search"],
        )


def test_an_agent_gives_no_log_probs() -> None:
    chats = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    task = tasks.open_ended(gate=gates.perplexity())
    with pytest.raises(NoLogProbsError, match="agent"):
        create_cope(*chats, task=task, small_executor=agent_of())


def test_errors_are_of_the_package() -> None:
    with pytest.raises(CopeError):
        build(agent_of(send))
