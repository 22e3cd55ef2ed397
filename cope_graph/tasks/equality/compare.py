"""The cheap rules of equality: text, exact numbers, and lists member by member."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from cope_graph.tasks.equality.answer import RELATION, Answer, normalise, read, read_number

Symbolic = Callable[[str, str], bool | None]
"""Compares two expressions; `None` leaves it open."""

_MAX_UNORDERED: Final = 30
_ROUNDED_PLACES: Final = 6


def compare(a: str, b: str, symbolic: Symbolic) -> bool | None:
    """Compare two answers by the cheap rules, and by `symbolic` where they do not decide.

    Args:
        a: One answer.
        b: Another.
        symbolic: math-verify in the worker; in the client, what leaves everything open.

    Returns:
        Whether they are equal, `None` when that depends on what `symbolic` left open.
    """
    x, y = read(a), read(b)
    verdict = _at_a_glance(x, y)
    if verdict is not None:
        return verdict
    if _may_share_a_name(x, y):
        if x.kind and y.kind:
            return _same_list(x, y, symbolic)
        listed, single = (x, y) if x.kind else (y, x)
        if listed.kind == "{}" and len(listed.parts) == 1:  # {5} is 5
            return compare(listed.parts[0], single.text, symbolic)
        if listed.kind and single.number is not None:
            return _decimal_with_comma(listed) == single.number
        if not any(not read.name and RELATION.search(read.text) for read in (x, y)):
            return symbolic(x.text, y.text)
    # An equation keeps its left side, unless the other answer is a value without one.
    return symbolic(x.whole, y.whole)


def _may_share_a_name(x: Answer, y: Answer) -> bool:
    return x.name == y.name or not (x.name and y.name)


def _at_a_glance(x: Answer, y: Answer) -> bool | None:
    """Compare units, texts and numbers; `None` where that does not decide."""
    if x.unit and y.unit and x.unit != y.unit and "%" not in (x.unit, y.unit):
        return False
    same_name = _may_share_a_name(x, y)
    if same_name and (x.text == y.text or (x.words and x.words == y.words)):
        return True
    if x.number is not None and y.number is not None:
        return same_name and _same_number(x, x.number, y, y.number)
    if x.prose or y.prose or x.hopeless or y.hopeless:
        return False
    return None


def _same_number(x: Answer, p: Fraction, y: Answer, q: Fraction) -> bool:
    if p == q or _rounds(p, x.places, q) or _rounds(q, y.places, p):
        return True
    if (x.unit == "%") == (y.unit == "%"):
        return False
    return p == 100 * q if x.unit == "%" else q == 100 * p


def _rounds(decimal: Fraction, places: int, value: Fraction) -> bool:
    return places >= _ROUNDED_PLACES and round(value, places) == decimal


def _decimal_with_comma(listed: Answer) -> Fraction | None:
    """Read "3,14" as a decimal, which it is against a number; against a list it is a list."""
    return read_number(listed.text.replace(",", ".")) if listed.kind == "," else None


def _same_list(x: Answer, y: Answer, symbolic: Symbolic) -> bool | None:
    """Compare lists, sets, tuples, intervals and matrices."""
    kinds = {x.kind, y.kind} - {","}
    if len(x.parts) != len(y.parts) or (len(kinds) > 1 and kinds != {"()", "matrix 1"}):
        return False
    if kinds <= {"{}"}:
        return _same_members(x.parts, y.parts, symbolic)
    undecided = False
    for p, q in zip(x.parts, y.parts, strict=True):
        verdict = compare(p, q, symbolic)
        if verdict is False:
            return False
        undecided = undecided or verdict is None
    return None if undecided else True


def _same_members(left: tuple[str, ...], right: tuple[str, ...], symbolic: Symbolic) -> bool | None:
    """Compare members in any order, each with the first twin that is left."""
    if len(left) > _MAX_UNORDERED:  # n * n comparisons would be too many
        return sorted(map(normalise, left)) == sorted(map(normalise, right))
    rest = list(right)
    for member in left:
        for other in rest:
            verdict = compare(member, other, symbolic)
            if verdict is None:
                return None
            if verdict:
                rest.remove(other)
                break
        else:
            return False
    return True
