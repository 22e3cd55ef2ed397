"""What beginning later would have saved on recorded runs, and how sure that is."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean
from typing import Final, TypeAlias

from cope_graph.routing.calibration import brier, calibration_error
from cope_graph.routing.expected import Costs, by_start, cheapest
from cope_graph.routing.predictor import Predictor, probability
from cope_graph.routing.records import RoutingRecord, check_records, costs_of, digest
from cope_graph.state import Stage

FOLDS: Final = 5
_RESAMPLES: Final = 2_000


@dataclass(frozen=True)
class Evidence:
    """The savings on records that the router's parts were not fitted to, in USD a run.

    Attributes:
        records: How many questions.
        sha256: Of the records.
        seed: Of the folds and the resamples.
        usd_before: Mean cost when every run begins at stage 1.
        usd_after: Mean cost when each begins where it is expected to be cheapest.
        saved: The difference.
        low: Lower end of its 95 % interval, by a paired bootstrap over the questions.
        high: Upper end.
        starts: How many began at stages 1, 2 and 3.
        brier: Mean squared error of the probabilities; 0 is perfect.
        brier_base: That of the base rate for every question: what a useful predictor is below.
        calibration_error: Mean distance between probability and share, over ten bins.
    """

    records: int
    sha256: str
    seed: int
    usd_before: float
    usd_after: float
    saved: float
    low: float
    high: float
    starts: tuple[int, int, int]
    brier: float
    brier_base: float
    calibration_error: float

    @property
    def pays(self) -> bool:
        """Whether the savings are above 0 for all the interval."""
        return self.low > 0

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"saves {self.saved:.3g} USD a run (95 % interval {self.low:.3g} to {self.high:.3g}) "
            f"of {self.usd_before:.3g}, on {self.records} recorded questions"
        )


Maker: TypeAlias = Callable[[Sequence[RoutingRecord]], Predictor]
"""Makes a predictor of records; one that was made elsewhere ignores them."""


@dataclass(frozen=True)
class Crossed:
    """What a router would have done with each record, by parts made of the others.

    Attributes:
        chances: The probability that stage 1 accepts, one a record.
        starts: Where each would have begun.
        before: USD of each when all begin at stage 1.
        after: USD of each when it begins where `starts` says.
    """

    chances: list[float]
    starts: list[Stage]
    before: list[float]
    after: list[float]


def crossed(records: Sequence[RoutingRecord], make: Maker, seed: int) -> Crossed:
    """Route each record by a predictor and costs of the other folds' records.

    What a record's run never paid for (the large model, where stage 1 accepted) counts as the mean
    of the runs that did. These are the harder questions, so that savings are rather understated.

    Raises:
        InputError: The records are too few or alike, or the predictor fails on one.
    """
    check_records(records)
    filled = costs_of(records)
    order = _dealt(records, seed)
    chances, starts = [0.0] * len(records), [filled.stages[0]] * len(records)
    for fold in range(FOLDS):
        held_out = order[fold::FOLDS]
        others = [records[i] for part in range(FOLDS) if part != fold for i in order[part::FOLDS]]
        predict, costs = make(others), costs_of(others)
        for i in held_out:
            chances[i] = probability(predict, records[i].question)
            starts[i] = cheapest(costs.expected(chances[i]))
    paid = [_paid(record, filled) for record in records]
    before = [costs[1] for costs in paid]
    after = [costs[start] for costs, start in zip(paid, starts, strict=True)]
    return Crossed(chances, starts, before, after)


def evidence(records: Sequence[RoutingRecord], make: Maker, seed: int) -> Evidence:
    """Sum up `crossed`, and bound the savings by a bootstrap."""
    found = crossed(records, make, seed)
    saved = [before - after for before, after in zip(found.before, found.after, strict=True)]
    low, high = interval(saved, seed)
    accepted = [record.accepted for record in records]
    return Evidence(
        records=len(records),
        sha256=digest(records),
        seed=seed,
        usd_before=fmean(found.before),
        usd_after=fmean(found.after),
        saved=fmean(saved),
        low=low,
        high=high,
        starts=(found.starts.count(1), found.starts.count(2), found.starts.count(3)),
        brier=brier(found.chances, accepted),
        brier_base=brier([fmean(accepted)] * len(accepted), accepted),
        calibration_error=calibration_error(found.chances, accepted),
    )


def interval(differences: Sequence[float], seed: int) -> tuple[float, float]:
    """Give the 95 % percentile interval of the mean, over resamples of the questions."""
    lot, k = random.Random(seed), len(differences)  # noqa: S311 - no secret
    means = sorted(fmean(lot.choices(differences, k=k)) for _ in range(_RESAMPLES))
    return means[round(0.025 * _RESAMPLES)], means[round(0.975 * _RESAMPLES) - 1]


def _dealt(records: Sequence[RoutingRecord], seed: int) -> list[int]:
    """Order the records so that every FOLDS-th has its share of both kinds, by lot."""
    order = list(range(len(records)))
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    kinds = [[i for i in order if records[i].accepted is kind] for kind in (True, False)]
    return list(chain(*kinds))


def _paid(record: RoutingRecord, mean: Costs) -> dict[Stage, float]:
    """Tell what the question would have cost from each stage on."""
    known = {1: record.usd_stage1, 2: record.usd_stage2, 3: record.usd_stage3}
    means = {1: mean.stage1, 2: mean.stage2, 3: mean.stage3}
    usd: dict[Stage, float] = {}
    for stage in mean.stages:
        paid = known[stage]
        usd[stage] = float(means[stage] or 0.0) if paid is None else float(paid)
    second = mean.accepts2 if record.accepted2 is None else record.accepted2
    return by_start(mean.stages, usd, {1: record.accepted, 2: second or 0.0})
