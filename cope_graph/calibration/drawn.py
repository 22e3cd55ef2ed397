"""How outcomes were drawn, beside their schedule: the task, the plans' form, the temperatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Required

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None


class Drawn(TypedDict, total=False):
    """What a schedule's outcomes were drawn under, as far as it plays a part there.

    All but `task` are fields of `CopeContext`. Limits on tokens are not among them: a budget may
    need some, and a reply that is cut off has no answer.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    task: Required[str]
    """Name of the family of questions."""
    large_plan: Literal["guideline", "goal"]
    temperature_small_plan: Temperature
    temperature_stage1: Temperature
    temperature_large_plan: Temperature
    temperature_stage2: Temperature
    temperature_stage3: Temperature


def drawn_under(
    task: str, settings: Mapping[str, Any], stages: Sequence[int], small_plan: str
) -> Drawn:
    """Say what a schedule of a bench was drawn under.

    Args:
        task: Name of the bench's task.
        settings: The bench's; one that is not there is not known.
        stages: Of the schedule.
        small_plan: Of the schedule.
    """
    found: Drawn = {"task": task}
    if 1 in stages and small_plan != "none" and "temperature_small_plan" in settings:
        found["temperature_small_plan"] = settings["temperature_small_plan"]
    if 1 in stages and "temperature_stage1" in settings:
        found["temperature_stage1"] = settings["temperature_stage1"]
    if 2 in stages:  # noqa: PLR2004
        found["large_plan"] = "guideline"  # of every arm with a stage 2
        if "temperature_large_plan" in settings:
            found["temperature_large_plan"] = settings["temperature_large_plan"]
        if "temperature_stage2" in settings:
            found["temperature_stage2"] = settings["temperature_stage2"]
    if "temperature_stage3" in settings:
        found["temperature_stage3"] = settings["temperature_stage3"]
    return found
