"""JSON objects in a reply: bare, in a fence, or with prose around them.

The text is a model's, so the time is linear in its length, and what is nested deep, or is no JSON
by the letter (`NaN`, numbers beyond a double), is refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from cope_graph.thoughts import without_thoughts

_MOST_CHARACTERS: Final = 200_000
_MOST_OBJECTS: Final = 64
_DEEPEST: Final = 64
_MOST_DIGITS: Final = 308  # as many as the largest double has

_START: Final = re.compile(r'\{(?=\s*+["}])')
# A string ends with its line, closed or not: one stray quote must not swallow the rest.
_PART: Final = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|[{}\[\]]')
_LIST: Final = -1


def objects_in(reply: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the outermost JSON objects of a reply, the last one first, 64 at most.

    What a model thought aloud holds drafts and is left out.

    Yields:
        An object as it is written, and its value.
    """
    if len(reply) > _MOST_CHARACTERS:
        return
    said = without_thoughts(reply)
    for start, end in _spans(said)[: -_MOST_OBJECTS - 1 : -1]:
        written = said[start:end]
        value = _value(written)
        if value is not None:
            yield written, value


def _spans(text: str) -> list[tuple[int, int]]:
    """Find what stands between braces that match, the outermost of them, in order.

    None where braces are nested too deep: whoever reads them recurses.
    """
    spans: list[tuple[int, int]] = []
    open_at: list[int] = []
    position = 0
    # In prose a quote opens no string, and few braces open an object.
    while found := (_PART if open_at else _START).search(text, position):
        position = found.end()
        match found[0]:
            case "{":
                open_at.append(found.start())
            case "[":
                open_at.append(_LIST)
            case "]" if open_at[-1] == _LIST:
                open_at.pop()
            case "}":
                _close(open_at, spans, position)
            case _:
                continue
        if len(open_at) > _DEEPEST:
            return []
    return spans


def _close(open_at: list[int], spans: list[tuple[int, int]], end: int) -> None:
    while open_at and (start := open_at.pop()) == _LIST:
        pass
    if start == _LIST:
        return
    while spans and spans[-1][0] > start:
        spans.pop()
    spans.append((start, end))


def _value(written: str) -> dict[str, Any] | None:
    try:
        value = json.loads(
            written, parse_int=_bounded, parse_float=_finite, parse_constant=_refused
        )
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _bounded(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError
    return number


def _refused(_: str) -> NoReturn:
    raise ValueError
