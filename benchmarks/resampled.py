"""How sure a figure is: AUROC, and bootstrap intervals over groups of rows that belong together."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar

Row = TypeVar("Row")


def auroc(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Give the chance that a right one scores above a wrong one, ties counted as one half.

    Args:
        pairs: Score, and the share that is right (0 or 1, or between): each pair counts as right
            with its share and as wrong with the rest.

    Returns:
        0 to 1, `None` where nothing is right or nothing is wrong.
    """
    right = sum(share for _, share in pairs)
    wrong = sum(1 - share for _, share in pairs)
    if not right or not wrong:
        return None
    beaten, wins = 0.0, 0.0  # beaten: what is wrong among the lower scores
    for score in sorted({score for score, _ in pairs}):
        here = [share for other, share in pairs if other == score]
        negatives = sum(1 - share for share in here)
        wins += sum(here) * (beaten + negatives / 2)
        beaten += negatives
    return wins / (right * wrong)


def interval(
    groups: Sequence[Sequence[Row]],
    figure: Callable[[Sequence[Row]], float | None],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Give the 95 % interval of a figure by the percentile bootstrap over groups.

    Args:
        groups: Rows that belong together (of a task), drawn together.
        figure: Of rows; `None` where it has no value: such draws are left out.
        draws: How many.
        seed: Of the draws.

    Returns:
        Its ends, `None` where fewer than half of the draws have a value.
    """
    lots = random.Random(seed)  # noqa: S311 - repeatable
    drawn = (lots.choices(groups, k=len(groups)) for _ in range(draws)) if groups else ()
    found = [figure([*chain.from_iterable(sample)]) for sample in drawn]
    values = sorted(value for value in found if value is not None)
    if not values or 2 * len(values) < draws:
        return None
    last = len(values) - 1
    return values[round(0.025 * last)], values[round(0.975 * last)]


def shown(value: float | None, ends: tuple[float, float] | None) -> str:
    """Write a figure with its interval."""
    if value is None:
        return "-"
    return f"{value:.3f}" if ends is None else f"{value:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"
