"""A scripted chat model for unit tests of logic alone: fresh messages, loud when it runs dry."""

from __future__ import annotations

from threading import Lock
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr


class ScriptedChat(BaseChatModel):
    """Deals its replies in order; a reply `"cut:..."` ends at the token limit.

    Each reply costs 10 prompt tokens a request and 2 completion tokens a sample.
    """

    takes_n: ClassVar[bool] = True

    model_name: str = "scripted"
    replies: list[str]
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None

    _calls: list[dict[str, Any]] = PrivateAttr(default_factory=list)
    _dealt: list[str] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=Lock)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every request: prompt, n, temperature, seed, max_tokens."""
        return self._calls

    @property
    def prompts(self) -> list[str]:
        """The last message of every request."""
        return [str(call["messages"][-1].content) for call in self._calls]

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
            texts = self.replies[start : start + n]
            if len(texts) < n:
                msg = f"the script of {self.model_name} ended after {start} replies"
                raise RuntimeError(msg)
            self._dealt.extend(texts)
            own = {"temperature": self.temperature, "seed": self.seed, "max": self.max_tokens}
            self._calls.append({"messages": messages, "n": n, **own})
        return ChatResult(generations=[_generation(text, i, n) for i, text in enumerate(texts)])


def _generation(text: str, index: int, n: int) -> ChatGeneration:
    cut = text.startswith("cut:")
    message = AIMessage(
        text.removeprefix("cut:"),
        response_metadata={"finish_reason": "length" if cut else "stop"},
        usage_metadata=None
        if index
        else {"input_tokens": 10, "output_tokens": 2 * n, "total_tokens": 10 + 2 * n},
    )
    return ChatGeneration(message=message)


def says(answer: str) -> str:
    """Write a reply that holds an answer."""
    return f"Some thought. The answer is {answer}."
