"""How far along a path of thresholds the target was shown to hold.

Fixed-sequence testing: Angelopoulos, Bates, Candes, Jordan, Lei, "Learn then Test" (arXiv
2110.01052), section 2.3. The order of the steps is fixed before the outcomes are seen. Each step's
claim "the target is missed" is tested at level delta, in order, and the first that is not refuted
ends it. The probability that any refuted claim is true is delta at most: the first true claim of
the path would have to be refuted. Other items than those of the test may say where it begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cope_graph.calibration.betting import items_needed, rejects, upper_bound
from cope_graph.calibration.ladder import Bools, Floats, Ladder

LOSS = {"low": -1.0, "high": 1.0}
"""Bounds of the signed loss of an item: right alone and wrong here is 1, the reverse -1."""


@dataclass(frozen=True)
class Reached:
    """A step of a path that a target was shown for.

    Attributes:
        step: Its place on the path.
        certified: Whether the target was shown to hold there.
        bound: Upper bound of what the target names; `None` where none was computed.
        needs: About how many items the next step would take; `None` where none would do.
    """

    step: int
    certified: bool
    bound: float | None
    needs: int | None


def losses(ladder: Ladder, large: Bools) -> Floats:
    """Give the signed losses against the large model alone, (steps, items)."""
    signed: Floats = large.astype(np.float64) - ladder.right
    return signed


def certify_loss(
    ladder: Ladder, large: Bools, max_loss: float, delta: float, *, start: int = 0
) -> Reached:
    """Go towards the cheapest step while "the loss is above max_loss" is refuted.

    Args:
        ladder: Over the items of the test, in an order that does not depend on outcomes.
        large: Whether the large model alone is right.
        max_loss: The most accuracy that may be lost, 0 to 1.
        delta: The probability with which the promise may be broken.
        start: The step to begin at, which other items chose.
    """
    signed = losses(ladder, large)
    # The first step is the large model itself, where no plan of its own comes in between.
    start = max(start, 1) if ladder.exact else start
    last: int | None = None
    for index in range(start, len(signed)):
        if not rejects(signed[index], max_loss, **LOSS, delta=delta):
            break
        last = index
    following = start if last is None else last + 1
    needs = None
    if following < len(signed):
        needs = items_needed(signed[following], max_loss, **LOSS, delta=delta)
    if not last:  # the large model answers alone
        return Reached(0, certified=False, bound=0.0, needs=needs)
    bound = upper_bound(signed[last], **LOSS, delta=delta)
    return Reached(last, certified=True, bound=bound, needs=needs)


def certify_usd(
    ladder: Ladder, large: Bools, max_usd: float, delta: float, most_usd: float | None
) -> Reached:
    """Give the most accurate step whose mean cost is at most max_usd.

    The test goes from the last step, most often the cheapest, to the first; of all that were shown
    to be cheap enough any may be taken.

    Args:
        ladder: As in `certify_loss`.
        large: As there.
        max_usd: The most an item may cost on average.
        delta: As there.
        most_usd: What a single item can cost at most; `None`: means alone are compared, and
            nothing is certified.
    """
    found: list[int] = []
    for index in reversed(range(len(ladder.steps))):
        usd = ladder.usd[index]
        if most_usd is None:
            passes = bool(usd.mean() <= max_usd)
        else:
            passes = rejects(usd, max_usd, low=0.0, high=most_usd, delta=delta)
        if not passes:
            break
        found.append(index)
    if not found:
        cheapest = len(ladder.steps) - 1
        bound, needs = _bound_usd(ladder, cheapest, max_usd, delta, most_usd)
        return Reached(cheapest, certified=False, bound=bound, needs=needs)
    signed = losses(ladder, large).mean(axis=1)
    best = min(found, key=lambda index: (signed[index], index))
    bound, _ = _bound_usd(ladder, best, max_usd, delta, most_usd)
    return Reached(best, certified=most_usd is not None, bound=bound, needs=None)


def _bound_usd(
    ladder: Ladder, step: int, max_usd: float, delta: float, most_usd: float | None
) -> tuple[float | None, int | None]:
    if most_usd is None:
        return None, None
    usd, scale = ladder.usd[step], {"low": 0.0, "high": most_usd}
    needs = items_needed(usd, max_usd, **scale, delta=delta)
    return upper_bound(usd, **scale, delta=delta), needs
