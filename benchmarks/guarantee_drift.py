"""How often a watched gate warns although nothing changed, and how soon where something did."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import inf

import numpy as np

from benchmarks.guarantee_population import Floats, Population, table
from cope_graph.calibration import DriftWatch, Thresholds, calibrate

BLOCK = 100
"""Runs between two looks of the plain test beside it."""


@dataclass(frozen=True)
class Watched:
    """What came of watching.

    Attributes:
        alarms: Share of the trials with an alarm, ours.
        repeated: The same of a z-test of the accept rate at 5 %, looked at every 100 runs.
        delay: Median runs from the change to the alarm; infinite where most had none.
    """

    alarms: float
    repeated: float
    delay: float


def watched(  # noqa: PLR0913 - what a trial is made of
    whole: Population, after: Population, *, items: int, before: int, runs: int, trials: int
) -> Watched:
    """Watch runs of one population, then of another.

    Args:
        whole: Which the calibration items and the first runs are of.
        after: Which the others are of.
        items: Of the calibration.
        before: Runs of `whole`.
        runs: All of them.
        trials: How often, each with its own calibration.
    """
    logging.getLogger("cope_graph").setLevel(logging.ERROR)
    delays, repeated = [], 0
    for trial in range(trials):
        lot = np.random.default_rng([trial, items, before])
        index = lot.integers(len(whole.large), size=items)
        thresholds = calibrate(table(whole, index), max_loss=0.02, seed=trial).thresholds
        first = whole.confidence[0][lot.integers(len(whole.large), size=before)]
        then = after.confidence[0][lot.integers(len(after.large), size=runs - before)]
        seen = np.concatenate([first, then])
        tau = thresholds.tau1
        at = _alarm(thresholds, seen)
        delays.append(at - before if before < at < inf else (inf if at == inf else -1.0))
        repeated += _looked_at(whole.confidence[0][index] > tau, seen > tau)
    logging.getLogger("cope_graph").setLevel(logging.NOTSET)
    late = [delay for delay in delays if delay >= 0]
    alarms = sum(delay < inf for delay in delays) / trials
    return Watched(alarms, repeated / trials, float(np.median(late)) if late else inf)


def _alarm(thresholds: Thresholds, confidences: Floats) -> float:
    watch = DriftWatch(thresholds)
    for run, confidence in enumerate(confidences.tolist(), 1):
        accepted = confidence > thresholds.tau1
        if watch.add(accepted=accepted, agreement=confidence).drifted:
            return run
    return inf


def _looked_at(record: np.ndarray, runs: np.ndarray) -> bool:
    """Compare two rates at 5 % after every block, as one would by eye."""
    p, size = record.mean(), len(record)
    for end in range(BLOCK, len(runs) + 1, BLOCK):
        rate = runs[:end].mean()
        both = (p * size + rate * end) / (size + end)
        error = (both * (1 - both) * (1 / size + 1 / end)) ** 0.5
        if error and abs(rate - p) / error > 1.96:
            return True
    return False
