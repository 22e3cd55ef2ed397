"""What no computer algebra should be asked to expand: it would only run into its limits."""

from __future__ import annotations

import re
from typing import Final

_MAX_DEPTH: Final = 40
"""Of brackets within brackets; beyond it parsers run out of stack."""
_MAX_DIGITS: Final = 5_000
"""Of a power of numbers, roughly."""

_LARGE_OR_REPEATED: Final = re.compile(r"\d{5}|!!!")
_TOWER: Final = re.compile(r"\d+(?: ?\^ ?[-{( ]*\d+)+")


def is_hopeless(text: str) -> bool:
    """Tell whether an answer is too deep or too large to compute with."""
    if ("!" in text or "\\binom" in text) and _LARGE_OR_REPEATED.search(text):
        return True
    return _depth(text) > _MAX_DEPTH or any(
        _is_too_high(tower[0]) for tower in _TOWER.finditer(text)
    )


def _depth(text: str) -> int:
    """Return how deep brackets are nested."""
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _is_too_high(tower: str) -> bool:
    """Tell whether a power tower, as 9^9^9, has too many digits; it is never computed whole."""
    exponent = 1
    for base in reversed(re.findall(r"\d+", tower)):
        if exponent * len(base) > _MAX_DIGITS:
            return True
        exponent = int(base) ** exponent
    return False
