"""What of an agent's last state is its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from pydantic_core import to_json

NO_ANSWER: Final = "the agent ended without a message that answers"

_FINISH: Final = ("finish_reason", "stop_reason", "stopReason", "done_reason", "incomplete_details")


def messages_of(out: object) -> list[BaseMessage]:
    """Read the messages of a state; none where it holds none that can be read."""
    given = out.get("messages") if isinstance(out, Mapping) else None
    if not isinstance(given, Sequence) or isinstance(given, str):
        return []
    try:
        return convert_to_messages(given)
    except (ValueError, NotImplementedError):
        return []


def answer_of(out: object, added: Sequence[BaseMessage]) -> str:
    """Give the answer's text, empty where there is none.

    Args:
        out: The agent's last state. Its `structured_response` is an answer in JSON, where the
            agent ends with the call of a tool that stands for one.
        added: The messages that the agent added. An AI message that still calls tools ends no
            agent, and is no answer.
    """
    last = last_of(added)
    if last is not None and not last.tool_calls and last.text.strip():
        return last.text
    structured = out.get("structured_response") if isinstance(out, Mapping) else None
    return "" if structured is None else to_json(structured).decode()


def finish_of(added: Sequence[BaseMessage]) -> dict[str, Any]:
    """Give why the last model stopped, in its provider's words."""
    last = last_of(added)
    said = {} if last is None else last.response_metadata
    return {name: said[name] for name in _FINISH if name in said}


def last_of(added: Sequence[BaseMessage]) -> AIMessage | None:
    """Give the last AI message that the agent added."""
    return next((one for one in reversed(added) if isinstance(one, AIMessage)), None)
