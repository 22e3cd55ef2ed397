"""What tools gave so far, in words: as facts in one turn, not as turns of the model's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage


def done_so_far(messages: Sequence[BaseMessage]) -> tuple[list[BaseMessage], str | None]:
    """Tell calls and their results in one human turn each time the model was at work.

    Args:
        messages: An agent's.

    Returns:
        The messages, and the question that is being worked on: `None` before its first result.
    """
    made = {call["id"]: call for message in messages for call in calls_in(message)}
    told: list[BaseMessage] = []
    lines: list[str] = []
    asked, question = "", None
    for message in messages:
        if isinstance(message, ToolMessage):
            lines.append(_result(message, made.get(message.tool_call_id)))
            question = asked
        elif calls_in(message):
            lines += [f"- said: {message.text}"] if message.text else []
        else:
            told += [*_turn(lines), message]
            lines = []
            if isinstance(message, AIMessage):
                question = None
            elif isinstance(message, HumanMessage) and question is None:
                asked = message.text
    return [*told, *_turn(lines)], question


def calls_in(message: BaseMessage) -> list[Mapping[str, Any]]:
    """List the calls that a message makes, with those that could not be read."""
    if not isinstance(message, AIMessage):
        return []
    return [*message.tool_calls, *message.invalid_tool_calls]


def _turn(lines: Sequence[str]) -> list[BaseMessage]:
    return [HumanMessage("\n".join(["Done so far:", *lines]))] if lines else []


def _result(message: ToolMessage, call: Mapping[str, Any] | None) -> str:
    args = (call or {}).get("args", "")
    written = args if isinstance(args, str) else json.dumps(args, ensure_ascii=False)
    name = message.name or (call or {}).get("name") or "a tool"
    what = "failed" if message.status == "error" else "gave"
    return f"- {' '.join(filter(None, [name, written]))} {what}: {message.text}"
