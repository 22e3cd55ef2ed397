"""A method over all items: where each ends, whether that is right, and what it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cope_graph.evaluation.replaying.bill_lines import ROLES
from cope_graph.evaluation.replaying.methods import Gate, Lot, Method, Path, Step
from cope_graph.evaluation.replaying.outcomes import Bools, Floats, Outcome

STAGES = 3

Outcomes: TypeAlias = Mapping[tuple[str, int, bool], Outcome]
"""By arm, stage, and whether it is the first sample alone."""


@dataclass(frozen=True)
class Thresholds:
    """When a confidence is high enough.

    Attributes:
        tau1: Of stage 1.
        tau2: Of stage 2.
        strict: Whether it has to be above, or may be at it.
    """

    tau1: float
    tau2: float
    strict: bool

    def accepts(self, gate: Gate, outcome: Outcome) -> Bools:
        """Tell whose answer passes a gate, (items,) bool."""
        match gate:
            case "tau1":
                return outcome.accepts(self.tau1, strict=self.strict)
            case "tau2":
                return outcome.accepts(self.tau2, strict=self.strict)
            case "knows":
                return outcome.right
            case "none":
                return np.ones(len(outcome.right), np.bool_)


@dataclass(frozen=True, eq=False)
class Walk:
    """What a method does with each item; shares and chances where it draws lots.

    Attributes:
        right: (items,) float, the chance of a right answer.
        ends: (items, stages) float, the share that ends at each stage.
        right_ends: (items, stages) float, `right` by where it ends.
        usd: (items, stages, roles) float, NaN where a price is unknown.
        tokens: (items, stages, roles) float.
        large: (items,) float, tokens of the large model.
        samples: (items,) float, replies of executors.
        seconds: (items, ways) float, by the ways that lots may fall; NaN where not known.
        chance: (ways,) float, how likely each way is.
        reached: (steps, items) bool, which items come to each step; of a path alone.
    """

    right: Floats
    ends: Floats
    right_ends: Floats
    usd: Floats
    tokens: Floats
    large: Floats
    samples: Floats
    seconds: Floats
    chance: Floats
    reached: Bools | None = None


@dataclass(frozen=True)
class Gap:
    """Why records cannot say what a method does.

    Attributes:
        step: Where it lacks something.
        item: The index of the first item that would come there, `None` where nothing was drawn.
        before: The step before.
    """

    step: Step
    item: int | None = None
    before: Step | None = None


def walk(method: Method, outcomes: Outcomes, thresholds: Thresholds) -> Walk | Gap:
    """Send all items through a method.

    An item whose last stage has no answer keeps that of the stage before, as in the graph; it
    counts as one that ended there all the same.

    Args:
        method: Which.
        outcomes: What was drawn, at the n that is asked for.
        thresholds: Of its gates.
    """
    if isinstance(method, Lot):
        return _lots(method, outcomes, thresholds)
    return _path(method, outcomes, thresholds)


def _path(path: Path, outcomes: Outcomes, thresholds: Thresholds) -> Walk | Gap:
    for step in path.steps:
        if key_of(step) not in outcomes:
            return Gap(step)
    items = len(outcomes[key_of(path.steps[0])].right)
    right, going = np.zeros(items, np.bool_), np.ones(items, np.bool_)
    ends, right_ends = np.zeros((2, items, STAGES))
    usd, tokens = np.zeros((2, items, STAGES, len(ROLES)))
    large, samples, seconds = np.zeros((3, items))
    reached, before = [], None
    for step in path.steps:
        outcome = outcomes[key_of(step)]
        if (missing := going & ~outcome.there).any():
            return Gap(step, int(missing.argmax()), before)
        reached.append(going)
        right = np.where(going & outcome.answered, outcome.right, right)
        # What a path does not come to must not spoil it: NaN times 0 is NaN.
        usd[:, step.stage - 1] += np.where(going[:, None], outcome.bill.usd, 0.0)
        tokens[:, step.stage - 1] += np.where(going[:, None], outcome.bill.tokens, 0.0)
        large += np.where(going, outcome.bill.large, 0.0)
        samples += np.where(going, outcome.samples, 0.0)
        seconds += np.where(going, outcome.seconds, 0.0)
        stops = going & thresholds.accepts(step.gate, outcome)
        ends[:, step.stage - 1] += stops
        right_ends[:, step.stage - 1] += stops & right
        going, before = going & ~stops, step
    return Walk(
        right.astype(float),
        ends,
        right_ends,
        usd,
        tokens,
        large,
        samples,
        seconds[:, None],
        np.ones(1),
        np.array(reached),
    )


def _lots(lot: Lot, outcomes: Outcomes, thresholds: Thresholds) -> Walk | Gap:
    """Mix two paths by the chance of each, exactly: nothing is drawn."""
    found = [_path(path, outcomes, thresholds) for path in (lot.like, lot.path, lot.other)]
    for one in found:
        if isinstance(one, Gap):
            return one
    like, path, other = (one for one in found if isinstance(one, Walk))
    share = float(like.ends[:, STAGES - 1].mean())

    def mixed(one: Floats, another: Floats) -> Floats:
        # Of a way that is never taken nothing has to be known.
        return another if share == 1 else one if share == 0 else (1 - share) * one + share * another

    return Walk(
        mixed(path.right, other.right),
        mixed(path.ends, other.ends),
        mixed(path.right_ends, other.right_ends),
        mixed(path.usd, other.usd),
        mixed(path.tokens, other.tokens),
        mixed(path.large, other.large),
        mixed(path.samples, other.samples),
        np.concatenate([path.seconds, other.seconds], axis=1),
        np.array([1 - share, share]),
    )


def key_of(step: Step) -> tuple[str, int, bool]:
    """Name what a step needs."""
    return step.arm, step.stage, step.one
