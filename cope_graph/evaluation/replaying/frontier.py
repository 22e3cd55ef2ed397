"""Settings that no other beats in both accuracy and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cope_graph.evaluation.replaying.figures import known, share_of
from cope_graph.evaluation.replaying.intervals import mean_intervals
from cope_graph.evaluation.replaying.methods import COPE, PLAN_FREE, Path
from cope_graph.evaluation.replaying.replay import Replay
from cope_graph.evaluation.replaying.summary import Grid, Interval, Point
from cope_graph.evaluation.replaying.sweep import Sweep, levels, sweep
from cope_graph.evaluation.replaying.walk import Outcomes, Thresholds, key_of

NAMES: Final = {"COPE": COPE, "plan-free": PLAN_FREE}


@dataclass(frozen=True, eq=False)
class Swept:
    """A cascade at one n over thresholds.

    Attributes:
        method: Its name in `NAMES`.
        n: Samples of a stage.
        over: What it does.
    """

    method: str
    n: int
    over: Sweep

    @property
    def of(self) -> Path:
        """The cascade."""
        return NAMES[self.method]


def sizes(n: int) -> tuple[int, ...]:
    """Name a few numbers of samples up to n: powers of 2, and n."""
    return (*(2**k for k in range(1, n.bit_length()) if 2**k < n), n)


def swept(name: str, n: int, outcomes: Outcomes, at: Thresholds) -> Swept | None:
    """Send all items through a cascade at every threshold that makes a difference.

    Args:
        name: Which, by its name in `NAMES`.
        n: Samples of a stage.
        outcomes: What was drawn, at this n.
        at: Thresholds that are looked at in any case.

    Returns:
        The sweep; `None` where a stage was never drawn.
    """
    keys = [key_of(step) for step in NAMES[name].steps]
    if not all(key in outcomes for key in keys):
        return None
    stages = [outcomes[key] for key in keys]
    tau1 = levels(stages[0], at.tau1, strict=at.strict)
    whole = len(stages) > 2  # noqa: PLR2004
    tau2 = levels(stages[1], at.tau2, strict=at.strict) if whole else (at.tau2,)
    return Swept(name, n, sweep(stages, tau1, tau2, strict=at.strict))


def every_sweep(run: Replay, n: int, outcomes: Outcomes, at: Thresholds) -> list[Swept]:
    """Sweep COPE and the cascade without plans at a few numbers of samples."""
    found = []
    for name, path in NAMES.items():
        arm = path.steps[0].arm
        for size in sizes(n) if run.can_take_fewer(arm) else (n,):
            drawn = outcomes if size == n else run.at(size, [arm])
            if (one := swept(name, size, drawn, at)) is not None:
                found.append(one)
    return found


def frontier(sweeps: Sequence[Swept], *, base: float | None, seed: int) -> tuple[Point, ...]:
    """Choose the Pareto-optimal settings: none is as right and cheaper, or righter and as cheap.

    Cost is USD, or tokens where USD are 0 or unknown. Of settings alike in both the first stays.
    Chosen by their means on these items: whoever takes the best of many is a little too hopeful.

    Args:
        sweeps: What there is to choose from.
        base: USD that costs are a share of.
        seed: Of the bootstrap.

    Returns:
        The cheapest first.
    """
    cells = [(one, i, j) for one in sweeps for i, j in np.argwhere(one.over.known).tolist()]
    if not cells:
        return ()
    usd = np.array([one.over.usd[i, j] for one, i, j in cells])
    tokens = np.array([one.over.tokens[i, j] for one, i, j in cells])
    accuracy = np.array([one.over.accuracy[i, j] for one, i, j in cells])
    cost = tokens if np.isnan(usd).any() or not usd.any() else usd
    best, chosen = -1.0, []
    # Sums in another order differ in their last digits: those are no difference.
    for index in np.lexsort((-accuracy.round(12), cost.round(15))):
        if accuracy[index] > best + 1e-12:
            best = accuracy[index]
            chosen.append(cells[index])
    right = np.concatenate([one.over.right([(i, j)]) for one, i, j in chosen], axis=1)
    ends = zip(*mean_intervals(right, seed=seed), strict=True)
    return tuple(
        _point(one, (i, j), Interval(float(one.over.accuracy[i, j]), float(low), float(high)), base)
        for (one, i, j), (low, high) in zip(chosen, ends, strict=True)
    )


def _point(one: Swept, cell: tuple[int, int], right: Interval, base: float | None) -> Point:
    usd = known(one.over.usd[cell])
    at1, at2, at3 = map(float, one.over.ends[cell])
    return Point(
        tau1=one.over.tau1[cell[0]],
        tau2=one.over.tau2[cell[1]],
        n=one.n,
        method=one.method,
        accuracy=right,
        usd=usd,
        share=share_of(usd, base),
        tokens=float(one.over.tokens[cell]),
        accepted=(at1, at2, at3),
    )


def grid_of(one: Swept, base: float | None) -> Grid:
    """Lay a sweep out for a heat map.

    Args:
        one: What there is.
        base: USD that costs are a share of.
    """
    over = one.over
    usd = [[known(value) for value in row] for row in np.where(over.known, over.usd, np.nan)]
    right = np.where(over.known, over.accuracy, np.nan)
    share = [[share_of(value, base) for value in row] for row in usd]
    return Grid(
        tau1=over.tau1,
        tau2=over.tau2,
        accuracy=tuple(tuple(known(value) for value in row) for row in right),
        usd=_none_if_empty(usd),
        share=_none_if_empty(share),
    )


def _none_if_empty(rows: list[list[float | None]]) -> tuple[tuple[float | None, ...], ...] | None:
    there = any(value is not None for row in rows for value in row)
    return tuple(map(tuple, rows)) if there else None
