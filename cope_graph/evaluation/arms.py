"""The settings that a bench runs each item under; every method is computed from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cope_graph.context import CopeContext

VOTER: Final = "voter:"
"""How an arm begins that asks a further model alone."""


@dataclass(frozen=True)
class Arm:
    """One setting of the graph.

    Attributes:
        name: Its name in records.
        settings: What it changes in the bench's settings.
        what: What it is drawn for, in a sentence.
    """

    name: str
    settings: Mapping[str, Any]
    what: str


ARMS: Final = (
    Arm(
        "plan_free",
        {"small_plan": "none", "stages": (1, 3)},
        "votes of the small model without plans, and the large model alone",
    ),
    Arm(
        "cope",
        {"small_plan": "goal", "large_plan": "guideline", "stages": (1, 2, 3)},
        "the cascade of the paper",
    ),
    Arm(
        "no_goal",
        {"large_plan": "guideline", "stages": (2, 3)},
        "stages 2 and 3 under the large model's plan alone",
    ),
    Arm(
        "own_plan",
        {"large_plan": "guideline", "stages": (3,), "own_plan": True},
        "the large model with a plan of its own",
    ),
    Arm(
        "guideline",
        {"small_plan": "guideline", "large_plan": "guideline", "stages": (1, 2, 3)},
        "the cascade with guidelines of the small model",
    ),
)
"""The cheapest to draw and the most telling first: a bench that is cut short has those."""

_ALONE: Final[dict[str, Any]] = {"small_plan": "none", "stages": (3,)}


def voter_arm(name: str) -> Arm:
    """Make the arm of a further model: one sample as the small model gives it, without a plan."""
    return Arm(f"{VOTER}{name}", _ALONE, f"one answer of {name}")


def drawn_under(arm: Arm, settings: CopeContext) -> CopeContext:
    """Give the settings that an arm's runs are drawn under: every stage in full.

    Args:
        arm: The arm.
        settings: Of the bench: n, thresholds, temperatures, limits.
    """
    whole: dict[str, Any] = {
        "complete": True,
        "wave": None,
        "early_stop": "off",
        "straggler_s": None,  # a late sample counts
        "last_resort": "abstain",  # a reply without an answer is an outcome, not an error
        "own_plan": False,
        "budget_usd": None,
        "budget_tokens": None,
        "deadline_s": None,
    }
    if arm.name.startswith(VOTER):  # a quorum asks all its voters as the small model is asked
        whole["temperature_stage3"] = settings.temperature_stage1
    return settings.model_copy(update={**whole, **arm.settings})
