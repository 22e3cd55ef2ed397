"""A scripted chat model that calls tools, and tools that count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, ClassVar, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

Proposal: TypeAlias = (
    "str | AIMessage | tuple[str, dict[str, Any]] | list[tuple[str, dict[str, Any]]]"
)
"""A text, a message, a call of a tool, or several side by side."""
Policy: TypeAlias = Callable[[list[BaseMessage], int], Proposal]
"""From the messages and the number of the sample, counted over all requests, to a proposal."""


class ActingChat(BaseChatModel):
    """Acts by its policy; each sample costs 10 prompt tokens a request and 2 of its own.

    A request without tools is one for a plan: `"plan N of NAME"`.
    """

    takes_n: ClassVar[bool] = False

    model_name: str = "acting"
    policy: Policy
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None

    _acts: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _plans: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _offers: list[dict[str, Any]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=Lock)

    @property
    def _llm_type(self) -> str:
        return "acting"

    @property
    def acts(self) -> list[list[BaseMessage]]:
        """The messages of every sample of a step."""
        return self._acts

    @property
    def plans(self) -> list[list[BaseMessage]]:
        """The messages of every plan."""
        return self._plans

    @property
    def offers(self) -> list[dict[str, Any]]:
        """The tools of every sample of a step."""
        return self._offers

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=list(tools), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: Any = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        with self._lock:
            planned = not kwargs.get("tools")
            (self._plans if planned else self._acts).append(messages)
            if not planned:
                self._offers.append(kwargs)
            index = len(self._plans if planned else self._acts) - 1
        proposal = f"plan {index} of {self.model_name}" if planned else self.policy(messages, index)
        return ChatResult(generations=[ChatGeneration(message=message_of(proposal, index))])


def message_of(proposal: Proposal, index: int = 0) -> AIMessage:
    """Make a fresh message; ids of calls are the sample's own."""
    usage = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
    if isinstance(proposal, AIMessage):
        return proposal.model_copy(update={"usage_metadata": usage})
    if isinstance(proposal, str):
        return AIMessage(proposal, usage_metadata=usage)
    calls = proposal if isinstance(proposal, list) else [proposal]
    made: list[Any] = [
        {"name": name, "args": args, "id": f"call_{index}_{i}", "type": "tool_call"}
        for i, (name, args) in enumerate(calls)
    ]
    return AIMessage("", tool_calls=made, usage_metadata=usage)


def by_turn(*steps: Proposal) -> Policy:
    """Act by how many steps the conversation holds already: all samples of a step are the same."""

    def policy(messages: list[BaseMessage], _: int) -> Proposal:
        taken = sum(isinstance(message, AIMessage) for message in messages)
        return steps[min(taken, len(steps) - 1)]

    return policy


def unsure(one: Policy, other: Policy) -> Policy:
    """Propose now the one, now the other: no majority."""

    def policy(messages: list[BaseMessage], index: int) -> Proposal:
        return (one, other)[index % 2](messages, index)

    return policy
