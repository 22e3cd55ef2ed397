"""An upper bound of a mean by betting against it, valid for any number of items.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (JRSS B 86,
2024), section 3: the predictable plug-in, one-sided. For values X_i in [0, 1] whose mean is said to
be m or more, a bettor who stakes lambda_i on the next value being lower has the capital

    K_t(m) = product over i <= t of (1 - lambda_i(m) (X_i - m))
    lambda_i(m) = min(sqrt(2 ln(1/delta) / (n v_{i-1})), c / (1 - m)),  c = 3/4
    v_t = (1/4 + sum over i <= t of (X_i - mu_i)^2) / (t + 1)
    mu_t = (1/2 + sum over i <= t of X_i) / (t + 1),  v_0 = 1/4

lambda_i rests on values before the i-th, so that if the mean is m or more the capital is no
better than a fair game and exceeds 1/delta at any time with probability delta at most (Ville). The
bound is the least m at which it did. K_t(m) rises with m, so that bisection finds it.
"""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST: Final = 0.75
"""c above: a single worst value leaves a quarter of the capital."""
_STEPS: Final = 50
_MOMENTS: Final = 1_000
_ENDLESS: Final = 10_000_000
"""Items that nobody will collect."""


def rejects(values: Floats, mean: float, *, low: float, high: float, delta: float) -> bool:
    """Tell whether the values refute that their mean is `mean` or more, at level delta.

    Args:
        values: One an item, `low` to `high`, in an order that does not depend on them.
        mean: What is to be refuted.
        low: The least a value can be.
        high: The most.
        delta: The probability with which a true mean may be refuted.
    """
    scaled, m = (values - low) / (high - low), (mean - low) / (high - low)
    return m >= 1 or (m > 0 and _refuted(scaled, m, delta))


def upper_bound(values: Floats, *, low: float, high: float, delta: float) -> float:
    """Bound the mean from above, with probability 1 - delta.

    Returns:
        The least mean that `rejects` refutes, rounded up by 2^-50 of the range.
    """
    scaled = (values - low) / (high - low)
    under, over = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (under + over) / 2
        if _refuted(scaled, middle, delta):
            over = middle
        else:
            under = middle
    return low + over * (high - low)


def items_needed(
    values: Floats, mean: float, *, low: float, high: float, delta: float
) -> int | None:
    """Tell about how many items would refute the mean, if all came at the rates of these.

    Returns:
        The least n at which the sum of E[ln(1 - lambda_i (X - m))] reaches ln(1/delta), with the
        stakes above as they come at these values' own variance: at this n about every second try
        would do. `None` when no number would.
    """
    scaled, m = (values - low) / (high - low), (mean - low) / (high - low)
    if m >= 1 or float(scaled.mean()) >= m:
        return 0 if m >= 1 else None
    levels, counts = np.unique(scaled, return_counts=True)
    shares, variance = counts / counts.sum(), float(scaled.var())

    def enough(n: int) -> bool:
        # What is staked changes little later on: some moments stand for all.
        seen = np.linspace(0, n - 1, min(n, _MOMENTS))
        v = (0.25 + seen * variance) / (seen + 1)
        stakes = np.minimum(np.sqrt(2 * log(1 / delta) / (n * v)), _MOST / (1 - m))
        growth = sum(
            share * np.log1p(-stakes * (level - m))
            for share, level in zip(shares, levels, strict=True)
        )
        return n * float(np.mean(growth)) >= log(1 / delta)

    over = 1
    while not enough(over):
        over *= 2
        if over > _ENDLESS:
            return None
    under = over // 2
    while over - under > 1:
        middle = (under + over) // 2
        under, over = (under, middle) if enough(middle) else (middle, over)
    return over


def _refuted(scaled: Floats, m: float, delta: float) -> bool:
    stakes = np.minimum(_stakes(scaled, delta), _MOST / (1 - m))
    return bool(np.cumsum(np.log1p(-stakes * (scaled - m))).max() >= log(1 / delta))


def _stakes(scaled: Floats, delta: float) -> Floats:
    """Give each item's stake before it is cut, from the items before it."""
    n = len(scaled)
    seen = np.arange(1, n + 1)
    means = (0.5 + np.cumsum(scaled)) / (seen + 1)
    variances = (0.25 + np.cumsum((scaled - means) ** 2)) / (seen + 1)
    before = np.concatenate([[0.25], variances[:-1]])
    stakes: Floats = np.sqrt(2 * log(1 / delta) / (n * before))
    return stakes
