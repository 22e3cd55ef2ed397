"""Whether two short answers say the same: dates, numbers with units, else their words.

Decisions:
    - Words are compared without case, accents of Latin letters, punctuation and articles; numbers
      in words count as numbers (`Apollo eleven` is `Apollo 11`). Their order counts.
    - Units are converted exactly (3 km = 3,000 m); nothing is rounded. Months are no days.
    - A unit counts only when both answers name one: 5 = 5 km, 5 kg is not 5 km; 50% = 0.5 = 50. A
      noun behind a number is a unit (11 players = 11). Equality is thus not transitive: compare
      answers with one representative.
    - A date needs its parts: 4 July is not 4 July 1776. 03/04/2020 may be two days, and equals
      only what is written alike; so does what is no date (30 February).
    - Of what is longer than `MAX_ANSWER` only the words are compared.

All of it is linear in the answer's length or bounded, since models write the answers. No library
does it: those for dates fill what is missing with today's, those for units take `hats` for a
hectotechnical atmosphere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cope_graph.tasks.plain_equality.dates import Moment, read_moment
from cope_graph.tasks.plain_equality.quantities import Amount, read_amount, same_amount
from cope_graph.tasks.plain_equality.words import fold, simplify
from cope_graph.tasks.reading import MAX_ANSWER

__all__ = ["plain_equal"]


@dataclass(frozen=True, slots=True)
class _Said:
    """An answer taken apart."""

    words: str
    moment: Moment | None = None
    amount: Amount | None = None


def plain_equal(a: str, b: str) -> bool:
    """Tell whether two short answers say the same.

    Symmetric and reflexive, not transitive.

    Args:
        a: One answer.
        b: Another.

    Example:
        >>> plain_equal("3 km", "3,000 metres"), plain_equal("5 kg", "5 km")
        (True, False)
    """
    x, y = _read(a), _read(b)
    if x.words == y.words:
        return True
    if x.moment is not None or y.moment is not None:
        return x.moment == y.moment
    if x.amount is not None and y.amount is not None:
        return same_amount(x.amount, y.amount)
    return False


def _read(answer: str) -> _Said:
    """Take an answer apart; long ones stay out of the cache and of the patterns."""
    if len(answer) > MAX_ANSWER:
        return _Said(" ".join(answer.casefold().split()))
    return _read_short(answer)


@lru_cache(maxsize=4096)
def _read_short(answer: str) -> _Said:
    text = fold(answer)
    moment = read_moment(text)
    amount = None if moment else read_amount(text, answer)
    return _Said(simplify(text), moment, amount)
