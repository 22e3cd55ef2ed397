"""An answer taken apart: name, unit, number, words, members."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

from cope_graph.tasks.equality.complexity import is_hopeless
from cope_graph.tasks.equality.exact import exact, is_plain
from cope_graph.tasks.equality.lists import split_list
from cope_graph.tasks.equality.notation import TEXT, spell, squeeze
from cope_graph.tasks.equality.units import split_unit

MAX_ANSWER: Final = 1_000
"""A longer answer, in characters, is compared as text only."""

RELATION: Final = re.compile(r"[=<>]|\\(?:le|ge|ne|approx|in)(?![a-z])")
"""What makes an answer an equation or an inequality."""

_NAME: Final = re.compile(
    r"((?:[A-Za-z\\ ]|\\text ?\{[^{}]*\}){1,40}(?:_\w|_\{\w+\})?'?(?: ?\([a-z](?:, ?[a-z])*\))?"
    r"|\([a-z](?:, ?[a-z])+\)) ?(?<![\\ ]in)(?:=|\\approx|\\in)(?![a-z]) ?(.+)"
)
_UNWRAP: Final = re.compile(TEXT)
_DEGREES: Final = re.compile(r"(\d+(?:\.\d+)?) ?\^\\circ ?")
_WORDS: Final = re.compile(
    r"(?!(?:arc)?(?:sin|cos|tan|log|ln|exp|sqrt))[^\W\d_](?:[^\W\d_]|[' .-])+"
)
_LONG_WORD: Final = re.compile(r"[^\W\d_]{4}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer taken apart; every text in it is in the one spelling."""

    text: str
    name: str = ""
    """What stands left of the first `=`, as the x in `x = 5`; `text` is without it."""
    unit: str = ""
    """The known unit by its name in `units`, or `base 2`; unknown units are dropped."""
    number: Fraction | None = None
    places: int = 0
    """Of a plain decimal."""
    words: str = ""
    """The letters, in lower case, of an answer that is nothing but letters."""
    prose: bool = False
    """Surely words, not variables."""
    kind: str = ""
    """What holds `parts`: see `split_list`."""
    parts: tuple[str, ...] = ()
    hopeless: bool = False
    """Too deep or too large to compute with."""

    @property
    def whole(self) -> str:
        """The text with its name; a number exact."""
        text = self.text if self.number is None else str(self.number)
        return f"{self.name}={text}" if self.name else text


def read(answer: str) -> Answer:
    """Take an answer apart; long ones stay out of the cache and of the patterns."""
    if len(answer) > MAX_ANSWER:
        return Answer(" ".join(answer.split()), hopeless=True)
    return _read_short(answer)


def normalise(answer: str) -> str:
    """Return the one spelling of an answer: answers that agree in it are equal.

    A number becomes an exact fraction (`1/2` for 0.5); a unit follows after a space.
    """
    apart = read(answer)
    return f"{apart.whole} {apart.unit}" if apart.unit else apart.whole


def read_number(answer: str) -> Fraction | None:
    """Return the exact value of an answer that is a plain number, without its unit (50% is 50)."""
    return read(answer).number


@lru_cache(maxsize=4096)
def _read_short(answer: str) -> Answer:
    # Most answers are plain numbers: nothing to respell.
    text, unit = (answer, "") if is_plain(answer) else split_unit(spell(answer))
    name = ""
    named = _NAME.fullmatch(text)
    if named is not None and not RELATION.search(named[2]):
        name = squeeze(named[1])
        text, inner_unit = split_unit(named[2])
        unit = unit or inner_unit
    number, places = exact(text)
    if number is not None:
        # A decimal stays one for math-verify, which compares decimals by rounding.
        return Answer(squeeze(text) if places else str(number), name, unit, number, places)
    return _read_text(text, name, unit)


def _read_text(text: str, name: str, unit: str) -> Answer:
    """Take apart what is no number: words, a list or an expression."""
    in_text = _UNWRAP.fullmatch(text) is not None
    text = _DEGREES.sub(r"\\frac{\1\\pi}{180}", _UNWRAP.sub(r"\1", text)).strip()
    squeezed = squeeze(text)
    if _WORDS.fullmatch(text):
        letters = re.sub(r"[\W_]", "", text).casefold()
        prose = in_text or _LONG_WORD.search(text) is not None
        return Answer(squeezed, name, unit, words=letters, prose=prose)
    if is_hopeless(squeezed):
        return Answer(squeezed, name, unit, hopeless=True)
    kind, parts = split_list(squeezed)
    if kind == "()" and len(parts) == 1:  # (5) is 5
        inner = _read_short(parts[0])
        return replace(inner, name=name or inner.name, unit=unit or inner.unit)
    return Answer(squeezed, name, unit, kind=kind, parts=parts)
