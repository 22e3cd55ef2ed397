"""Settings of a run from what a command line says over a preset."""

from __future__ import annotations

from typing import Any, Final

from cope_graph.context import CopeContext

WITH_BUDGET: Final = {"max_plan_tokens": 256, "max_answer_tokens": 2048}
"""The limits on replies that a budget needs, where nothing else is set."""


def settings_of(preset: CopeContext, *, limited: bool, **given: Any) -> CopeContext:
    """Put what was given over a preset.

    Args:
        preset: The pair's.
        limited: Whether a budget in USD holds, for which replies need limits.
        **given: Settings by name; `None` is not given.
    """
    settings = preset.model_dump()
    settings |= {name: value for name, value in given.items() if value is not None}
    if limited:
        settings |= {name: most for name, most in WITH_BUDGET.items() if settings[name] is None}
    return CopeContext.model_validate(settings)
