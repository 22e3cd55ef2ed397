"""Agents with real tools over a chat model that follows a rule."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import tool
from pydantic import PrivateAttr

Rule = Callable[[Sequence[BaseMessage], int], AIMessage]
"""From the messages, and how many runs began before, to the next message."""

DOCUMENTS = {
    "fruit": "An apple costs 3 coins and a pear costs 5 coins.",
    "trains": "The train to the coast leaves at nine.",
}
_SIGNS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@tool
def search(query: str) -> str:
    """Find the document that has most words of the query."""
    words = set(query.lower().split())
    return max(DOCUMENTS.values(), key=lambda text: len(words & set(text.lower().split())))


@tool
def calculate(expression: str) -> str:
    """Work out sums and products of whole numbers."""
    return str(_value(ast.parse(expression, mode="eval").body))


def _value(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        return int(_SIGNS[type(node.op)](_value(node.left), _value(node.right)))
    value = ast.literal_eval(node)
    assert isinstance(value, int)
    return value


class RuleChat(BaseChatModel):
    """Calls tools by a rule; each request costs 100 prompt tokens and 7 completion tokens."""

    rule: Rule
    reports: bool = True
    model_name: str = "worker"

    _begun: dict[str, int] = PrivateAttr(default_factory=dict)
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=Lock)

    @property
    def _llm_type(self) -> str:
        return "rule"

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of every request."""
        return self._asked

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=list(tools))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> ChatResult:
        with self._lock:
            self._asked.append(messages)
            first = next(str(m.id) for m in reversed(messages) if m.type == "human")
            number = self._begun.setdefault(first, len(self._begun))
        message = self.rule(messages, number)
        if self.reports:
            message.usage_metadata = {"input_tokens": 100, "output_tokens": 7, "total_tokens": 107}
        message.response_metadata = {"model_name": self.model_name, "finish_reason": "stop"}
        return ChatResult(generations=[ChatGeneration(message=message)])


def calls(name: str, **args: Any) -> AIMessage:
    """Call a tool."""
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": "call"}])


def looks_up(answers: Sequence[str], expression: str = "3 * 4") -> Rule:
    """Search, then calculate, then answer: run i with answer i, `result` for the calculator's."""

    def rule(messages: Sequence[BaseMessage], number: int) -> AIMessage:
        found = [message for message in messages if message.type == "tool"]
        if not found:
            return calls("search", query="what costs an apple")
        if len(found) == 1:
            assert "3 coins" in found[0].text
            return calls("calculate", expression=expression)
        answer = answers[number % len(answers)]
        said = found[1].text if answer == "result" else answer
        return AIMessage(f"The answer is {said}.")

    return rule


def answers(*texts: str) -> Rule:
    """Answer at once, run i with text i."""

    def rule(_: Sequence[BaseMessage], number: int) -> AIMessage:
        return AIMessage(texts[number % len(texts)])

    return rule
