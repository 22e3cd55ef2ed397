"""A few plain facts about a question's text, from which a router guesses how hard it is."""

from __future__ import annotations

import re
from math import log1p
from typing import Final

FEATURES: Final = (
    "words",
    "word_length",
    "numbers",
    "operators",
    "commands",
    "brackets",
    "lines",
)
"""Counts are logarithms of 1 + count; `word_length` is the mean in characters. `commands` are
LaTeX's (a backslash and letters), `operators` any of + - * / = ^ < > % &."""

_MOST: Final = 20_000  # characters: what is longer is long, and the edge must be quick
_WORD: Final = re.compile(r"[^\W\d_]+")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_OPERATOR: Final = re.compile(r"[-+*/=^<>%&]")
_COMMAND: Final = re.compile(r"\\[A-Za-z]+")
_BRACKET: Final = re.compile(r"[()\[\]{}]")


def features(text: str) -> list[float]:
    """Measure a text, in the order of `FEATURES`; of a long one the first 20,000 characters."""
    text = text[:_MOST]
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    counts = [len(pattern.findall(text)) for pattern in (_NUMBER, _OPERATOR, _COMMAND, _BRACKET)]
    return [
        log1p(len(words)),
        letters / max(len(words), 1),
        *map(log1p, counts),
        log1p(text.count("\n")),
    ]
