"""Outcomes of every stage on every item, and the paths through its two thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from cope_graph.calibration.drawn import Drawn
from cope_graph.calibration.ladder import (
    Alone,
    Bools,
    Floats,
    Ladder,
    Step,
    digest,
    figures,
    labels,
)
from cope_graph.calibration.paths import Path, chain, levels_of
from cope_graph.calibration.schedule import Schedule, check_schedule
from cope_graph.errors import InputError

_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class StageOutcomes:
    """What one of the small model's stages made of every item, all its samples drawn.

    Attributes:
        confidence: As the gate saw it, 0 to 1, (items,); 0 without a readable answer.
        right: Whether its answer is right, (items,); `False` without one.
        usd: What the stage costs, plans included, (items,).
    """

    confidence: Floats
    right: Bools
    usd: Floats


@dataclass(frozen=True)
class StageTable:
    """Outcomes of all stages of one schedule: what its thresholds are calibrated on.

    Attributes:
        schedule: What ran.
        alone: The large model alone on the same items.
        small: Stage 1 and, where it runs, stage 2.
        right3: Whether stage 3's answer is right, (items,); `None`: stage 3 is the large model
            alone (no plan is handed to it), and `alone` says it.
        usd3: What stage 3 costs, (items,); `None` as above.
        votes: Whether confidences are shares of n samples. Else they are scores from 0 to 1.
        drawn: What they were drawn under, where that is known.
    """

    schedule: Schedule
    alone: Alone
    small: Mapping[int, StageOutcomes]
    right3: Bools | None = None
    usd3: Floats | None = None
    votes: bool = True
    drawn: Drawn | None = None

    def __post_init__(self) -> None:
        """Refuse outcomes that don't fit the schedule.

        Raises:
            InputError: A stage, a label or a number is missing or impossible.
        """
        check_schedule(self.schedule)
        stages = (*sorted(self.small), 3)
        if stages != self.schedule.stages or self.schedule.quorum is not None:
            msg = (
                f"The outcomes are of stages {list(stages)} and the schedule has "
                f"{list(self.schedule.stages)}: give every stage's (voters go in a VoterTable)."
            )
            raise InputError(msg)
        if len(stages) == 1 or (self.right3 is None) != (self.usd3 is None):
            msg = "Give outcomes of a small stage, and right3 and usd3 both or neither."
            raise InputError(msg)
        items = self.alone.items
        read = {stage: _read(stage, given, items) for stage, given in self.small.items()}
        object.__setattr__(self, "small", read)
        if self.right3 is not None:
            object.__setattr__(self, "right3", labels("stage 3", self.right3, items))
            object.__setattr__(self, "usd3", figures("stage 3's USD", self.usd3, items))
        _check_levels(self)
        check_classes([one.right for one in read.values()])

    def ladders(self) -> tuple[Ladder, ...]:
        """Give the paths: three through two thresholds, one through one."""
        paths = get_args(Path) if len(self.small) > 1 else ("stage 1 first",)
        return tuple(_ladder(self, path) for path in paths)

    def fingerprint(self) -> str:
        """Name the data by what is in it."""
        outcomes = [a for one in self.small.values() for a in (one.confidence, one.right, one.usd)]
        third = [] if self.right3 is None or self.usd3 is None else [self.right3, self.usd3]
        known = [self.alone.right, self.alone.usd, *outcomes, *third]
        return digest(self.alone.items, str(self.schedule), *known)

    def confidences(self) -> Floats:
        """Give the first stage's confidences, which a running gate is held against."""
        return self.small[min(self.small)].confidence


def _read(stage: int, given: StageOutcomes, items: tuple[str, ...]) -> StageOutcomes:
    who = f"stage {stage}"
    return StageOutcomes(
        figures(f"{who}'s confidence", given.confidence, items, most=1),
        labels(who, given.right, items),
        figures(f"{who}'s USD", given.usd, items),
    )


def _check_levels(table: StageTable) -> None:
    n = table.schedule.n
    for stage, outcomes in table.small.items():
        counts = outcomes.confidence * n
        off = ~np.isclose(counts, np.round(counts), atol=1e-6)
        if table.votes and off.any():
            index = int(off.argmax())
            msg = (
                f"Stage {stage}'s confidence of item {table.alone.items[index]!r} is "
                f"{outcomes.confidence[index]:g}, no share of {n} samples: it was recorded under "
                "another n or cut short; draw all samples, or give votes=False for a score."
            )
            raise InputError(msg)


def check_classes(right: list[Bools]) -> None:
    """Refuse labels of one class: nothing tells a right answer from a wrong one.

    Raises:
        InputError: All of the small models' answers are right, or all wrong.
    """
    every = np.concatenate(right)
    if every.all() or not every.any():
        kind = "right" if every.all() else "wrong"
        msg = (
            f"All {len(every)} answers of the small stages are labelled {kind}: thresholds are "
            "learnt from answers of both kinds. Check the labels, or add items of the other kind."
        )
        raise InputError(msg)


def _ladder(table: StageTable, path: Path) -> Ladder:
    """Play the path on all items at once."""
    taus = levels_of(table.schedule.n, votes=table.votes)
    last_right = table.alone.right if table.right3 is None else table.right3
    last_usd = table.alone.usd if table.usd3 is None else table.usd3
    first = table.small[min(table.small)]
    second = table.small[2] if len(table.small) > 1 else None
    shape: Path = "stage 1 first" if second is None else path
    places = chain(shape, len(taus) - 1)
    steps, right, usd, accepted = [], [], [], []
    for a, b in places:
        passed = above(first.confidence, taus[a], votes=table.votes)
        then_right, then_usd = last_right, last_usd
        if second is not None:
            passed2 = above(second.confidence, taus[b], votes=table.votes)
            then_right = np.where(passed2, second.right, last_right)
            then_usd = second.usd + np.where(passed2, 0.0, last_usd)
        steps.append(_step(table, taus[a], None if second is None else taus[b]))
        right.append(np.where(passed, first.right, then_right))
        usd.append(first.usd + np.where(passed, 0.0, then_usd))
        accepted.append(passed)
    exact = table.right3 is None
    arrays = np.array(right), np.array(usd), np.array(accepted)
    return Ladder(table.schedule, shape, tuple(steps), *arrays, exact=exact)


def above(confidence: Floats, tau: float, *, votes: bool = True) -> Bools:
    """Tell which confidences exceed a threshold, as a run does.

    A share of n samples may have lost its last digits on the way; a score is compared as it is.
    """
    passed: Bools = confidence > (tau + _ROUNDING if votes else tau)
    return passed


def _step(table: StageTable, tau: float, tau2: float | None) -> Step:
    if min(table.small) == 1:
        return Step(tau, tau2)
    return Step(1.0, tau)  # stages 2 and 3: stage 1 does not run, its threshold means nothing
