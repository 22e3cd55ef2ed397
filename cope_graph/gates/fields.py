"""A vote on objects: samples agree when all their voted fields do, and each field is counted too.

It is the paper's consensus (section 4.1) for the claim that an object as a whole is right; the
shares of the fields say where the samples disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from unicodedata import normalize

from cope_graph.gates.majority import group
from cope_graph.gates.verdict import Gate, Question, Verdict
from cope_graph.tasks.superscripts import lowered

if TYPE_CHECKING:
    from cope_graph.state import Sample

FieldsOf: TypeAlias = Callable[[str], Mapping[str, Any] | None]
"""Gives the fields of an object in an answer as Python values; `None` where it holds none."""

_ABSENT: Final = ("absent", None)


def by_fields(fields_of: FieldsOf, unvoted: Collection[str] = ()) -> Gate:
    """Make a gate that votes on objects field by field.

    Confidence is the share of ALL samples that agree on every voted field, so it is never above
    the share of a field. A tie goes to the class whose first member came first, as in `vote`.

    Args:
        fields_of: Reads an answer.
        unvoted: Fields that need not agree: free text such as a reason.

    Returns:
        A gate whose verdicts have `fields`, in the order of the winner's.
    """
    return partial(_vote, fields_of, frozenset(unvoted))


def _vote(
    fields_of: FieldsOf, unvoted: AbstractSet[str], _question: Question, samples: Sequence[Sample]
) -> Verdict:
    given = [sample["answer"] for sample in samples]
    read = {answer: fields_of(answer) for answer in set(given) if answer is not None}
    keys = {
        answer: {name: key(value) for name, value in fields.items() if name not in unvoted}
        for answer, fields in read.items()
        if fields is not None
    }
    answers = [answer if answer in keys else None for answer in given]
    classes = group(answers, lambda one, other: keys[one] == keys[other])
    if not classes:
        reason = f"none of {len(samples)} samples holds an object that fits"
        return Verdict(None, None, None, reason, by_share=True)
    best = classes[0]
    counts = _counts(keys[best.answer], [keys[it] for it in answers if it is not None])
    return Verdict(
        confidence=len(best.members) / len(samples),
        winner=best.members[0],
        answer=best.answer,
        explanation=_explanation(samples, len(best.members), counts),
        classes=classes,
        by_share=True,
        fields={name: count / len(samples) for name, count in counts.items()},
    )


def _counts(
    winner: Mapping[str, Hashable], objects: Sequence[Mapping[str, Hashable]]
) -> dict[str, int]:
    """Count the objects that have the winner's value of each field, absence included."""
    names = dict.fromkeys([*winner, *(name for one in objects for name in one)])
    return {
        name: sum(one.get(name, _ABSENT) == winner.get(name, _ABSENT) for one in objects)
        for name in names
    }


def _explanation(samples: Sequence[Sample], count: int, counts: Mapping[str, int]) -> str:
    said = f"{count} of {len(samples)} samples agree on every voted field"
    weakest = min(counts, key=lambda name: counts[name], default=None)
    if weakest is not None and counts[weakest] < len(samples):
        said = f"{said}, {counts[weakest]} on the weakest, {weakest!r}"
    unread = sum(sample["answer"] is None and "error" not in sample for sample in samples)
    return f"{said}; {unread} without an object that fits" if unread else said


def key(value: Any) -> Hashable:  # noqa: PLR0911 - one line for each kind of value
    """Give what two values of a field have in common when they count as equal.

    Texts are equal up to case, width and blanks, numbers by value (1 = 1.0, but not `true`), lists
    in order, sets without. What else can be hashed (dates, UUIDs, `Written` texts) is compared as
    it is.
    """
    match value:
        case None | bool() | bytes():
            return type(value).__name__, value
        case Enum():
            return "enum", value.name
        case str():
            return "text", _plain(value)
        case float() | Decimal():
            # Not-a-number is not even equal to itself.
            return "number", value if _is_finite(value) else str(value)
        case int():
            return "number", value
        case Mapping():
            return "object", frozenset((key(name), key(it)) for name, it in value.items())
        case AbstractSet():
            return "set", frozenset(key(it) for it in value)
        case Sequence():
            return "list", tuple(key(it) for it in value)
        case Hashable():
            return type(value).__name__, value
        case _:
            return type(value).__name__, repr(value)


def _is_finite(number: float | Decimal) -> bool:
    return math.isfinite(number) if isinstance(number, float) else number.is_finite()


def _plain(text: str) -> str:
    # Folding case may undo the normal form.
    folded = normalize("NFKC", normalize("NFKC", lowered(text)).casefold())
    return " ".join(folded.split())
