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
    InvalidToolCall,
    SystemMessage,
    ToolMessage,
    merge_message_runs,
)
from langchain_core.messages.tool import ToolCall

from cope_graph.json_objects import objects_in
from cope_graph.models.exchange import Reply, Request
from cope_graph.models.tool_history import calls_in, done_so_far
from cope_graph.models.tool_schema import may_answer, name_of, on_offer, parameters_of, step_schema

_HOW: Final = "Work in steps. Each reply is one JSON object, one of these:"
_ANSWER: Final = (
    '{"answer": "<text>"}\n  The final answer, once the results of tools hold all that it needs.'
)
_FIRST: Final = "First step? Use a tool for what you do not know."
_NEXT: Final = (
    "If this is what was asked for, answer now. Only if something is missing, use another tool."
)
_MUST: Final = "Use a tool now."
_LONGEST: Final = 300  # characters of a question that are said again
_SHOWN: Final = {"type", "title", "description"}
"""What of an argument's schema is told without the schema."""


def in_words(request: Request) -> Request:
    """Put the tools of a request, and what came of earlier calls, into words.

    Small models go on as they began, and take what they read first or last: so what was done is
    told as facts and not as turns of their own, the answer comes first among the forms as soon as
    there are results, and the turn ends with what is to be decided.
    """
    offered = on_offer(request.tools, request.tool_choice)
    answers = may_answer(request.tool_choice)
    told, question = done_so_far(request.messages)
    forms = [*map(_described, offered)]
    if answers:
        forms.insert(len(forms) if question is None else 0, _ANSWER)
    system = "\n\n".join([*(m.text for m in told if isinstance(m, SystemMessage)), _HOW])
    others = [message for message in told if not isinstance(message, SystemMessage)]
    if offered:
        others.append(HumanMessage(_to_decide(question, answers=answers)))
    return replace(
        request,
        messages=(
            SystemMessage("\n".join([system, *forms])),
            *merge_message_runs(others, chunk_separator="\n\n"),
        ),
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

    Of several the first counts: a model that goes on by itself makes up what it then saw. One that
    has words behind it on its line is quoted, and no step.
    """
    text = reply["text"]
    found = [_read(said) for written, said in objects_in(text) if _ends_its_line(written, text)]
    return next((step for step in reversed(found) if step), AIMessage(text))


def _ends_its_line(written: str, text: str) -> bool:
    behind = text[text.rfind(written) + len(written) :]
    return not behind.partition("\n")[0].strip(" \t\r`.")


def _read(said: Mapping[str, Any]) -> AIMessage | None:
    match said:
        case {"tool": str() as name}:
            # Arguments under another name are not left out: with its defaults it is another call.
            return _call(name, said.get("arguments", {} if len(said) == 1 else None))
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


def _to_decide(question: str | None, *, answers: bool) -> str:
    if not answers:
        return _MUST
    if question is None:
        return _FIRST
    *_, last = question.strip().splitlines() or [""]
    return f"Asked was: {last[-_LONGEST:]}\n{_NEXT}" if last else _NEXT


def _told(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage):
        what = "failed" if message.status == "error" else "gives"
        return HumanMessage(f"The tool {message.name or ''} {what}:\n{message.text}")
    if isinstance(message, AIMessage):
        calls = [
            json.dumps({"tool": call["name"], "arguments": call["args"]}, ensure_ascii=False)
            for call in calls_in(message)
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
