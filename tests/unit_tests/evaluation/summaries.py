"""Summaries to show, as small as what a test looks at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cope_graph.evaluation.replaying.summary import (
    BreakEven,
    Grid,
    Health,
    Interval,
    Method,
    Point,
    Resolved,
    Summary,
)

TAUS = tuple(round(0.05 * step, 2) for step in range(20))


def interval(value: float, half: float = 0.01) -> Interval:
    return Interval(value, value - half, value + half)


def method(name: str, accuracy: float, usd: float | None, **changes: Any) -> Method:
    made = Method(
        name=name,
        what="what it does",
        accuracy=interval(accuracy),
        difference=None if name == "large" else interval(accuracy - 0.75),
        usd=usd,
        share=None if usd is None else usd / 0.005,
        usd_by_role={"plan": 0.0001, "execute": usd, "judge": 0.0},
        usd_by_stage={1: 0.0, 2: 0.0002, 3: usd},
        tokens=1234.4,
        tokens_by_role={"plan": 100.0, "execute": 1134.4, "judge": 0.0},
        tokens_by_stage={1: 500.0, 2: 300.0, 3: 434.4},
        large_tokens=434.4,
        resolved={1: Resolved(0.4, 0.84), 2: Resolved(0.0, None), 3: Resolved(0.6, 0.7)},
        p50_s=1.234,
        p95_s=None,
        samples=9.3,
    )
    return replace(made, **changes)


def health(stage: int = 1, **changes: Any) -> Health:
    made = Health(stage, 500, 0.75, 0.5, 0.95, 0.3, 0.7, 0.05, 0.16, ())
    return replace(made, **changes)


def summary(**changes: Any) -> Summary:
    """Make one without anything to warn of."""
    cells = tuple(tuple(0.7 + (i + j) / 1000 for j in range(20)) for i in range(20))
    made = Summary(
        title="COPE on sums",
        task="math",
        data="sums.jsonl",
        models={"small": "tiny", "large": "huge"},
        n=8,
        tau1=0.75,
        tau2=0.5,
        strict=True,
        seed=0,
        items=500,
        excluded={},
        methods=(
            method("small vote", 0.65, 0.0001),
            method("large", 0.75, 0.005),
            method("plan-free vote cascade", 0.74, 0.003),
            method("COPE", 0.755, 0.0027),
        ),
        health=(health(1), health(2, items=250, tau=0.5)),
        grid=Grid(TAUS, TAUS, cells, cells, cells),
        frontier=(
            Point(0.75, 0.5, 8, "COPE", interval(0.755), 0.0027, 0.54, 900, (0.5, 0.2, 0.3)),
        ),
        break_even=BreakEven(0.5, 0.25, pays=True, usd_stage2=0.001, usd_saved=0.004),
        baseline="large",
        words=(),
    )
    return replace(made, **changes)
