"""What is private, as the user says it: the `redact=` setting, and messages without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import Any, Final, Protocol, TypeAlias

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from cope_graph.errors import InputError
from cope_graph.mask import Detector, Mask, mask_for

__all__ = ["Detector", "Mask", "Redact", "detector", "hide_messages", "mask_for", "texts_of"]


class Rule(Protocol):
    """What is public of LangChain's `PIIMiddleware`.

    Whatever its strategy (`redact`, `mask`, `hash`), stand-ins are what the large model gets.
    """

    @property
    def pii_type(self) -> str:
        """The kind of what it finds."""

    @property
    def detector(self) -> Callable[[str], Iterable[Mapping[str, object]]]:
        """Finds it."""


Finder: TypeAlias = Callable[[str], Iterable[str | Mapping[str, object]]]
"""Gives the private values of a text, or matches such as LangChain's detectors give them."""

Redact: TypeAlias = Rule | Finder | Sequence[Rule | Finder]
"""A `PIIMiddleware("email")`, a function such as `re.compile("Zoe|Max").findall`, or several."""

_ADVICE: Final = (
    "Pass a PIIMiddleware('email') of langchain.agents.middleware, a function that lists the "
    "private values of a text, or a sequence of these."
)

_LISTS: Final = "Make it list texts, or matches that hold a 'value'."


def detector(redact: Redact) -> Detector:
    """Make one detector of the setting.

    A match counts as the text from `start` to `end` and, where that differs, as its `value` too.

    Args:
        redact: The setting; a sequence is heeded in its order.

    Returns:
        The detector. It raises `InputError` when a function fails or gives no values; the
        message tells nothing of the text.

    Raises:
        InputError: The setting is none of what `Redact` names, or asks for what does not happen
            here: to block, or to leave the input as it is.
    """
    rules: Any = redact
    several = isinstance(rules, Sequence) and not isinstance(rules, str | bytes)
    given = list(rules) if several else [rules]
    if not given:
        msg = f"redact is empty, so nothing would be hidden. {_ADVICE}"
        raise InputError(msg)
    finders = [_finder(rule) for rule in given]

    def detect(text: str) -> list[tuple[str, str]]:
        return [pair for kind, find in finders for pair in _pairs(kind, find, text)]

    return detect


def _finder(rule: Any) -> tuple[str, Finder]:
    kind, find = getattr(rule, "pii_type", "private"), getattr(rule, "detector", rule)
    if isinstance(rule, type) or not isinstance(kind, str) or not callable(find):
        what = f"the class {rule.__name__}" if isinstance(rule, type) else type(rule).__name__
        msg = f"redact holds {what}, which finds nothing private in a text. {_ADVICE}"
        raise InputError(msg)
    if iscoroutinefunction(find):
        msg = f"redact holds a coroutine function, which is never awaited. {_ADVICE}"
        raise InputError(msg)
    _check_options(kind, rule)
    return kind, find


def _check_options(kind: str, rule: Any) -> None:
    """Refuse options that promise what does not happen here."""
    if getattr(rule, "strategy", None) == "block":
        msg = (
            f"redact does not block: the large model gets stand-ins for what is {kind!r}. Pass "
            f"PIIMiddleware({kind!r}, strategy='redact')."
        )
        raise InputError(msg)
    if getattr(rule, "apply_to_input", True) is False:
        msg = (
            f"redact hides {kind!r} in the question, so apply_to_input=False cannot hold: pass "
            f"PIIMiddleware({kind!r})."
        )
        raise InputError(msg)


def _pairs(kind: str, find: Finder, text: str) -> list[tuple[str, str]]:
    try:
        found = find(text)
        items = None if isinstance(found, str | bytes | Mapping) else list(found)
        values = None if items is None else [v for item in items for v in _values(item, text)]
        fault = f"gave a {type(found).__name__}"
    except Exception as error:  # noqa: BLE001 - its text may quote what is private
        values, fault = None, f"failed with {type(error).__name__}"
    if values is None:  # raised out here, the error has no context that a trace would show
        msg = (
            f"Nothing was sent to the large model: the redact function for {kind!r} {fault}. "
            f"{_LISTS}"
        )
        raise InputError(msg)
    return [(own or kind, value) for own, value in values if value.strip()]


def _values(item: object, text: str) -> Iterator[tuple[str | None, str]]:
    """Read what a function gave: a text, or a match."""
    if isinstance(item, str):
        yield None, item
        return
    if not isinstance(item, Mapping):
        raise TypeError
    own, value, start, end = (item.get(key) for key in ("type", "value", "start", "end"))
    if not isinstance(value, str) or not isinstance(own, str | None):
        raise TypeError
    if isinstance(start, int) and isinstance(end, int) and text[start:end] != value:
        yield own, text[start:end]
    yield own, value


def texts_of(messages: Sequence[BaseMessage]) -> list[str]:
    """List every text that `hide_messages` sends, for `mask_for`."""
    texts: list[str] = []
    for message in messages:
        texts.append(str(message.text))
        for call in message.tool_calls if isinstance(message, AIMessage) else []:
            texts += _leaves(call["args"])
    return texts


def hide_messages(messages: Sequence[BaseMessage], mask: Mask) -> list[BaseMessage]:
    """Rebuild messages with what is needed to send them, and nothing that is hidden.

    What stays: the type, the text (in one piece, so that no value hides across two parts), the
    arguments of tool calls, the ids that link calls and results, the names of tools. Names of
    authors, metadata, usage, artifacts, reasoning and arguments that are no JSON are left out.

    Raises:
        InputError: A message holds what is no text and cannot be looked through.
    """
    return [_hidden(message, mask) for message in messages]


def _hidden(message: BaseMessage, mask: Mask) -> BaseMessage:
    content = mask.hide(str(message.text))
    if isinstance(message, AIMessage):  # its other parts are reasoning, and its calls once more
        calls = [{**call, "args": _deep(call["args"], mask)} for call in message.tool_calls]
        broken = [{**call, "args": "{}", "error": None} for call in message.invalid_tool_calls]
        return AIMessage(content, tool_calls=calls, invalid_tool_calls=broken)
    if not isinstance(message.content, str):
        _check_parts(message.content)
    match message:
        case HumanMessage():
            return HumanMessage(content)
        case SystemMessage():
            return SystemMessage(content)
        case ToolMessage():
            return ToolMessage(content, tool_call_id=message.tool_call_id, status=message.status)
        case ChatMessage():
            return ChatMessage(content=content, role=message.role)
        case FunctionMessage():
            return FunctionMessage(content=content, name=message.name)
    msg = f"A {type(message).__name__} cannot be redacted: leave it out of the messages."
    raise InputError(msg)


def _check_parts(parts: Sequence[str | dict[str, Any]]) -> None:
    for part in parts:
        kind = "text" if isinstance(part, str) else part.get("type")
        if kind not in ("text", "reasoning", "thinking"):
            msg = f"A message part of type {kind!r} cannot be redacted: send text alone."
            raise InputError(msg)


def _deep(value: Any, mask: Mask) -> Any:
    """Hide in the keys and leaves of JSON; a number becomes text where it is private."""
    if isinstance(value, Mapping):
        return {mask.hide(str(key)): _deep(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(item, mask) for item in value]
    if value is None or isinstance(value, bool):
        return value
    hidden = mask.hide(str(value))
    return value if hidden == str(value) else hidden


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (str(key) for key in value)
        yield from (leaf for item in value.values() for leaf in _leaves(item))
    elif isinstance(value, list | tuple):
        yield from (leaf for item in value for leaf in _leaves(item))
    elif value is not None and not isinstance(value, bool):
        yield str(value)
