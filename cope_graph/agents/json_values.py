"""JSON values that a model wrote: held to bounds, since arguments of a tool can be anything."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

MOST_DEPTH: Final = 32
MOST_VALUES: Final = 10_000
MOST_CHARACTERS: Final = 200_000
_MOST_BITS: Final = 4096  # of an integer: Python writes no more than 4,300 digits


class NotPlainError(ValueError):
    """A value is no JSON, or is beyond the bounds."""


def plain(value: Any) -> Any:
    """Copy a value as JSON: dictionaries with text keys, lists, texts, numbers, booleans, `None`.

    Raises:
        NotPlainError: It holds something else, not-a-number, infinity or half a character, or is
            deeper than `MOST_DEPTH` or larger than `MOST_VALUES` or `MOST_CHARACTERS`.
    """
    return _Copy().of(value, MOST_DEPTH)


class _Copy:
    """One copy, and what is left of its bounds."""

    def __init__(self) -> None:
        self._values = MOST_VALUES
        self._characters = MOST_CHARACTERS

    def of(self, value: Any, depth: int) -> Any:
        self._values -= 1
        if depth < 0 or self._values < 0:
            msg = "too deep or too large"
            raise NotPlainError(msg)
        match value:
            case None | bool():
                return value
            case str():
                return self._text(value)
            case int() | float():
                return _bounded(value)
            case Mapping():
                return {self._text(name): self.of(part, depth - 1) for name, part in value.items()}
            case list() | tuple():
                return [self.of(part, depth - 1) for part in value]
            case _:
                msg = f"{type(value).__name__} is no JSON"
                raise NotPlainError(msg)

    def _text(self, text: Any) -> str:
        if not isinstance(text, str):
            msg = "a key is no text"
            raise NotPlainError(msg)
        self._characters -= len(text)
        if self._characters < 0:
            msg = "too many characters"
            raise NotPlainError(msg)
        try:
            text.encode()
        except UnicodeEncodeError:
            msg = "half a character"
            raise NotPlainError(msg) from None
        return str(text)


def _bounded(number: float) -> float:
    if isinstance(number, int):
        if number.bit_length() > _MOST_BITS:
            msg = "an integer of too many digits"
            raise NotPlainError(msg)
        return int(number)
    if not math.isfinite(number):
        msg = "no finite number"
        raise NotPlainError(msg)
    return float(number)


def by_value(number: float) -> float:
    """Give one form to numbers of one value: 1.0 is 1, -0.0 is 0."""
    return int(number) if number == int(number) else number


def same_value(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal: numbers by value, but 1 is not `true`."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same_value(part, other[name]) for name, part in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    return bool(one == other)


def written(value: Any) -> str:
    """Write a plain value: keys sorted, no blanks."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":")
    )


def read_json(text: str) -> Any:
    """Read a plain value.

    Raises:
        NotPlainError: The text is no JSON, or its value is beyond the bounds.
    """
    if len(text) > 10 * MOST_CHARACTERS:
        msg = "too many characters"
        raise NotPlainError(msg)
    try:
        return plain(json.loads(text))
    except (ValueError, RecursionError) as error:
        msg = f"no JSON: {error}"
        raise NotPlainError(msg) from error
