"""How sure a mean is: percentile bootstrap over items, kept honest where items are few.

A bootstrap draws what it has seen: of four items that are all right it draws nothing else, and
gives no width. So no interval here is narrower than the one of Wald with two items added at each
end of the values there could have been (Agresti and Coull 1998 for shares; Bonett and Price 2012,
one item at each end, for paired differences).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.summary import Interval

DRAWS: Final = 2_000
"""Resamples of the items."""
SHARES: Final = (0.0, 1.0)
"""The least and the most that an item may bring."""
DIFFERENCES: Final = (-1.0, 1.0)
"""The same, where two methods are compared."""
_ENDS: Final = (0.025, 0.975)
_Z: Final = 1.96
_CELLS: Final = 2_000_000  # numbers in an array at once: 16 MB of float64


def mean_interval(
    values: ArrayLike,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    span: tuple[float, float] = SHARES,
) -> Interval:
    """Give the mean of items and its 95 % interval.

    Two methods on the same items are compared by the interval of their difference, item by item:
    the pairs are drawn together then.

    Args:
        values: (items,) float or bool; no NaN.
        seed: Of the draws. The same seed draws the same items, whatever the values are.
        draws: How many resamples.
        span: `SHARES`, or `DIFFERENCES` of two methods.

    Raises:
        InputError: There are no items, or a value is not finite or not within the span.
    """
    column = _checked(values, 1, span)[:, None]
    low, high = mean_intervals(column, seed=seed, draws=draws, span=span)
    return Interval(float(column.mean()), float(low[0]), float(high[0]))


def mean_intervals(
    values: ArrayLike,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    span: tuple[float, float] = SHARES,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the 95 % intervals of many means over the same items.

    How often each item is drawn makes a row of weights (multinomial), and the weights times the
    values all resampled sums. Blocks of draws and of columns keep the arrays small; the weights
    of a block of columns are drawn anew from the same seed.

    Args:
        values: (items, m) float or bool; no NaN.
        seed: Of the draws.
        draws: How many resamples.
        span: `SHARES`, or `DIFFERENCES` of two methods.

    Returns:
        The lower and the upper ends, (m,) each: the 2.5 % and 97.5 % quantiles of the
        resampled means (percentile method; Efron and Tibshirani 1993, chapter 13), or further
        out, where the adjusted interval of Wald is.

    Raises:
        InputError: There are no items, or a value is not finite or not within the span.
    """
    table = _checked(values, 2, span)
    wide = max(1, _CELLS // draws)
    blocks = [
        _ends(table[:, start : start + wide], seed, draws)
        for start in range(0, table.shape[1], wide)
    ]
    low, high = np.concatenate([np.empty((2, 0)), *blocks], axis=1)
    least, most = _adjusted(table, span)
    return np.minimum(low, least), np.maximum(high, most)


def _adjusted(
    table: NDArray[np.float64], span: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the ends of Wald's interval with unseen items of the least and the most added."""
    least, most = span
    added = 2 / (most - least)  # at each end: 2 of shares, 1 of differences
    items = len(table) + 2 * added
    mean = (table.sum(axis=0) + added * (least + most)) / items
    squares = ((table**2).sum(axis=0) + added * (least**2 + most**2)) / items
    half = _Z * np.sqrt(np.maximum(squares - mean**2, 0) / items)
    return np.maximum(mean - half, least), np.minimum(mean + half, most)


def _ends(table: NDArray[np.float64], seed: int, draws: int) -> NDArray[np.float64]:
    """Give both ends of each column, (2, m)."""
    items, rng = len(table), np.random.default_rng(seed)
    high = max(1, _CELLS // items)
    means = [
        _weights(rng, items, min(high, draws - start)) @ table / items
        for start in range(0, draws, high)
    ]
    ends: NDArray[np.float64] = np.quantile(np.concatenate(means), _ENDS, axis=0)
    return ends


def _weights(rng: np.random.Generator, items: int, draws: int) -> NDArray[np.float64]:
    """Count how often each item is drawn, (draws, items); each row adds up to `items`."""
    drawn = rng.integers(items, size=(draws, items))
    drawn += np.arange(draws)[:, None] * items
    counts = np.bincount(drawn.ravel(), minlength=draws * items)
    return counts.reshape(draws, items).astype(np.float64)


def _checked(values: ArrayLike, axes: int, span: tuple[float, float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != axes or not len(array):
        msg = f"An interval needs at least one item in {axes} axes, not shape {array.shape}."
        raise InputError(msg)
    if not np.isfinite(array).all():
        msg = "An interval needs finite values: leave items without one out, and say how many."
        raise InputError(msg)
    # A mixture of lots may be a hair above 1.
    if array.size and (array.min() < span[0] - 1e-9 or array.max() > span[1] + 1e-9):
        msg = (
            f"An interval needs values of {span[0]:g} to {span[1]:g}, not of {array.min():g} to "
            f"{array.max():g}."
        )
        raise InputError(msg)
    return array
