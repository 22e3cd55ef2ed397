"""When two texts of a model say the same: as values (ids, paths), or as words (mails, answers)."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

_SPACES: Final = re.compile(r"\s+")
_APOSTROPHES: Final = re.compile(r"(?<=\w)['\u2019](?=\w)")
# Marks inside numbers (3.5, 10:30, 2024-05-20, -5, .5) and names (foo_bar, a*b) mean something.
_MARKS: Final = re.compile(
    r"[,:](?!\d)|(?<!\d)[,:]"
    r"|\.(?!\d)|-(?![\w])|(?<=\w)-(?!\d)|(?<=[^\W\d])[.-]"
    r"|(?<![*_])(?:(?<![^\W_])[*_]++|[*_]++(?![^\W_]))"
    r"|[;!?\"'`()\[\]{}\u2018\u2019\u201c\u201d\u00ab\u00bb\u2026\u2013\u2014]"
)


def tidy(text: str) -> str:
    """Give a text as a value: composed characters (NFC), no blanks around it, case kept.

    Runs of blanks count as one in a text of one line. In one of several lines the layout stays (it
    may be code), but for blanks that nobody sees: at the ends of lines, and empty lines around it.
    """
    composed = normalize("NFC", text).replace("\r\n", "\n")
    stripped = composed.strip()
    if "\n" not in stripped:
        return _SPACES.sub(" ", stripped)
    return "\n".join(line.rstrip() for line in composed.split("\n")).strip("\n")


def words(text: str) -> str:
    """Give a text as words: without case, width, blanks and punctuation.

    Text of punctuation alone stays as it is.
    """
    folded = normalize("NFKC", normalize("NFKC", normalize("NFD", text).casefold()).casefold())
    bare = _MARKS.sub(" ", _APOSTROPHES.sub("", folded))
    return " ".join(bare.split()) or " ".join(folded.split())


def same_words(one: str, other: str) -> bool:
    """Tell whether two texts are the same words."""
    return words(one) == words(other)
