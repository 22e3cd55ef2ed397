"""The methods that are compared, as data: which recorded stages each goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cope_graph.errors import InputError
from cope_graph.state import Stage

AGREEMENT: Final = "agreement"
"""Stands for an arm: the voters' answers and one of the small model, counted as one vote."""

Gate = Literal["tau1", "tau2", "knows", "none"]
"""What lets an answer pass: a threshold; whether it is right; or nothing asks, and all pass."""


@dataclass(frozen=True)
class Step:
    """A stage on the way.

    Attributes:
        arm: Whose record of it.
        stage: Which.
        gate: Where it ends.
        one: Whether it is the first sample alone, without a vote.
    """

    arm: str
    stage: Stage
    gate: Gate = "none"
    one: bool = False


@dataclass(frozen=True)
class Path:
    """A method that goes from stage to stage until a gate lets an answer pass.

    Attributes:
        name: In tables.
        what: One sentence of what it does.
        steps: In order; the last one's gate is `"none"`.
    """

    name: str
    what: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Lot:
    """A method that draws lots between two others.

    Attributes:
        name: In tables.
        what: One sentence of what it does.
        path: Taken with probability 1 - r.
        other: Taken with probability r.
        like: r is the share of items that reach stage 3 in this one.
    """

    name: str
    what: str
    path: Path
    other: Path
    like: Path


Method: TypeAlias = Path | Lot


def in_order(order: Sequence[int], name: str = "", what: str = "") -> Path:
    """Make the method that goes through stages in any order.

    A stage is taken from the arm where the same came before it: stage 2 with goals behind stage 1,
    stage 3 under the plan of the stage 2 before it. Stage 1 knows nothing of the others.

    Args:
        order: Some of 1, 2, 3, each once, and nothing behind 3, which has no gate.
        name: In tables.
        what: One sentence of what it does.

    Raises:
        InputError: It is no such order.
    """
    last = len(order) - 1
    known = set(order) <= {1, 2, 3} and len(set(order)) == len(order)
    if not known or not order or 3 in order[:-1]:  # noqa: PLR2004
        msg = f"An order is some of 1, 2, 3, each once, with 3 last, not {list(order)!r:.60}."
        raise InputError(msg)
    steps = []
    for place, stage in enumerate(order):
        gate: Gate = "none" if place == last else ("tau1" if stage == 1 else "tau2")
        steps.append(_step(stage, tuple(order[:place]), gate))
    said = ", ".join(map(str, order))
    return Path(name or f"order {said}", what or f"Stages {said}, in this order.", tuple(steps))


def _step(stage: int, before: tuple[int, ...], gate: Gate) -> Step:
    planned = "cope" if before and before[0] == 1 else "no_goal"
    match stage:
        case 1:
            return Step("cope", 1, gate)
        case 2:
            return Step("cope" if 1 in before else "no_goal", 2, gate)
        case _:
            return Step(planned if 2 in before else "plan_free", 3, gate)  # noqa: PLR2004


COPE: Final = in_order(
    (1, 2, 3), "COPE", "The small model under its own goals, then under a plan, then the large one."
)
SMALL_VOTE: Final = Path(
    "small vote", "The small model's majority answer, without plans.", (Step("plan_free", 1),)
)
LARGE: Final = Path(
    "large", "The large model's answer, without a plan (stage 3 alone).", (Step("plan_free", 3),)
)
PLAN_FREE: Final = Path(
    "plan-free vote cascade",
    "The small model's vote without plans, then the large one, at the same n and tau.",
    (Step("plan_free", 1, "tau1"), Step("plan_free", 3)),
)

METHODS: Final[tuple[Method, ...]] = (
    Path(
        "small x1",
        "The small model's first answer, without a plan.",
        (Step("plan_free", 1, one=True),),
    ),
    SMALL_VOTE,
    LARGE,
    Path(
        "large with its own plan",
        "The large model's answer under a plan that it wrote itself.",
        (Step("own_plan", 3),),
    ),
    PLAN_FREE,
    Path(
        "agreement of several models",
        "Several models answer once each; where they do not agree, the large one does.",
        (Step(AGREEMENT, 1, "tau1"), Step("plan_free", 3)),
    ),
    Lot(
        "random router",
        "Lots send as many items to the large model as reach it in COPE; the rest go to the "
        "small vote.",
        SMALL_VOTE,
        LARGE,
        COPE,
    ),
    Path(
        "oracle",
        "COPE with a gate that knows what is right: no gate can be right more often.",
        (Step("cope", 1, "knows"), Step("cope", 2, "knows"), Step("cope", 3)),
    ),
    COPE,
    in_order((1, 2), "S1+S2", "COPE that ends with the vote of stage 2."),
    in_order((2, 3), "S2+S3", "COPE that begins with the large model's plan."),
    in_order((1, 3), "S1+S3", "COPE without stage 2: the large model answers without a plan."),
    Path(
        "small planner: guideline",
        "COPE whose small planner writes guidelines in place of goals.",
        (Step("guideline", 1, "tau1"), Step("guideline", 2, "tau2"), Step("guideline", 3)),
    ),
    Path(
        "small planner: none",
        "COPE whose small model votes without plans of its own.",
        (Step("plan_free", 1, "tau1"), Step("no_goal", 2, "tau2"), Step("no_goal", 3)),
    ),
    in_order((1,), "stage 1 alone", "The vote of stage 1, under the small model's goals."),
    in_order((2,), "stage 2 alone", "The vote of stage 2, under the large model's plan."),
)
"""All of them, in the order of tables. Stage 3 alone is `"large"`."""
