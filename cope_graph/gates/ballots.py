"""A judge's ballot: what it must look like, and reading one without believing it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

LOWEST: Final = 1
HIGHEST: Final = 10

_MOST: Final = 64  # samples of a stage, by CopeContext
_EXCERPT: Final = 60  # characters of a reply that a reason quotes

SCHEMA: Final[Mapping[str, Any]] = {
    "title": "ballot",
    "type": "object",
    "properties": {
        "scores": {
            "type": "array",
            # Named one by one: some providers hold a model to lists of values, not to ranges.
            "items": {"type": "integer", "enum": [*range(LOWEST, HIGHEST + 1)]},
            "minItems": 1,
            "maxItems": _MOST,
        }
    },
    "required": ["scores"],
    "additionalProperties": False,
}
"""JSON schema of a ballot: one score for each candidate, in the order shown."""

# Without brackets inside, so that the time is linear in a hostile reply and nothing nests.
_SCORES: Final = re.compile(r'"scores"\s*+:\s*+(\[[^][{}]*+])')


def read_ballot(reply: str | None, count: int) -> tuple[int, ...] | str:
    """Read the scores in a judge's reply; text before and after them does not matter.

    Args:
        reply: The whole reply, `None` for a lost one.
        count: How many candidates it was shown.

    Returns:
        A score from 1 to 10 for each candidate in the order shown, or why there are none: a ballot
        that is not whole counts for nothing, since nobody knows whom its scores are meant for.
    """
    if reply is None:
        return "was lost"
    found = {_listed(match[1]) for match in _SCORES.finditer(reply)}
    if not found:
        return f"holds no scores as JSON: {_excerpt(reply)}"
    if len(found) > 1:
        return f"holds scores that contradict each other: {_excerpt(reply)}"
    scores = found.pop()
    if scores is None:
        return f"holds scores that are no whole numbers from 1 to 10: {_excerpt(reply)}"
    if len(scores) != count:
        return f"holds {len(scores)} scores for {count} candidates"
    return scores


def _listed(array: str) -> tuple[int, ...] | None:
    """Read a JSON array; 8.0 is a whole number to JSON Schema, `true` is none."""
    try:
        values = json.loads(array)
    except ValueError:  # numbers that are too long for Python among them
        return None
    if not all(
        type(value) in (int, float) and value in range(LOWEST, HIGHEST + 1) for value in values
    ):
        return None
    return tuple(int(value) for value in values)


def _excerpt(reply: str) -> str:
    """Quote what was read, on one line and not too long."""
    line = reply[: 4 * _EXCERPT].strip()
    return repr(line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}...")
