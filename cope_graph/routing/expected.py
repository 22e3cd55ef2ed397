"""What a run is expected to cost from each stage on, and where it is cheapest to begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cope_graph.state import Stage


@dataclass(frozen=True)
class Costs:
    """Means over recorded runs: expectations, so floats; what is paid stays decimal.

    Attributes:
        stage1: USD of stage 1, plans included.
        stage2: USD of stage 2 with the large model's plan; `None` where there is no stage 2.
        stage3: USD of stage 3; `None` where there is no stage 3.
        accepts2: Share of its questions that stage 2 accepts; `None` where there is no stage 2.
    """

    stage1: float
    stage2: float | None
    stage3: float | None
    accepts2: float | None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages it knows."""
        return tuple(self._usd())

    def expected(self, p_accept: float) -> dict[Stage, float]:
        """Give the expected USD of a run by the stage it begins at.

        Args:
            p_accept: The probability that stage 1 accepts.
        """
        return by_start(self.stages, self._usd(), {1: p_accept, 2: self.accepts2 or 0.0})

    def _usd(self) -> dict[Stage, float]:
        known: dict[Stage, float | None] = {1: self.stage1, 2: self.stage2, 3: self.stage3}
        return {stage: usd for stage, usd in known.items() if usd is not None}


def by_start(
    stages: Sequence[Stage], usd: Mapping[Stage, float], passes: Mapping[Stage, float]
) -> dict[Stage, float]:
    """Add up a run's cost by the stage it begins at: c1 + (1 - p1) (c2 + (1 - p2) c3), and so on.

    Args:
        stages: Those that run, in order.
        usd: What each costs.
        passes: The probability that each accepts, or 0 and 1 where that is known. The last one's
            does not matter: nothing follows.
    """
    costs: dict[Stage, float] = {}
    rest = 0.0
    for stage in reversed(stages):
        rest = usd[stage] + (1 - passes.get(stage, 1.0)) * rest
        costs[stage] = rest
    return {stage: costs[stage] for stage in stages}


def cheapest(costs: Mapping[Stage, float]) -> Stage:
    """Name the stage where it is cheapest to begin; the earliest of equals."""
    return min(costs, key=lambda stage: (costs[stage], stage))
