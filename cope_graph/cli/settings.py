"""Settings of a run from what a command line says over a preset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cope_graph.calibration.fits import left_free, settings_under
from cope_graph.calibration.thresholds import Thresholds
from cope_graph.context import CopeContext
from cope_graph.environment import prices_of
from cope_graph.money.prices import Price, given_prices

WITH_BUDGET: Final = {"max_plan_tokens": 256, "max_answer_tokens": 2048}
"""The limits on replies that a budget needs, where nothing else is set."""


def settings_of(preset: CopeContext, *, limited: bool, **given: Any) -> CopeContext:
    """Put what was given over a preset.

    Args:
        preset: The pair's.
        limited: Whether a budget in USD holds, for which replies need limits.
        **given: Settings by name; `None` is not given.
    """
    settings = preset.model_dump(exclude_unset=True)  # what is unset may be fixed elsewhere
    settings |= {name: value for name, value in given.items() if value is not None}
    if limited:
        settings |= {name: most for name, most in WITH_BUDGET.items() if settings.get(name) is None}
    return CopeContext.model_validate(settings)


def beside(thresholds: Thresholds | None, preset: CopeContext) -> CopeContext:
    """Leave to thresholds what of the preset they fix."""
    return preset if thresholds is None else left_free(thresholds, preset)


def whole(
    settings: CopeContext, models: str | Sequence[str], thresholds: Thresholds | None
) -> CopeContext:
    """Say what is drawn, for the records too, where the command line does not."""
    if thresholds is not None:
        return settings_under(thresholds, settings)
    if isinstance(models, str) or "n" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"n": len(models)})


def prices_given(
    models: str | Sequence[str], small: str | None, large: str | None
) -> dict[str, Price]:
    """Read the prices, of several small models by name."""
    if small is None or isinstance(models, str):
        return given_prices({"small": small, "large": large})
    return {**prices_of(models, small), **given_prices({"large": large})}


def planned(preset: CopeContext, *, plans: bool | None) -> CopeContext:
    """Turn plans on or off in a preset."""
    if plans is None:
        return preset
    how: dict[str, Any] = {"small_plan": "none", "stages": (1, 3)}
    if plans:
        how = {"small_plan": "goal", "stages": (1, 2, 3)}
    return preset.model_copy(update=how)
