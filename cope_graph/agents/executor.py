"""A whole agent in an executor's place: messages in, its last message out."""

from __future__ import annotations

from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langgraph.pregel import Pregel
from pydantic import ConfigDict, Field

from cope_graph.agents.agent_run import running
from cope_graph.agents.inside import look_into
from cope_graph.errors import InputError
from cope_graph.models.usage import OF_AN_AGENT


class AgentExecutor(BaseChatModel):
    """A chat model whose every reply is a run of an agent.

    A run stands alone: it keeps no checkpoints, and knows nothing of the graph it runs in but the
    caller's settings (`configurable`), store and context. Its reply carries no usage of its own,
    since usage callbacks and traces count the models inside; the graph's bill reads it from the
    reply's metadata.

    Attributes:
        agent: Takes and gives `{"messages": [...]}`.
        model_name: Its name on the bill.
        is_plain: Whether its nodes are LangChain's alone, so that an answer is what a model wrote.
            A middleware may end it with a message of its own, such as of a limit or of a model
            that failed, on which n samples would agree.
        max_retries: 0: a run that failed is not made again of itself, as the agent's models have
            retries of their own.
        cache: Off: a cached reply would make n samples one.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    agent: Any = Field(repr=False)
    model_name: str
    is_plain: bool = False
    max_retries: int = 0
    cache: BaseCache | bool | None = Field(default=False, exclude=True)

    @property
    def _llm_type(self) -> str:
        return OF_AN_AGENT

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        with running(self.agent, messages, run_manager) as run:
            run.out = run.agent.invoke(run.given, run.config, **run.options)
        return run.result(is_plain=self.is_plain)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        with running(self.agent, messages, run_manager) as run:
            run.out = await run.agent.ainvoke(run.given, run.config, **run.options)
        return run.result(is_plain=self.is_plain)


def executor(agent: object, side: str) -> AgentExecutor:
    """Make an executor of an agent.

    Args:
        agent: A compiled agent, or any runnable from `{"messages": [...]}` to the same.
        side: Whose executor it is.

    Raises:
        InputError: It is no such thing.
    """
    if isinstance(agent, BaseChatModel | BaseLLM | str):
        msg = (
            f"{side}_executor is a model: pass it as the {side} model itself, which executes where "
            "there is no executor."
        )
        raise InputError(msg)
    if not isinstance(agent, Runnable):
        hint = "compile it first" if hasattr(agent, "compile") else "pass a compiled agent"
        msg = f"{side}_executor is a {type(agent).__name__}, which does not run: {hint}."
        raise InputError(msg)
    if isinstance(agent, Pregel):
        if "messages" not in agent.channels:
            msg = f"The state of {side}_executor has no messages: it cannot be asked anything."
            raise InputError(msg)
        # n runs side by side in one node would write into one place.
        agent = agent.copy({"checkpointer": False})
    name = agent.get_name()
    return AgentExecutor(
        agent=agent,
        model_name="agent" if name == "LangGraph" else name,
        is_plain=isinstance(agent, Pregel) and not look_into(agent).closed,
    )
