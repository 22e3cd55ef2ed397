"""Which schedule and path are tried: chosen on items that the test never sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from random import Random

import numpy as np

from cope_graph.calibration.certify import losses
from cope_graph.calibration.ladder import Alone, Bools, Ladder
from cope_graph.calibration.shown import Target
from cope_graph.errors import InputError


def dealt(
    items: Sequence[str], share: float, seed: int, *, choice: bool
) -> tuple[list[int], list[int]]:
    """Deal the items into those that choose and those that are tested on.

    Args:
        items: Names of the items. The deal depends on them and the seed, not on their order.
        share: Of the items that choose, above 0 and below 1.
        seed: Of the deal.
        choice: Whether there is anything to choose; without, all items are tested on.

    Raises:
        InputError: A part would be empty.
    """
    order = sorted(range(len(items)), key=items.__getitem__)
    Random(seed).shuffle(order)  # noqa: S311 - no secret
    if not choice:
        return [], order
    if not 0 < share < 1 or not 0 < round(share * len(order)) < len(order):
        msg = (
            f"A split of {share:g} leaves one part of {len(items)} items empty: give a share "
            "between 0 and 1 and at least 2 items, or a single schedule, which needs no split."
        )
        raise InputError(msg)
    cut = round(share * len(order))
    return order[:cut], order[cut:]


def cut_to(ladder: Ladder, index: Sequence[int]) -> Ladder:
    """Keep some items of a ladder, in the order given."""
    kept = [*index]
    return Ladder(
        ladder.schedule,
        ladder.path,
        ladder.steps,
        ladder.right[:, kept],
        ladder.usd[:, kept],
        ladder.accepted[:, kept],
        exact=ladder.exact,
    )


@dataclass(frozen=True)
class Choice:
    """What the choosing items chose.

    Attributes:
        place: Of the ladder among the candidates.
        start: The step that the test begins at. With losses that have a sign the safest step is
            not always the one that accepts nothing.
    """

    place: int
    start: int


def choose(
    ladders: Sequence[Ladder], alone: Alone, index: Sequence[int], *, target: Target, tested_on: int
) -> Choice:
    """Choose the ladder that promises most, from the items of the choice.

    Args:
        ladders: The candidates, over all items.
        alone: The large model alone.
        index: The items that choose.
        target: What is asked for.
        tested_on: How many items the test will have.

    Returns:
        For `max_loss` the ladder that is cheapest at the step which a test is expected to reach,
        for `max_usd` the one that is right most often at a cost below it.
    """
    if not index:
        return Choice(0, 0)
    large = alone.right[[*index]]
    parts = [cut_to(ladder, index) for ladder in ladders]
    if target.kind == "max_usd":
        most = [(_most_right(part, target.value), place) for place, part in enumerate(parts)]
        return Choice(min(most)[1], 0)
    delta = 1 - target.confidence
    hopes = [_hope(part, large, target.value, delta, tested_on) for part in parts]
    place = min(range(len(hopes)), key=lambda i: (hopes[i][:2], i))
    return Choice(place, hopes[place][2])


def _hope(
    part: Ladder, large: Bools, max_loss: float, delta: float, tested_on: int
) -> tuple[bool, float, int]:
    """Score a ladder by the cost at the last step whose bound is expected to hold.

    The expected bound is mean + sd sqrt(2 ln(1/delta) / n), with an sd no smaller than a single
    loss among the items makes it. It only steers the choice: the test is another.

    Returns:
        Whether there is no such step, its cost (else the lowest expected bound), and where to
        begin: at the first such step (else at that of the lowest bound).
    """
    signed = losses(part, large)
    spread = np.sqrt(signed.var(axis=1) + 1 / signed.shape[1])
    expected = signed.mean(axis=1) + spread * (2 * log(1 / delta) / tested_on) ** 0.5
    first = 1  # the step before accepts nothing
    passing = expected[first:] <= max_loss
    if not passing.any():
        start = first + int(expected[first:].argmin())
        return True, float(expected[start]), start
    start = first + int(passing.argmax())
    fails = np.flatnonzero(~passing[start - first :])
    last = start + int(fails[0]) - 1 if len(fails) else len(expected) - 1
    return False, float(part.usd[last].mean()), start


def _most_right(part: Ladder, max_usd: float) -> tuple[bool, float]:
    costs = part.usd.mean(axis=1)
    right = np.where(costs <= max_usd, part.right.mean(axis=1), -1.0)
    return bool((right < 0).all()), -float(right.max())
