"""Whether a gate's confidence tells right answers from wrong ones."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.summary import Bin, Health
from cope_graph.state import Stage

BINS: Final = 10
"""Bins of equal width over confidences of 0 to 1."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
OneClass = Literal["right", "wrong"]


def health_of(
    stage: Stage,
    confidence: ArrayLike,
    right: ArrayLike,
    tau: float,
    strict: bool,  # noqa: FBT001 - goes with tau
) -> Health:
    """Measure one stage's gate over the items that reach it.

    Items without a confidence are rejected and rank below all others in the AUROC. They claim
    nothing, so they have no part in ECE, Brier score and bins.

    Args:
        stage: 1 or 2.
        confidence: (k,) float, 0 to 1; NaN for none.
        right: (k,) bool, whether the stage's answer is right.
        tau: The threshold.
        strict: Whether a confidence has to be above it, or may be at it.

    Returns:
        Its figures. ECE is taken over ten bins of equal width, `[0, .1]`, then `(.1, .2]` and so
        on, weighted by their items (Naeini et al. 2015, AAAI). `auroc` is `None` where all are
        right or all are wrong (`one_class` says which), and every figure where nothing reaches
        the gate.

    Raises:
        InputError: The arrays differ in length, or a confidence is not from 0 to 1.
    """
    values, correct = np.asarray(confidence, dtype=float), np.asarray(right, dtype=bool)
    known = ~np.isnan(values)
    _check(values, correct, known)
    with np.errstate(invalid="ignore"):
        accepted = values > tau if strict else values >= tau
    bins = tuple(_bins(values[known], correct[known]))
    return Health(
        stage=stage,
        items=len(values),
        tau=tau,
        accept_rate=_mean(accepted),
        accuracy_accepted=_mean(correct[accepted]),
        accuracy_rejected=_mean(correct[~accepted]),
        auroc=auroc(np.where(known, values, -1.0), correct),
        ece=_ece(bins),
        brier=_mean((values[known] - correct[known]) ** 2),
        bins=bins,
    )


def auroc(score: Floats, right: Bools) -> float | None:
    """Give the chance that a right item has a higher score than a wrong one, ties as one half.

    It is the Mann-Whitney statistic over the number of pairs, from ranks in O(k log k).

    Args:
        score: (k,) float, no NaN.
        right: (k,) bool.

    Returns:
        0 to 1; `None` where all are right or all are wrong.
    """
    good = int(right.sum())
    pairs = good * (len(right) - good)
    if not pairs:
        return None
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # of equals: the mean of their places
    return float((ranks[right].sum() - good * (good + 1) / 2) / pairs)


def one_class(health: Health) -> OneClass | None:
    """Say whether all answers at a gate are right, or all wrong; `None` for both kinds or none."""
    if health.auroc is not None or not health.items:
        return None
    some = health.accuracy_accepted if health.accept_rate else health.accuracy_rejected
    return "right" if some else "wrong"


def _check(values: Floats, correct: Bools, known: Bools) -> None:
    if values.ndim != 1 or values.shape != correct.shape:
        msg = (
            f"A gate's health needs one confidence and one outcome an item, not arrays of "
            f"{values.shape} and {correct.shape}."
        )
        raise InputError(msg)
    outside = values[known & ~((values >= 0) & (values <= 1))]
    if len(outside):
        msg = f"A confidence is from 0 to 1, not {outside[0]}: give NaN where there is none."
        raise InputError(msg)


def _bins(values: Floats, correct: Bools) -> list[Bin]:
    edges = np.arange(BINS + 1) / BINS
    # The upper edge belongs to a bin, so that shares like 1/2 stand below the next tenth.
    place = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, BINS - 1)
    return [
        Bin(
            low=float(low),
            high=float(high),
            items=int((place == index).sum()),
            confidence=_mean(values[place == index]),
            accuracy=_mean(correct[place == index]),
        )
        for index, (low, high) in enumerate(pairwise(edges))
    ]


def _ece(bins: tuple[Bin, ...]) -> float | None:
    items = sum(one.items for one in bins)
    if not items:
        return None
    gaps = (
        one.items * abs(one.confidence - one.accuracy)
        for one in bins
        if one.confidence is not None and one.accuracy is not None
    )
    return sum(gaps) / items


def _mean(values: Floats | Bools) -> float | None:
    return float(values.mean()) if len(values) else None
