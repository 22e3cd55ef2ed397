"""A table of text, and figures as they stand in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cope_graph.evaluation.replaying.summary import Interval

NONE: Final = "-"
"""Stands where there is no figure, or it is not known."""
THOUSAND: Final = 1_000
"""USD are those of a thousand items: those of one are too small to read."""


@dataclass(frozen=True)
class Section:
    """One table.

    Attributes:
        title: What it shows.
        note: What the columns mean, with units.
        head: Names of the columns; the first is text, the rest are figures.
        rows: As long as the head.
        extra: How many columns from the right a narrow terminal does without.
        thins: Whether a narrow terminal shows every other column instead, or every third.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    extra: int = 0
    thins: bool = False


def interval(found: Interval | None, *, sign: str = "") -> str:
    """Show a share and its interval in %; `sign="+"` shows a plus too."""
    if found is None:
        return NONE
    value, low, high = (100 * part for part in (found.value, found.low, found.high))
    return f"{value:{sign}.1f} [{low:{sign}.1f}, {high:{sign}.1f}]"


def percent(share: float | None) -> str:
    """Show a share in %, without the sign."""
    return NONE if share is None else f"{100 * share:.1f}"


def usd(amount: float | None) -> str:
    """Show USD an item as USD a thousand items."""
    return NONE if amount is None else f"{THOUSAND * amount:.3f}"


def number(value: float | None, digits: int) -> str:
    """Show a figure with so many digits behind the point."""
    return NONE if value is None else f"{value:.{digits}f}"
