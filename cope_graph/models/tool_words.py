"""Tools in words, for models that have no calls of their own: what is offered, done and asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    merge_message_runs,
)
from langchain_core.messages.tool import ToolCall

from cope_graph.json_objects import objects_in
from cope_graph.models.exchange import Reply, Request

_HOW: Final = (
    "You have tools. To use one, reply with JSON alone: "
    '{"tool": "its name", "arguments": {...}}. When the work is done, reply with '
    '{"answer": "what the user gets to read"}. One reply is one step.\n\nTools:\n'
)
_MUST: Final = "\n\nUse a tool now."


def in_words(request: Request) -> Request:
    """Put the tools of a request, and what came of earlier calls, into words."""
    told = told_in_words(request.messages)
    must = request.tool_choice not in (None, "auto", "none")
    how = _HOW + "\n".join(map(_described, request.tools)) + (_MUST if must else "")
    system = "\n\n".join([*(m.text for m in told if isinstance(m, SystemMessage)), how])
    others = [message for message in told if not isinstance(message, SystemMessage)]
    return replace(
        request,
        messages=(SystemMessage(system), *others),
        tools=(),
        tool_choice=None,
        schema=_schema(request.tools, must=must),
    )


def told_in_words(messages: Sequence[BaseMessage]) -> tuple[BaseMessage, ...]:
    """Put calls of tools and their results into words, for a model that is offered no tool.

    Turns of one side that then follow each other are one: some templates want them in turn.
    """
    told = [_told(message) for message in messages]
    return tuple(merge_message_runs(told, chunk_separator="\n\n"))


def read_in_words(reply: Reply) -> AIMessage:
    """Read what a model replied to `in_words`: a call, an answer, or words of its own."""
    said = next((value for _, value in objects_in(reply["text"])), None)
    match said:
        case {"tool": str() as name, "arguments": dict() as args}:
            call = ToolCall(name=name, args=args, id=f"call_{uuid4().hex[:24]}", type="tool_call")
            return AIMessage("", tool_calls=[call])
        case {"answer": str() as answer}:
            return AIMessage(answer)
        case _:
            return AIMessage(reply["text"])


def _told(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage):
        what = "failed" if message.status == "error" else "gives"
        return HumanMessage(f"The tool {message.name or ''} {what}:\n{message.text}")
    if isinstance(message, AIMessage):
        calls = [
            json.dumps({"tool": call["name"], "arguments": call["args"]}, ensure_ascii=False)
            for call in message.tool_calls
        ]
        return AIMessage("\n".join(filter(None, [message.text, *calls])))
    return message


def _described(tool: Mapping[str, Any]) -> str:
    function = tool.get("function", tool)
    takes = json.dumps(_parameters(tool).get("properties", {}), ensure_ascii=False)
    return f"- {function.get('name')}: {function.get('description', '')} Arguments: {takes}"


def _parameters(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = tool.get("function", tool).get("parameters") or {}
    return found


def _schema(tools: Sequence[Mapping[str, Any]], *, must: bool) -> dict[str, Any]:
    """Hold a reply to one call of a tool that there is, or to an answer."""
    steps = [
        _object(
            tool={"const": tool.get("function", tool).get("name")},
            arguments={"type": "object", **_parameters(tool)},
        )
        for tool in tools
    ]
    if not must:
        steps.append(_object(answer={"type": "string", "minLength": 1}))
    return {"title": "step", "anyOf": steps}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
