"""The first word on a comparison: what the cascade costs, and whether it is as accurate."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from cope_graph.evaluation.replaying.phrases import called, items, percent, points, start
from cope_graph.evaluation.replaying.summary import Method, Word

TOO_WIDE: Final = 0.10
"""The interval of a difference that is wider than this, in accuracy, says too little."""
WORSE: Final = 0.02
"""A loss of accuracy that is not ruled out beyond this is spoken of."""
HARDLY: Final = 0.95
"""A share of the large model's cost from which on the savings are hardly any."""
LEVELS: Final = ("warning", "note", "good")
"""The loudest first."""

_Part: TypeAlias = tuple[Literal["warning", "note", "good"], str]


def verdict(cascade: Method, large: Method, count: int) -> Word:
    """Say what a cascade costs and how accurate it is, against the large model alone.

    It is good where both are: the cost is clearly below, and a loss of more than 2 points is
    ruled out, which takes about 140 items at the least.

    Args:
        cascade: COPE, or the cascade without plans.
        large: The large model alone.
        count: How many items are compared.
    """
    cost, accuracy = _cost(cascade, large), _accuracy(cascade, large, count)
    level = min(cost[0], accuracy[0], key=LEVELS.index)
    return Word(level, f"{start(cost[1])}, and {accuracy[1]}.")


def _cost(cascade: Method, large: Method) -> _Part:
    if cascade.usd is None or large.usd is None:
        why = "USD are unknown, since a model has no price (--small-price and --large-price give "
        return "warning", f"{why}one): {_tokens(cascade, large)}"
    if large.usd == 0:
        why = "the large model costs 0 USD here, so no USD can be saved (--large-price gives its "
        return "warning", f"{why}price): {_tokens(cascade, large)}"
    share = cascade.usd / large.usd
    said = f"{called(cascade)} would cost {share:.2f} times the large model alone here"
    if share < HARDLY:
        return "good", said
    return ("note", f"{said}, hardly a saving") if share < 1 else ("warning", said)


def _tokens(cascade: Method, large: Method) -> str:
    """Tell the large model's tokens from the small one's: nobody knows what these are worth."""
    name, most = called(cascade), large.large_tokens
    small = f"{cascade.tokens - cascade.large_tokens:,.0f} of the small model's"
    if not most:
        return f"{name} takes {cascade.large_tokens:,.0f} of its tokens an item and {small}"
    return (
        f"{name} takes {cascade.large_tokens / most:.2f} times the large model's tokens "
        f"({cascade.large_tokens:,.0f} against {most:,.0f} an item) and {small}"
    )


def _accuracy(cascade: Method, large: Method, count: int) -> _Part:
    difference = cascade.difference
    if difference is None:
        return "warning", "nobody knows how accurate it is"
    figures = f"{percent(cascade.accuracy.value)} against {percent(large.accuracy.value)}, "
    figures += points(difference)
    width = difference.high - difference.low
    if difference.high < 0:
        return "warning", f"is less accurate: {figures}"
    if difference.low >= -WORSE:
        return "good", f"is as accurate, to within {100 * WORSE:.0f} points: {figures}"
    if width > TOO_WIDE:
        enough = round(count * (width / TOO_WIDE) ** 2, -1)  # it narrows with the root
        return "warning", (
            f"{items(count)} {'is' if count == 1 else 'are'} too few to say whether it is as "
            f"accurate: {figures}; about {enough:,.0f} would bring that interval to "
            f"{100 * TOO_WIDE:.0f} points"
        )
    return "note", (
        f"may be less accurate, by {100 * -difference.low:.1f} points at the most: {figures}"
    )
