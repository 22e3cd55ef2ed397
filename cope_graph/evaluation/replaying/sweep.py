"""A cascade at many thresholds at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cope_graph.evaluation.replaying.intervals import mean_intervals
from cope_graph.evaluation.replaying.outcomes import Bools, Floats, Outcome

LEVELS = 21
"""Thresholds of a gate that are looked at, at most."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """A cascade over thresholds; `[i, j]` of all arrays is `tau1[i]` and `tau2[j]`.

    Attributes:
        tau1: Of stage 1.
        tau2: Of stage 2; one, without effect, where there is no stage 2.
        known: (i, j) bool, whether the records can say.
        accuracy: (i, j) float, 0 to 1.
        usd: (i, j) float, mean USD an item; NaN where a price is unknown.
        tokens: (i, j) float, mean tokens an item.
        ends: (i, j, 3) float, shares of the items that end at each stage.
        accepted1: (i, items) bool, what stage 1 accepts.
        right1: (items,) bool, whether its answer is right.
        later: (j, items) bool, whether the answer is right where stage 1 does not accept.
    """

    tau1: tuple[float, ...]
    tau2: tuple[float, ...]
    known: Bools
    accuracy: Floats
    usd: Floats
    tokens: Floats
    ends: Floats
    accepted1: Bools
    right1: Bools
    later: Bools

    def right(self, cells: Sequence[tuple[int, int]]) -> Bools:
        """Tell which items are right at some thresholds.

        Args:
            cells: Indices of `tau1` and `tau2`.

        Returns:
            (items, cells) bool.
        """
        i, j = np.array(cells, np.int64).reshape(-1, 2).T
        right: Bools = np.where(self.accepted1[i], self.right1, self.later[j])
        return right.T

    def intervals(self, cells: Sequence[tuple[int, int]], *, seed: int) -> tuple[Floats, Floats]:
        """Give the 95 % intervals of accuracies, lower and upper ends, (cells,) each."""
        return mean_intervals(self.right(cells), seed=seed)


def sweep(
    stages: Sequence[Outcome], tau1: Sequence[float], tau2: Sequence[float], *, strict: bool
) -> Sweep:
    """Send all items through a cascade at each pair of thresholds.

    Means over items are products of matrices: with a the items that stage 1 accepts at each tau1
    and r what stages 2 and 3 make of an item at each tau2, it is `a @ r1 + (1 - a) @ r`.

    Args:
        stages: The outcomes of stages 1, 2 and 3, or of 1 and 3.
        tau1: Thresholds of stage 1.
        tau2: Thresholds of stage 2.
        strict: Whether a confidence has to be above them.
    """
    first, last = stages[0], stages[-1]
    items = len(first.right)
    one = np.array([first.accepts(tau, strict=strict) for tau in tau1]).reshape(-1, items)
    late = np.where(last.answered, last.right, first.right)
    if len(stages) == 2:  # noqa: PLR2004
        two, rest, known2 = np.zeros((len(tau2), items), np.bool_), late[None], last.there[None]
        second_usd = second_tokens = np.zeros(items)
    else:
        second = stages[1]
        two = np.array([second.accepts(tau, strict=strict) for tau in tau2]).reshape(-1, items)
        held = np.where(second.answered, second.right, first.right)
        late = np.where(last.answered, last.right, held)
        rest, known2 = np.where(two, second.right, late), second.there & (two | last.there)
        second_usd = second.bill.usd.sum(axis=1)
        second_tokens = second.bill.tokens.sum(axis=1)
    rest, known2 = (np.broadcast_to(each, two.shape) for each in (rest, known2))
    unknown = ~first.there.all() | (_on(~one, ~known2) > 0)
    ends = np.stack(
        [
            np.repeat(one.mean(axis=1)[:, None], len(two), axis=1),
            _on(~one, two) / items,
            _on(~one, ~two) / items,
        ],
        axis=2,
    )
    last_usd, last_tokens = last.bill.usd.sum(axis=1), last.bill.tokens.sum(axis=1)
    return Sweep(
        tuple(tau1),
        tuple(tau2),
        ~unknown,
        (one @ first.right.astype(float))[:, None] / items + _on(~one, rest) / items,
        _costs(~one, ~two, first.bill.usd.sum(axis=1), second_usd, last_usd),
        _costs(~one, ~two, first.bill.tokens.sum(axis=1), second_tokens, last_tokens),
        ends,
        one,
        first.right,
        rest,
    )


def _on(reach: Bools, what: Bools) -> Floats:
    """Count the items that come on and of which something holds, for each pair."""
    counts: Floats = reach.astype(float) @ what.T.astype(float)
    return counts


def _costs(on: Bools, further: Bools, first: Floats, second: Floats, last: Floats) -> Floats:
    """Give the mean cost at each pair; NaN where one that was met is unknown."""
    rest = np.nan_to_num(second) + further * np.nan_to_num(last)
    lost = np.isnan(second) | (further & np.isnan(last))
    total = np.nan_to_num(first).sum() + on.astype(float) @ rest.T
    unknown = np.isnan(first).any() | (_on(on, lost) > 0)
    costs: Floats = np.where(unknown, np.nan, total / len(first))
    return costs


def levels(outcome: Outcome, tau: float, *, strict: bool) -> tuple[float, ...]:
    """List thresholds that differ in effect: the confidences there are, and none passed.

    Args:
        outcome: Of the gate's stage.
        tau: Its own threshold, which stands in place of the level that does the same.
        strict: Whether a confidence has to be above it.

    Returns:
        21 at most, in order.
    """
    seen = outcome.confidence[outcome.answered & (outcome.passes < 0)]
    # At the first of these all pass, at the last none or the surest alone.
    values = np.unique(np.append(seen[~np.isnan(seen)], 0.0 if strict else 1.0))
    if len(values) > LEVELS:
        values = np.unique(values[np.linspace(0, len(values) - 1, LEVELS).round().astype(int)])
    # Between tau and the nearest level below it (above it, where a confidence may be at it) lies
    # no confidence: both do the same.
    twin = values[values <= tau].max() if strict else values[values >= tau].min()
    return tuple(float(value) for value in np.where(values == twin, tau, values))
