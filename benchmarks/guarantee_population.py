"""A made-up population of items, large enough that its losses are the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cope_graph.calibration import Alone, Schedule, StageOutcomes, StageTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

SIZE = 200_000
N = 8
USD_LARGE, USD_SMALL, USD_PLAN = 0.005, 0.0006, 0.0015


@dataclass(frozen=True)
class Population:
    """Every item's outcome at each stage.

    Attributes:
        name: For tables.
        confidence: Of stages 1 and 2, (2, items).
        right: Of stages 1 and 2, (2, items).
        right3: Of stage 3 under a plan; `None`: the large model alone.
        large: Whether the large model alone is right.
    """

    name: str
    confidence: Floats
    right: Bools
    right3: Bools | None
    large: Bools

    @property
    def stages(self) -> int:
        """How many small stages run: without a plan for stage 3 there is none for stage 2."""
        return 1 if self.right3 is None else 2


def population(  # noqa: PLR0913 - the laws that items come from
    name: str, seed: int, *, skill: float, herd: float, plans: bool, large: float = 0.92
) -> Population:
    """Make one.

    Args:
        name: For tables.
        seed: Of all lots.
        skill: First parameter of the beta law of a sample's chance to be right.
        herd: Which part of the wrong samples says the same, on average.
        plans: Whether stage 2 runs, and stage 3 under a plan.
        large: How often the large model is right at most, on easy items.
    """
    lot = np.random.default_rng(seed)
    chance = lot.beta(skill, 1.0, SIZE)
    alike = lot.beta(8 * herd, 8 * (1 - herd), SIZE)
    looks = [_vote(lot, chance, alike), _vote(lot, np.minimum(1, chance + 0.1), alike)]
    right = lot.random(SIZE) < large * (0.55 + 0.45 * chance**0.5)
    third = np.where(lot.random(SIZE) < 0.03, lot.random(SIZE) < 0.5, right) if plans else None
    confidence, answers = zip(*looks, strict=True)
    return Population(name, np.array(confidence), np.array(answers), third, right)


def _vote(lot: np.random.Generator, chance: Floats, alike: Floats) -> tuple[Floats, Bools]:
    """Draw n samples an item: right ones, wrong ones that agree, and wrong ones that don't."""
    right = lot.binomial(N, chance)
    herd = lot.binomial(N - right, alike)
    top = np.maximum(np.maximum(right, herd), 1)
    return top / N, (right > herd) | ((right == herd) & (lot.random(SIZE) < 0.5))


def table(whole: Population, index: Ints) -> StageTable:
    """Give the outcomes of some of its items, as a bench would record them."""
    size = len(index)
    stages = range(1, whole.stages + 1)
    plan = {1: 0.0, 2: USD_PLAN}
    small = {
        stage: StageOutcomes(
            whole.confidence[stage - 1][index],
            whole.right[stage - 1][index],
            np.full(size, USD_SMALL + plan[stage]),
        )
        for stage in stages
    }
    names = tuple(f"item {place:07d}" for place in range(size))
    alone = Alone(names, whole.large[index], np.full(size, USD_LARGE))
    planned = whole.right3 is not None
    schedule = Schedule(
        ("small",), "large", N, (1, 2, 3) if planned else (1, 3), "goal" if planned else "none"
    )
    right3 = None if whole.right3 is None else whole.right3[index]
    usd3 = np.full(size, USD_LARGE) if planned else None
    return StageTable(schedule, alone, small, right3, usd3)


def grid(whole: Population) -> Iterator[tuple[float, float | None]]:
    """Give every pair of thresholds."""
    taus = [count / N for count in range(N, -1, -1)]
    for tau1 in taus:
        yield from ((tau1, tau2) for tau2 in (taus if whole.stages > 1 else (None,)))


def outcome(
    whole: Population, tau1: float, tau2: float | None, index: Ints | slice = slice(None)
) -> tuple[float, float]:
    """Give mean loss and USD of some items at two thresholds, counted the plain way."""
    passed = whole.confidence[0][index] > tau1
    large = whole.large[index]
    third = large if whole.right3 is None else whole.right3[index]
    usd = np.full(len(large), USD_LARGE)
    if tau2 is not None:
        passed2 = whole.confidence[1][index] > tau2
        third = np.where(passed2, whole.right[1][index], third)
        usd = USD_SMALL + USD_PLAN + np.where(passed2, 0.0, usd)
    right = np.where(passed, whole.right[0][index], third)
    paid = USD_SMALL + np.where(passed, 0.0, usd)
    return float(large.mean() - right.mean()), float(paid.mean())
