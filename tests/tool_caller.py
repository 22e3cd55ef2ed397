"""A scripted chat model that calls tools; for unit tests of logic alone."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any, ClassVar
from uuid import uuid4

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

Line = str | tuple[str, dict[str, Any]] | list[tuple[str, dict[str, Any]]] | BaseException
"""What is dealt: words, a call, calls side by side, or an error that is raised."""


class ToolCaller(BaseChatModel):
    """Deals its lines in order; each costs 10 prompt tokens a request and 2 a sample."""

    takes_n: ClassVar[bool] = True

    model_name: str = "caller"
    lines: list[Any]
    temperature: float | None = None
    max_tokens: int | None = None

    _calls: list[dict[str, Any]] = PrivateAttr(default_factory=list)
    _dealt: list[Any] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=Lock)

    @property
    def _llm_type(self) -> str:
        return "tool-caller"

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every request: messages, n, tools, tool_choice, temperature."""
        return self._calls

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Offer tools."""
        listed = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=listed, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        n = kwargs.get("n", 1)
        with self._lock:
            start = len(self._dealt)
            lines = self.lines[start : start + n]
            self._dealt.extend(lines)
            asked = {"tools": kwargs.get("tools"), "tool_choice": kwargs.get("tool_choice")}
            self._calls.append(
                {"messages": messages, "n": n, **asked, "temperature": self.temperature}
            )
        if raised := next((line for line in lines if isinstance(line, BaseException)), None):
            raise raised
        if len(lines) < n:
            msg = f"the script of {self.model_name} ended after {start} lines"
            raise RuntimeError(msg)
        return ChatResult(generations=[_generation(line, i, n) for i, line in enumerate(lines)])


def _generation(line: Any, index: int, n: int) -> ChatGeneration:
    calls = [line] if isinstance(line, tuple) else line if isinstance(line, list) else []
    message = AIMessage(
        line if isinstance(line, str) else "",
        tool_calls=[
            {"name": name, "args": args, "id": f"call_{uuid4().hex[:8]}", "type": "tool_call"}
            for name, args in calls
        ],
        response_metadata={"finish_reason": "tool_calls" if calls else "stop"},
        usage_metadata=None
        if index
        else {"input_tokens": 10, "output_tokens": 2 * n, "total_tokens": 10 + 2 * n},
    )
    return ChatGeneration(message=message)
