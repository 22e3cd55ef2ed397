"""Made-up outcomes of a cascade, by a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from cope_graph.calibration import Alone, Schedule, StageOutcomes, StageTable, VoterTable

N = 8


def table(items: int, seed: int = 0, *, plans: bool = False, **changed: Any) -> StageTable:
    """Make outcomes: the more samples agree, the likelier they are right."""
    lot = np.random.default_rng(seed)
    chance = lot.beta(1.2, 1.0, items)
    right = lot.random(items) < 0.9 * (0.6 + 0.4 * chance)
    small = {stage: _stage(lot, chance, stage) for stage in ((1, 2) if plans else (1,))}
    given: dict[str, Any] = {
        "schedule": schedule(plans=plans),
        "alone": Alone(names(items), right, np.full(items, 0.01)),
        "small": small,
    }
    if plans:
        given |= {"right3": right ^ (lot.random(items) < 0.01), "usd3": np.full(items, 0.01)}
    return StageTable(**(given | changed))


def _stage(lot: np.random.Generator, chance: Any, stage: int) -> StageOutcomes:
    confidence = lot.binomial(N, chance) / N
    right = (lot.random(len(chance)) < confidence**0.7) & (confidence > 0)
    return StageOutcomes(confidence, right, np.full(len(chance), 0.001 * stage))


def schedule(*, plans: bool = False, n: int = N) -> Schedule:
    if plans:
        return Schedule(("small",), "large", n)
    return Schedule(("small",), "large", n, (1, 3), "none")


def names(items: int) -> tuple[str, ...]:
    return tuple(f"item {index}" for index in range(items))


def voters(items: int, seed: int = 0, **changed: Any) -> VoterTable:
    """Make four voters, each a little better and dearer than the one before."""
    lot = np.random.default_rng(seed)
    hard = lot.random(items)
    right = np.array([lot.random(items) > hard * (0.6 - 0.1 * place) for place in range(4)]).T
    wrong = lot.integers(1, 4, size=(items, 4))
    given: dict[str, Any] = {
        "voters": ("a", "b", "c", "d"),
        "large": "large",
        "alone": Alone(names(items), lot.random(items) > 0.1 * hard, np.full(items, 0.01)),
        "groups": np.where(right, 0, wrong),
        "right": right,
        "usd": np.tile([0.0001, 0.0002, 0.0004, 0.0008], (items, 1)),
    }
    return VoterTable(**(given | changed))
