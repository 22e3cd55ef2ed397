"""A row of a data set as it was read, before anybody knows what its fields mean."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cope_graph.errors import InputError

_MOST_NAMES: Final = 20
_ROLES: Final = frozenset({"user", "human"})
_REPLIERS: Final = frozenset({"assistant", "ai"})


@dataclass(frozen=True)
class Raw:
    """A row.

    Attributes:
        place: Where it stands, `file.jsonl:3`.
        asked: The fields that may hold the question and the inputs.
        known: Those that may hold what is right; the same ones, unless the source tells them apart.
        id: The source's own name for it.
    """

    place: str
    asked: Mapping[str, Any]
    known: Mapping[str, Any]
    id: str | None = None

    @property
    def fields(self) -> Mapping[str, Any]:
        """All of them."""
        return {**self.asked, **self.known}

    def refused(self, why: str) -> InputError:
        """Make the error that names the row, why it is refused, and the fields there are."""
        names = [f"{name!r:.60}" for name in self.fields]
        shown = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
        return InputError(f"{self.place} {why}; its fields are {shown or 'none'}.")


def question_text(raw: Raw, name: str) -> str:
    """Read a question: a text, or a conversation of one user message.

    Raises:
        InputError: It is missing, empty, or neither.
    """
    value = raw.asked.get(name)
    if isinstance(value, list | tuple) and value:
        value = _only_message(raw, name, value)
    if value is None or value == "":
        msg = f"has no question in {name!r}: fill it in, or take the row out"
        raise raw.refused(msg)
    if not isinstance(value, str):
        msg = f"has {type(value).__name__} in {name!r}, where a question is a text"
        raise raw.refused(msg)
    if not value.strip():
        msg = f"has an empty question in {name!r}: fill it in, or take the row out"
        raise raw.refused(msg)
    return value


def gold_text(raw: Raw, name: str) -> str | None:
    """Write a right answer as a text; `None` for an empty one.

    A reply in a conversation is its text; other lists and objects are written as JSON.

    Raises:
        InputError: It is a number that is none (NaN), or no JSON value.
    """
    value = _reply(raw.known.get(name))
    if isinstance(value, str):
        return value if value.strip() else None
    if value is None:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"has {value} in {name!r}, which is no answer"
        raise raw.refused(msg)
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        msg = f"has {kind} in {name!r}: an answer is text, number or JSON"
        raise raw.refused(msg) from error


def _reply(value: Any) -> Any:
    """Take the text of an assistant's one message; leave all else as it is."""
    only = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(only, Mapping):
        return value
    told = only.get("data") or only.get("kwargs") or only
    role = only.get("role") or (told.get("type") if isinstance(told, Mapping) else None)
    return told.get("content") if role in _REPLIERS else value


def alternatives(value: object) -> tuple[str, ...]:
    """Give the texts of an answer that is a list of them, none for any other."""
    if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
        return tuple(value)
    return ()


def _only_message(raw: Raw, name: str, messages: list[Any] | tuple[Any, ...]) -> Any:
    """Take the text of a conversation's one message, in OpenAI's form or LangChain's."""
    first = messages[0][0] if isinstance(messages[0], list) and messages[0] else messages[0]
    if not isinstance(first, Mapping):
        msg = f"has a list in {name!r}, where a question is a text"
        raise raw.refused(msg)
    told = first.get("data") or first.get("kwargs") or first
    role = first.get("role") or (told.get("type") if isinstance(told, Mapping) else None)
    role = role or first.get("type")
    if len(messages) > 1 or role not in _ROLES:
        why = f"has a conversation in {name!r} that is not one user message alone"
        msg = f"{why}: a bench asks one question"
        raise raw.refused(msg)
    return told.get("content")
