"""An agent's next step as data: calls of tools, or the final answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cope_graph.agents.json_values import NotPlainError, plain, read_json, written
from cope_graph.errors import InputError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_MOST_CALLS: Final = 64


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool.

    Attributes:
        name: The tool's.
        args: JSON values by argument, as the model wrote them.
    """

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Action:
    """A step: calls of tools, or an answer.

    Attributes:
        calls: Those made side by side, in the model's order; empty where the step is an answer.
        answer: The text of the final answer, `None` where the step is calls.
    """

    calls: tuple[ToolCall, ...] = ()
    answer: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is neither or both.

        Raises:
            InputError: There are calls and an answer, or none of them.
        """
        if bool(self.calls) == (self.answer is not None):
            msg = "A step is calls or an answer: pass one of them."
            raise InputError(msg)


def read_action(message: AIMessage) -> Action | None:
    """Read the step that a model proposes.

    Text beside calls is talk and no part of the step. Ids of calls are not either: they differ from
    sample to sample.

    Returns:
        The step, `None` where there is none to take: a call that could not be parsed (one is
        enough: the rest would be half a step), arguments beyond the bounds of `plain`, more than
        64 calls, or neither calls nor text.
    """
    if message.invalid_tool_calls:
        return None
    try:
        if message.tool_calls:
            return _action(plain({"calls": [_named(call) for call in message.tool_calls]}))
        return _action(plain({"answer": message.text}))
    except NotPlainError:
        return None


def as_json(action: Action) -> dict[str, Any]:
    """Give a step as plain values: `{"answer": ...}` or `{"calls": [{"name": ..., "args": ...}]}`.

    Raises:
        NotPlainError: It holds what is no JSON, or is beyond the bounds.
    """
    if action.answer is not None:
        return dict(plain({"answer": action.answer}))
    calls = [{"name": call.name, "args": call.args} for call in action.calls]
    return dict(plain({"calls": calls}))


def encode(action: Action) -> str:
    """Write a step as one line of JSON, which `decode` reads.

    Raises:
        NotPlainError: As `as_json`.
    """
    return written(as_json(action))


def decode(text: str) -> Action | None:
    """Read a step that `encode` or `canonical` wrote, `None` for any other text."""
    try:
        return _action(read_json(text))
    except NotPlainError:
        return None


def _named(call: Any) -> dict[str, Any]:
    return {"name": call["name"], "args": call["args"]}


def _action(value: Any) -> Action | None:
    match value:
        case {"answer": str() as answer, **rest} if not rest and answer.strip():
            return Action(answer=answer)
        case {"calls": [_, *_] as written_calls, **rest} if not rest:
            calls = tuple(filter(None, map(_call, written_calls[:_MOST_CALLS])))
            return Action(calls) if len(calls) == len(written_calls) else None
        case _:
            return None


def _call(value: Any) -> ToolCall | None:
    match value:
        case {"name": str() as name, "args": dict() as args, **rest} if name and not rest:
            return ToolCall(name, args)
        case _:
            return None
