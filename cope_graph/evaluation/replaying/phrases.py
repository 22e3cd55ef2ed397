"""Figures and names as they stand in sentences."""

from __future__ import annotations

from cope_graph.evaluation.replaying.methods import COPE
from cope_graph.evaluation.replaying.summary import Interval, Method, Summary


def percent(share: float) -> str:
    """Say a share of 1 in percent."""
    return f"{100 * share:.1f} %"


def points(difference: Interval) -> str:
    """Say a difference of two shares in points, with its interval."""
    return (
        f"{100 * difference.value:+.1f} points (95 %: {100 * difference.low:+.1f} to "
        f"{100 * difference.high:+.1f})"
    )


def items(count: int) -> str:
    """Count items."""
    return f"{count:,} item{'' if count == 1 else 's'}"


def called(cascade: Method) -> str:
    """Name a cascade within a sentence."""
    return cascade.name if cascade.name == COPE.name else "the cascade without plans"


def start(words: str) -> str:
    """Begin a sentence."""
    return words[0].upper() + words[1:]


def counted(summary: Summary) -> str:
    """Count the items that are compared, and those of the data set where there are more."""
    if summary.whole is None or summary.whole <= summary.items:
        return items(summary.items)
    return f"{summary.items:,} of {items(summary.whole)}"
