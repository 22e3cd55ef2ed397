"""From what methods did with each item to what tables show."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

import numpy as np

from cope_graph.evaluation.replaying.bill_lines import ROLES
from cope_graph.evaluation.replaying.intervals import DIFFERENCES, SHARES, mean_intervals
from cope_graph.evaluation.replaying.methods import LARGE
from cope_graph.evaluation.replaying.methods import Method as Way
from cope_graph.evaluation.replaying.outcomes import Floats
from cope_graph.evaluation.replaying.summary import Interval, Method, Resolved
from cope_graph.evaluation.replaying.walk import STAGES, Walk


def figures(walks: Mapping[Way, Walk], *, baseline: str, seed: int) -> tuple[Method, ...]:
    """Make a row of each method.

    Args:
        walks: What each did, over the same items.
        baseline: Name of the method that costs are a share of.
        seed: Of the bootstrap, which draws the same items for all.
    """
    large = walks.get(LARGE)
    right = np.stack([one.right for one in walks.values()], axis=1)
    accuracy = _intervals(right, seed, SHARES)
    against = None if large is None else _intervals(right - large.right[:, None], seed, DIFFERENCES)
    usd = {way.name: usd_of(one) for way, one in walks.items()}
    return tuple(
        _method(
            way,
            one,
            accuracy[i],
            None if against is None or way == LARGE else against[i],
            share_of(usd[way.name], usd.get(baseline)),
        )
        for i, (way, one) in enumerate(walks.items())
    )


def usd_of(walk: Walk) -> float | None:
    """Give a method's mean USD an item, `None` where a price is unknown."""
    return known(walk.usd.sum(axis=(1, 2)).mean())


def share_of(usd: float | None, base: float | None) -> float | None:
    """Give costs as a share of others; `None` where these are 0, or either is unknown."""
    return None if usd is None or not base else usd / base


def known(value: float) -> float | None:
    """Give a figure, `None` for NaN."""
    return None if isnan(value) else float(value)


def _intervals(values: Floats, seed: int, span: tuple[float, float]) -> list[Interval]:
    low, high = mean_intervals(values, seed=seed, span=span)
    return [Interval(*map(float, one)) for one in zip(values.mean(axis=0), low, high, strict=True)]


def _method(
    way: Way, walk: Walk, accuracy: Interval, against: Interval | None, share: float | None
) -> Method:
    usd, tokens = walk.usd.mean(axis=0), walk.tokens.mean(axis=0)
    ends, right = walk.ends.mean(axis=0), walk.right_ends.mean(axis=0)
    used = [s for s in range(STAGES) if ends[s] or tokens[s].sum() or usd[s].sum()]
    p50, p95 = (_quantile(walk, q) for q in (0.5, 0.95))
    return Method(
        name=way.name,
        what=way.what,
        accuracy=accuracy,
        difference=against,
        usd=usd_of(walk),
        share=share,
        usd_by_role={role: known(one) for role, one in zip(ROLES, usd.sum(axis=0), strict=True)},
        usd_by_stage={s + 1: known(usd[s].sum()) for s in used},
        tokens=float(tokens.sum()),
        tokens_by_role=dict(zip(ROLES, map(float, tokens.sum(axis=0)), strict=True)),
        tokens_by_stage={s + 1: float(tokens[s].sum()) for s in used},
        large_tokens=float(walk.large.mean()),
        resolved={
            s + 1: Resolved(float(ends[s]), float(right[s] / ends[s]) if ends[s] else None)
            for s in used
        },
        p50_s=p50,
        p95_s=p95,
        samples=float(walk.samples.mean()),
    )


def _quantile(walk: Walk, q: float) -> float | None:
    """Give the seconds that a share q of the items does not exceed, ways by their chance."""
    taken = walk.chance > 0
    seconds = walk.seconds[:, taken]
    if np.isnan(seconds).any():
        return None
    weights = np.broadcast_to(walk.chance[taken], seconds.shape).ravel()
    order = np.argsort(seconds, axis=None, kind="stable")
    reached = np.cumsum(weights[order])
    # Rounding may leave the sum a hair below the share that is asked for.
    place = int(np.searchsorted(reached, q * reached[-1] * (1 - 1e-12)))
    return float(seconds.ravel()[order[place]])
