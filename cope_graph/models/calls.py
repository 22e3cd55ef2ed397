"""A model's message as one text: its words, and the calls of tools that it makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage


def written(message: AIMessage) -> str:
    """Write a message as JSON, empty when there is nothing in it.

    Args:
        message: Of a model that was offered tools. Arguments that are no JSON are written as text.
    """
    text = message.text
    if not (text.strip() or message.tool_calls or message.invalid_tool_calls):
        return ""
    calls = [
        # Some servers give a call no id, and its result needs one to stand behind it.
        {"name": it["name"], "args": it["args"], "id": it["id"] or f"call_{uuid4().hex[:24]}"}
        for it in message.tool_calls
    ]
    invalid = [
        {"name": it["name"], "args": it["args"], "id": it["id"], "error": it["error"]}
        for it in message.invalid_tool_calls
    ]
    said = {"text": text, "calls": calls, "invalid": invalid}
    return json.dumps(said, ensure_ascii=False, default=str)


def message_of(text: str) -> AIMessage:
    """Read what `written` wrote; any other text is a message of these words."""
    said = _object(text)
    if said is None:
        return AIMessage(text)
    calls = [{**call, "type": "tool_call"} for call in said["calls"]]
    invalid = [{**call, "type": "invalid_tool_call"} for call in said["invalid"]]
    return AIMessage(said["text"], tool_calls=calls, invalid_tool_calls=invalid)


def rewritten(text: str, change: Callable[[str], str]) -> str:
    """Change every text inside a written message, arguments included; others as a whole."""
    said = _object(text)
    if said is None:
        return change(text)
    return json.dumps(_changed(said, change), ensure_ascii=False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_ours = isinstance(said, dict) and said.keys() == {"text", "calls", "invalid"}
    return said if is_ours else None


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _changed(item, change) for name, item in value.items()}
    return value
