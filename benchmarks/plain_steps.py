"""A step's requests as one would write them in an hour: chat models for a plain agent.

The same requests with the same prompts, temperatures and concurrency as the cascade's; no ledger,
no settings, no error texts, no retries, and calls are compared as they stand.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig

from cope_graph.agents.step import PROMPTS, STEP
from cope_graph.models.tool_words import told_in_words
from cope_graph.tasks.task import Plan

N: Final = 8
SIDE_BY_SIDE: Final = RunnableConfig(max_concurrency=N)
TAU: Final = {1: 0.75, 2: 0.5}


class PlainSteps(BaseChatModel):
    """What the two kinds have in common."""

    @property
    def _llm_type(self) -> str:
        return "plain-steps"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Offer tools, described once."""
        from langchain_core.utils.function_calling import convert_to_openai_tool  # noqa: PLC0415

        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)


class PlannedSteps(PlainSteps):
    """Asks for n goals, then for a step by each; takes the first step of the majority."""

    planner: Any
    solver: Any

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: Any = None,  # noqa: ARG002
        *,
        tools: Sequence[Any] = (),
        **_: Any,
    ) -> ChatResult:
        goals = texts(self.planner.generate([planning(messages, tools, "goal")]))
        prompts = [solving(messages, tools, [Plan("goal", goal)]) for goal in goals]
        replies = self.solver.bind(tools=tools).batch(prompts, SIDE_BY_SIDE)
        return result(majority(replies)[0])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: Any = None,  # noqa: ARG002
        *,
        tools: Sequence[Any] = (),
        **_: Any,
    ) -> ChatResult:
        goals = texts(await self.planner.agenerate([planning(messages, tools, "goal")]))
        prompts = [solving(messages, tools, [Plan("goal", goal)]) for goal in goals]
        replies = await self.solver.bind(tools=tools).abatch(prompts, SIDE_BY_SIDE)
        return result(majority(replies)[0])


class ThreeStages(PlainSteps):
    """Asks for n steps, a guideline, n steps, a step: as far as no majority is large enough."""

    first: Any
    planner: Any
    second: Any
    solver: Any

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: Any = None,  # noqa: ARG002
        *,
        tools: Sequence[Any] = (),
        **_: Any,
    ) -> ChatResult:
        step, share = majority(steps(self.first.generate([messages], tools=tools)))
        if share > TAU[1]:
            return result(step)
        guideline = self.planner.invoke(planning(messages, tools, "guideline")).text
        asked = solving(messages, tools, [Plan("guideline", guideline)])
        step, share = majority(steps(self.second.generate([asked], tools=tools)))
        return result(step if share > TAU[2] else self.solver.invoke(asked, tools=tools))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: Any = None,  # noqa: ARG002
        *,
        tools: Sequence[Any] = (),
        **_: Any,
    ) -> ChatResult:
        step, share = majority(steps(await self.first.agenerate([messages], tools=tools)))
        if share > TAU[1]:
            return result(step)
        guideline = (await self.planner.ainvoke(planning(messages, tools, "guideline"))).text
        asked = solving(messages, tools, [Plan("guideline", guideline)])
        step, share = majority(steps(await self.second.agenerate([asked], tools=tools)))
        return result(step if share > TAU[2] else await self.solver.ainvoke(asked, tools=tools))


def planning(messages: Sequence[BaseMessage], tools: Sequence[Any], form: Any) -> Any:
    """Make a planner's turn: the history in words, and which tools there are."""
    return list(told_in_words(_placed(messages, PROMPTS.planner(form, _shown(tools)))))


def solving(messages: Sequence[BaseMessage], tools: Sequence[Any], plans: Sequence[Plan]) -> Any:
    """Make an executor's turn."""
    return _placed(messages, PROMPTS.executor(_shown(tools), plans))


def _shown(tools: Sequence[Any]) -> str:
    functions = [tool["function"] for tool in tools]
    lines = [f"- {it['name']}: {it['description']}" for it in functions]
    return "\n".join([STEP, "Tools:", *lines])


def _placed(messages: Sequence[BaseMessage], prompt: str) -> list[BaseMessage]:
    *earlier, last = messages
    if isinstance(last, HumanMessage):
        return [*earlier, HumanMessage(f"{last.text}\n\n{prompt}")]
    return [*messages, HumanMessage(prompt)]


def steps(drawn: LLMResult) -> list[Any]:
    """Take the samples' messages."""
    return [getattr(generation, "message", None) for generation in drawn.generations[0]]


def texts(drawn: LLMResult) -> list[str]:
    """Take the samples' texts."""
    return [generation.text for generation in drawn.generations[0]]


def majority(replies: Sequence[AIMessage]) -> tuple[AIMessage, float]:
    """Give the first reply of those most often made, and their share."""
    said = [
        json.dumps([[call["name"], call["args"]] for call in reply.tool_calls], sort_keys=True)
        if reply.tool_calls
        else reply.text
        for reply in replies
    ]
    most, count = Counter(said).most_common(1)[0]
    return replies[said.index(most)], count / len(said)


def result(message: AIMessage) -> ChatResult:
    """Give a step as a chat model does."""
    return ChatResult(generations=[ChatGeneration(message=message)])
