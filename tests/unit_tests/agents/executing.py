"""Cascades of one stage whose executor is an agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool

from cope_graph import CopeContext, Price, create_cope, tasks
from tests.scripted import ScriptedChat
from tests.unit_tests.agents.at_work import RuleChat, calls

ASK = {"messages": [("user", "What do four apples cost?")]}
PRICES = {"worker": Price.of("1", "2"), "s": Price.of("1", "1"), "l": Price.of("1", "1")}
ONE_STAGE = CopeContext(n=4, stages=(1,), small_plan="none", tau1=0.5)


def build(agent: Any, *, large: list[str] | None = None, **settings: Any) -> Any:
    chats = ScriptedChat(model_name="s", replies=[]), ScriptedChat(replies=large or [])
    return create_cope(
        *chats,
        task=tasks.math(),
        prices=PRICES,
        defaults=ONE_STAGE.model_copy(update=settings),
        small_executor=agent,
        read_only_tools=True,
    )


def seen_by(look: Callable[..., str]) -> Any:
    """Make an agent that answers what its tool sees."""

    @tool("look")
    def wrapped(config: RunnableConfig) -> str:
        """Look around."""
        return look(config)

    def rule(messages: Any, _: int) -> AIMessage:
        if messages[-1].type != "tool":
            return calls("look")
        return AIMessage(f"It says {messages[-1].text}. The answer is 12.")

    return create_agent(RuleChat(rule=rule), [wrapped])
