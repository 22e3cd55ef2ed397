"""Tools in words, for models that have no calls of their own: what is offered, done and asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    InvalidToolCall,
    SystemMessage,
    ToolMessage,
    merge_message_runs,
)
from langchain_core.messages.tool import ToolCall

from cope_graph.json_objects import objects_in
from cope_graph.models.exchange import Reply, Request
from cope_graph.models.tool_schema import may_answer, name_of, on_offer, parameters_of, step_schema

_HOW: Final = "Work in steps. Each reply is one JSON object, of one of these forms:"
_ANSWER: Final = (
    '{"answer": "<text>"}\n  The final answer, once the results of tools hold all that it needs.'
)
_LOOK: Final = "Never answer from memory: use a tool first."
_FIRST: Final = "First step? Use a tool for what you do not know."
_NEXT: Final = (
    'If this is what was asked for, reply {"answer": "..."} now. Only if something is missing, use '
    "another tool."
)
_MUST: Final = "Use a tool now."
_SHOWN: Final = {"type", "title", "description"}
"""What of an argument's schema is told without the schema."""


def in_words(request: Request) -> Request:
    """Put the tools of a request, and what came of earlier calls, into words.

    Small models take the form that they were shown last and the side that they were told last, so
    each call is shown as it is written, and the turn ends with what to decide.
    """
    offered = on_offer(request.tools, request.tool_choice)
    answers = may_answer(request.tool_choice)
    told = told_in_words(request.messages)
    forms = [*map(_described, offered), *([_ANSWER] if answers else [])]
    how = "\n".join([_HOW, *forms, *([_LOOK] if offered and answers else [])])
    system = "\n\n".join([*(m.text for m in told if isinstance(m, SystemMessage)), how])
    others = [message for message in told if not isinstance(message, SystemMessage)]
    asked = [*others, *_asked(request.messages, calls=bool(offered), answers=answers)]
    return replace(
        request,
        messages=(SystemMessage(system), *merge_message_runs(asked, chunk_separator="\n\n")),
        tools=(),
        tool_choice=None,
        schema=step_schema(offered, answers=answers),
    )


def told_in_words(messages: Sequence[BaseMessage]) -> tuple[BaseMessage, ...]:
    """Put calls of tools and their results into words, for a model that is offered no tool.

    Turns of one side that then follow each other are one: some templates want them in turn.
    """
    told = [_told(message) for message in messages]
    return tuple(merge_message_runs(told, chunk_separator="\n\n"))


def read_in_words(reply: Reply) -> AIMessage:
    """Read what a model replied to `in_words`: a call, an answer, or words of its own.

    Of several the first counts: a model that goes on by itself makes up what it then saw.
    """
    found = [_read(said) for _, said in objects_in(reply["text"])]
    return next((step for step in reversed(found) if step), AIMessage(reply["text"]))


def _read(said: Mapping[str, Any]) -> AIMessage | None:
    match said:
        case {"tool": str() as name}:
            return _call(name, said.get("arguments", {}))
        case {"answer": str() as answer}:
            return AIMessage(answer)
        case {"answer": answer} if answer is not None:
            return AIMessage(json.dumps(answer, ensure_ascii=False))
        case _:
            return None


def _call(name: str, args: Any) -> AIMessage:
    known = f"call_{uuid4().hex[:24]}"
    if isinstance(args, dict):
        return AIMessage("", tool_calls=[ToolCall(name=name, args=args, id=known)])
    # Not an answer: nobody should read it as one.
    written = json.dumps(args, ensure_ascii=False)
    broken = InvalidToolCall(
        name=name, args=written, id=known, error="arguments is no object", type="invalid_tool_call"
    )
    return AIMessage("", invalid_tool_calls=[broken])


def _asked(
    messages: Sequence[BaseMessage], *, calls: bool, answers: bool
) -> Iterator[HumanMessage]:
    """Say at the end what there is to decide."""
    last = next((one for one in reversed(messages) if isinstance(one, AIMessage)), None)
    is_at_work = last is not None and bool(last.tool_calls or last.invalid_tool_calls)
    if calls:
        yield HumanMessage(_MUST if not answers else _NEXT if is_at_work else _FIRST)


def _told(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage):
        what = "failed" if message.status == "error" else "gives"
        return HumanMessage(f"The tool {message.name or ''} {what}:\n{message.text}")
    if isinstance(message, AIMessage):
        made = [*message.tool_calls, *message.invalid_tool_calls]
        calls = [
            json.dumps({"tool": call["name"], "arguments": call["args"]}, ensure_ascii=False)
            for call in made
        ]
        return AIMessage("\n".join(filter(None, [message.text, *calls])))
    return message


def _described(tool: Mapping[str, Any]) -> str:
    """Show a call of a tool as it is written, and say what it and its arguments are."""
    parameters = parameters_of(tool)
    takes: Mapping[str, Any] = parameters.get("properties") or {}
    needed = parameters.get("required") or ()
    shown = {name: _blank(takes[name], needed=name in needed) for name in takes}
    form = json.dumps({"tool": name_of(tool), "arguments": shown}, ensure_ascii=False)
    does = str(tool.get("function", tool).get("description") or "").strip()
    told = [f"{name}: {said}" for name in takes if (said := _said(takes[name]))]
    if "$defs" in parameters:
        told.append(json.dumps({"$defs": parameters["$defs"]}, ensure_ascii=False))
    return "\n  ".join(filter(None, [form, does, *told]))


def _blank(schema: Any, *, needed: bool) -> str:
    kind = schema.get("type", "value") if isinstance(schema, Mapping) else "value"
    kinds = [str(one) for one in (kind if isinstance(kind, list) else [kind])]
    return f"<{' or '.join(kinds)}{'' if needed else ', may be left out'}>"


def _said(schema: Any) -> str:
    """Say what an argument is: in the tool's words, and by the schema where that says more."""
    if not isinstance(schema, Mapping):
        return ""
    more = {name: part for name, part in schema.items() if name not in _SHOWN}
    limits = json.dumps(more, ensure_ascii=False) if more else ""
    return " ".join(filter(None, [str(schema.get("description") or ""), limits]))
