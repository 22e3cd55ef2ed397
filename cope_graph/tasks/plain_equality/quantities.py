"""Numbers, with a unit or without: `3,000 m`, `$1.5 million`, `5 feet 11 inches`, `eleven`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from cope_graph.tasks.equality.exact import exact
from cope_graph.tasks.plain_equality.numerals import SCALES, in_words, numerals
from cope_graph.tasks.plain_equality.units import unit_named

_NUMBER: Final = re.compile(
    r"[-+]?(?:\d{1,3}(?:,\d{3}){1,300}(?![\d,])|\d+)?(?:\.\d+)?"
    r"(?:e[-+]?\d{1,3}(?!\w)| ?x ?10 ?\^ ?[-+]?\d{1,3}(?!\d))?"
    r"(?: \d{1,9}/\d{1,9}(?!\d)| ?/ ?\d{1,100}(?!\d))?"
)
_SIGN: Final = re.compile(r"(-?)(us\$|[$£€¥₹]|usd|eur|gbp|jpy|inr|chf) ?(?=[-\d.])")
_ABOUT: Final = re.compile(r"(?:about|approximately|approx\.?|around|roughly|circa|ca?\.|~|≈) ?")
_SCALE: Final = re.compile(rf" ?({'|'.join(SCALES)}|bn)\b")
_NOUN: Final = re.compile(r"[a-z]{3,30}")
_JOINED: Final = re.compile(r"(?<=[a-z\d])-(?=[a-z])")
_AND: Final = re.compile(r"^(?:,|and\b)? ?")
_FEET: Final = re.compile(r"(\d{1,3}) ?' ?(?:(\d{1,2}(?:\.\d+)?) ?\"?)?")
_MOST_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and what it counts."""

    value: Fraction
    """In the first unit of its kind."""
    kind: str = ""
    """What is measured; empty for a bare number."""
    written: Fraction | None = None
    """The number as it was written, `None` for one of several parts."""


def read_amount(text: str, original: str) -> Amount | None:
    """Read a number with its unit, `None` for what is more than that.

    Args:
        text: A folded answer.
        original: The answer as it was written: a noun behind a number is written small.
    """
    text = _ABOUT.sub("", text, count=1) if _ABOUT.match(text) else text
    feet = _FEET.fullmatch(text)
    if feet is not None:
        text = f"{feet[1]} ft {feet[2]} in" if feet[2] else f"{feet[1]} ft"
    money = _SIGN.match(text)
    unit = money[2] if money else ""
    rest = f"{money[1]}{text[money.end() :]}" if money else text
    number = _leading(rest)
    if number is None:
        return None
    value, behind = number
    named = behind.strip()
    if unit and not (named and unit_named(named)):
        return None if named else _amount(value, unit, original)
    return _amount(value, named, original) or _parts(rest)


def _leading(text: str) -> tuple[Fraction, str] | None:
    """Read the number that a text begins with, in digits or words, and what stands behind."""
    found = _NUMBER.match(text)
    if found is None or not any(map(str.isdigit, found[0])):
        words = numerals(_JOINED.sub(" ", text))
        whole = in_words(text)
        if whole is not None:
            return whole, ""
        found, text = _NUMBER.match(words), words
        if found is None or not any(map(str.isdigit, found[0])):
            return None
    value = _value(found[0])
    if value is None:
        return None
    behind = text[found.end() :]
    scale = _SCALE.match(behind)
    if scale is not None:
        return value * SCALES.get(scale[1], 10**9), behind[scale.end() :]
    return value, behind


def _value(written: str) -> Fraction | None:
    spelled = written.replace(",", "")
    spelled = re.sub(r" ?x ?10 ?\^ ?\+?", r" \\cdot 10^", spelled)
    return exact(spelled)[0]


def _amount(value: Fraction, named: str, original: str) -> Amount | None:
    if not named:
        return Amount(value, "", value)
    named = _JOINED.sub(" ", named.removeprefix("-"))
    unit = unit_named(named)
    if unit is not None:
        return Amount(unit.factor * (value + unit.zero), unit.kind, value)
    if _NOUN.fullmatch(named) and named in original:
        return Amount(value, named.removesuffix("s"), value)
    return None


def _parts(text: str) -> Amount | None:
    """Add up what has several units of a kind: `1 hour 30 minutes`."""
    total, kinds = Fraction(0), set()
    for _ in range(_MOST_PARTS):
        found = re.match(r"(\d{1,9}(?:\.\d{1,9})?) ?([a-z]+)\b[. ]*", text)
        unit = unit_named(found[2]) if found else None
        if found is None or unit is None or unit.zero:
            return None
        total += unit.factor * Fraction(found[1])
        kinds.add(unit.kind)
        text = _AND.sub("", text[found.end() :], count=1)
        if not text:
            return Amount(total, kinds.pop()) if len(kinds) == 1 else None
    return None


def same_amount(x: Amount, y: Amount) -> bool:
    """Tell whether two amounts are the same; a bare number fits any unit."""
    if x.kind and y.kind:
        return x.kind == y.kind and x.value == y.value
    if x.kind == y.kind or x.written == y.written:
        return x.value == y.value or (x.kind != y.kind and x.written == y.written)
    return "ratio" in (x.kind, y.kind) and x.value == y.value
