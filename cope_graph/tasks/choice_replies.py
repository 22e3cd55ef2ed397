"""What a reply chooses, in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from cope_graph.thoughts import without_thoughts

_MOST_CHARACTERS: Final = 4_000
"""Of a stated choice; the rest of a long line is a reason."""

_MOST_STATEMENTS: Final = 20
"""A reply that announces a choice so often and never makes one has none."""

_BOLD: Final = re.compile(r"(?<![\w)])\*\*|\*\*(?![\w(])")
_LABELS: Final = r"[(\[*]{0,2}[A-Z][)\]*.:]{0,3}"
_STATED: Final = re.compile(
    r"\banswers?\b(?![ ](?:choice|option)s)[^\n.:=]{0,40}?(?:\bis\b|\bare\b|:|=)"
    r"|\b(?:correct|right|best|final|my)[ ](?:option|choice|one)s?\b[^\n.:=]{0,20}?"
    r"(?:\bis\b|\bare\b|:)"
    r"|^\W{0,6}choices?[ ]?:"
    r"|\bI(?:'d|'ll| would| will| have)?[ ](?:choose|chose|pick|picked|select|go[ ]with)\b"
    r"|\\f?box(?:ed)?[ ]?(?=\{)",
    re.IGNORECASE | re.MULTILINE,
)
_DECLARED: Final = re.compile(
    rf"(?<!\w)({_LABELS}(?:(?:,?[ ]and[ ]|,[ ]?){_LABELS}){{0,25}})"
    r"[ ](?:is|are)[ ](?:both[ ])?(?:the[ ])?(?:correct|right|best)\b"
)
_BLANK: Final = re.compile(r"\n\s*\n")
_BOXED: Final = re.compile(r"\{((?:[^{}]|\{[^{}]{0,1000}\}){0,1000})\}")


def read_choice(text: str) -> str | None:
    """Read what a reply chooses, in its own words; the options are not known here.

    The last statement wins: "Answer: ...", "the answer is ...", "I choose ...", a box, "B is
    correct". Without any it is the last line. What was thought aloud is left out.

    Args:
        text: The whole reply.

    Returns:
        A letter, an option's text or a list of them, with a reason behind it perhaps; `None` when
        nothing is said.
    """
    said = _BOLD.sub("", without_thoughts(text))
    statements = [(one.start(), one) for one in _STATED.finditer(said)]
    statements += [(one.start(), one) for one in _DECLARED.finditer(said)]
    for _, one in sorted(statements, key=itemgetter(0))[: -_MOST_STATEMENTS - 1 : -1]:
        stated = one[1] if one.re is _DECLARED else _after(said, one.end())
        if any(char.isalnum() for char in stated):
            return stated
    return next(_last_line(said), None)


def _after(said: str, start: int) -> str:
    """Take what follows, up to the first blank line behind it; of a box, what it holds."""
    rest = said[start : start + _MOST_CHARACTERS]
    boxed = _BOXED.match(rest)
    if boxed is not None:
        return boxed[1].strip()
    return _BLANK.split(rest.lstrip(" \t\n:"), maxsplit=1)[0].strip()


def _last_line(said: str) -> Iterator[str]:
    lines = (line.strip() for line in reversed(said[-_MOST_CHARACTERS:].splitlines()))
    return (line for line in lines if any(char.isalnum() for char in line))
