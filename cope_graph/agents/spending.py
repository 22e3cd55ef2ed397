"""What an agent's run has cost, heard from every model that it asks."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any, Final
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from cope_graph.models.faults import was_billed
from cope_graph.models.usage import Usage, together, usage_of

UNNAMED: Final = "unnamed"
"""The model of a reply that does not say who gave it."""

_COUNTED_INSIDE: Final = ("cope", "agent")
"""Marks in the metadata of a reply whose models report for themselves."""


class Spending(BaseCallbackHandler):
    """Listens to the models of one run; methods may be called from any thread.

    It hears of models that an agent's messages do not tell of: those inside its tools, those that
    a middleware asks, and requests that failed.
    """

    run_inline = True

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = Lock()
        self._asked: dict[UUID, tuple[str, Sequence[BaseMessage]]] = {}
        self._spent: list[tuple[str, Usage]] = []
        self._heard: set[str] = set()

    def on_chat_model_start(  # noqa: D102 - LangChain's
        self,
        serialized: dict[str, Any],  # noqa: ARG002
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        name = str((metadata or {}).get("ls_model_name") or UNNAMED)
        with self._lock:
            self._asked[run_id] = (name, messages[0] if messages else [])

    def on_llm_start(  # noqa: D102 - LangChain's
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        **options: Any,
    ) -> None:
        asked: list[list[BaseMessage]] = [[HumanMessage(prompt) for prompt in prompts]]
        self.on_chat_model_start(serialized, asked, run_id=run_id, **options)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:  # noqa: D102
        generations = response.generations[0] if response.generations else []
        messages = [one.message for one in generations if isinstance(one, ChatGeneration)]
        with self._lock:
            name, prompt = self._asked.pop(run_id, (UNNAMED, []))
            self._heard.update(message.id for message in messages if message.id)
            if any(map(_is_counted_already, messages)):
                return
            named = next((said for m in messages if (said := _model_of(m))), name)
            usage = usage_of(prompt, generations, response.llm_output or {})
            self._spent.append((named, usage))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:  # noqa: D102
        with self._lock:
            name, _asked = self._asked.pop(run_id, (UNNAMED, []))
            if not isinstance(error, Exception) or was_billed(error):
                self._spent.append((name, Usage(0, 0, status="unknown")))

    def heard(self, message: BaseMessage) -> bool:
        """Tell whether a model gave a message, as far as that could be heard."""
        with self._lock:
            return message.id in self._heard

    def total(self, prompt: Sequence[BaseMessage], added: Sequence[BaseMessage]) -> Usage:
        """Add up what was heard, and what messages tell of that nothing was heard of.

        Args:
            prompt: What the agent was given: the estimate where a message reports nothing.
            added: The messages it added.
        """
        with self._lock:
            spent, heard = list(self._spent), set(self._heard)
            under_way = [name for name, _ in self._asked.values()]
        spent += [(name, Usage(0, 0, status="unknown")) for name in under_way]
        for message in added:
            # Of a model that was asked out of the callbacks' hearing, such as on a server.
            if not isinstance(message, AIMessage) or message.id in heard:
                continue
            if message.usage_metadata or not spent:
                usage = usage_of(prompt, [ChatGeneration(message=message)])
                spent.append((_model_of(message) or UNNAMED, usage))
        return together(spent)


def _is_counted_already(message: BaseMessage) -> bool:
    """Tell a reply made of others that were heard, and one from LangChain's cache."""
    metadata = message.response_metadata
    cached = (getattr(message, "usage_metadata", None) or {}).get("total_cost") == 0
    return cached or any(mark in metadata for mark in _COUNTED_INSIDE)


def _model_of(message: BaseMessage) -> str | None:
    said = message.response_metadata
    name = said.get("model_name") or said.get("model")
    return name if isinstance(name, str) and name else None
