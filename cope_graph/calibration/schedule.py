"""What thresholds were calibrated for: models, samples, stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import ConfigDict

from cope_graph.errors import InputError
from cope_graph.state import Stage

SmallPlan = Literal["goal", "guideline", "none"]


@dataclass(frozen=True)
class Schedule:
    """Who is asked in which order, how often, and in which stages.

    Attributes:
        small: Names of the small models: one, or the voters of a quorum in the order in which
            they are asked.
        large: Name of the large model.
        n: Samples in stages 1 and 2; the number of voters, where there are several.
        stages: Which stages run.
        small_plan: What the small planner writes.
        quorum: How many of several voters have to agree; `None` with one small model.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    small: tuple[str, ...]
    large: str
    n: int
    stages: tuple[Stage, ...] = (1, 2, 3)
    small_plan: SmallPlan = "goal"
    quorum: int | None = None

    def __str__(self) -> str:
        """Say it in a few words."""
        who = self.small[0] if len(self.small) == 1 else " > ".join(self.small)
        stages = ", ".join(str(stage) for stage in self.stages)
        plans = "" if self.small_plan == "none" else f", {self.small_plan}s"
        if self.quorum is not None:
            return f"{self.quorum} of up to {len(self.small)} agree ({who}), else {self.large}"
        return f"{who} x{self.n}{plans}, else {self.large} (stages {stages})"


def check_schedule(schedule: Schedule) -> None:
    """Refuse a schedule that no run can follow.

    Raises:
        InputError: A model is named twice, a quorum can't be reached, a stage is missing.
    """
    small, quorum = schedule.small, schedule.quorum
    if not small or len({*small, schedule.large}) != len(small) + 1:
        msg = f"A schedule asks each model once: {[*small, schedule.large]}. Name it once."
        raise InputError(msg)
    if quorum is not None and not 1 <= quorum <= len(small):
        msg = f"A quorum of {quorum} can't be reached by {len(small)} voters: take fewer, or more."
        raise InputError(msg)
    if (quorum is None) == (len(small) > 1) or (quorum is not None and schedule.n != len(small)):
        msg = "Several small models need a quorum, and n is how many they are; one needs none."
        raise InputError(msg)
    if schedule.stages[-1:] != (3,) or list(schedule.stages) != sorted(set(schedule.stages)):
        msg = f"Thresholds are for stages in order that end at 3, not {list(schedule.stages)}."
        raise InputError(msg)


def differences(calibrated: Schedule, used: Schedule) -> list[str]:
    """Name what is not as it was calibrated, each with both values."""
    was, is_now = asdict(calibrated), asdict(used)
    return [
        f"{name} was {shown(was[name])} and is {shown(is_now[name])}"
        for name in was
        if was[name] != is_now[name]
    ]


def shown(value: object) -> str:
    """Write a value of a setting for people."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(str(one) for one in value) + "]"
    return "none" if value is None else str(value)
