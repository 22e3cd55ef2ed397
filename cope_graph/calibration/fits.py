"""Whether thresholds fit what runs: settings of a graph and of a run, beside what they fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cope_graph.calibration.schedule import differences, shown
from cope_graph.calibration.thresholds import Thresholds, misfit, read_thresholds
from cope_graph.context import CopeContext
from cope_graph.errors import InputError, ThresholdsError

_LOSSY: Final = "early_stop='beta-binomial' may decide otherwise than all samples, 'exact' may not"


def thresholds_of(given: object) -> Thresholds:
    """Read what a graph is given: thresholds, their file, or its content.

    Raises:
        InputError: It is none of these, or cannot be read.
    """
    if isinstance(given, Thresholds):
        return given
    if isinstance(given, str | Path | Mapping):
        return read_thresholds(given)
    msg = (
        f"{given!r:.60} is no thresholds: pass the file that cope calibrate wrote, or "
        "calibrate(...).thresholds."
    )
    raise InputError(msg)


def settings_under(
    thresholds: Thresholds, defaults: CopeContext, wrong: Sequence[str] = ()
) -> CopeContext:
    """Put what thresholds fix over a graph's defaults.

    Args:
        thresholds: The calibrated ones.
        defaults: Of the graph; what they leave unset is free to be fixed.
        wrong: What else does not fit, for the same error.

    Raises:
        ThresholdsError: The defaults set something otherwise than it was calibrated.
    """
    fixed, schedule = thresholds.settings(), thresholds.schedule
    set_otherwise = [
        f"{name} was {shown(value)} and is {shown(getattr(defaults, name))}"
        for name, value in fixed.items()
        if name in defaults.model_fields_set
        # Where nothing was shown a quorum's stages are fewer than those that were calibrated.
        and getattr(defaults, name) not in (value, getattr(schedule, name, value))
    ]
    if defaults.early_stop == "beta-binomial":
        set_otherwise.append(_LOSSY)
    if wrong or set_otherwise:
        raise misfit([*wrong, *set_otherwise])
    return defaults.model_copy(update=fixed)


def left_free(thresholds: Thresholds, preset: CopeContext) -> CopeContext:
    """Give what of a preset, which nobody asked for, is left beside thresholds."""
    fixed = thresholds.settings()
    free = {name: value for name, value in _set(preset).items() if name not in fixed}
    return CopeContext.model_validate(free)


def other_models(thresholds: Thresholds, small: Sequence[str], large: str) -> list[str]:
    """Name the models that are not those which were calibrated, each with both names."""
    used = replace(thresholds.schedule, small=tuple(small), large=large)
    return differences(thresholds.schedule, used)


def check_run(thresholds: Thresholds, defaults: CopeContext, settings: CopeContext) -> None:
    """Refuse a run that changes what its graph's thresholds fix, to either side.

    Fewer samples cost less, and a higher threshold passes less: what was shown was not shown for
    them.

    Raises:
        ThresholdsError: It does.
    """
    if settings is defaults:
        return
    changed = [
        f"{name} is {shown(getattr(defaults, name))}, not {shown(getattr(settings, name))}"
        for name in thresholds.settings()
        if getattr(settings, name) != getattr(defaults, name)
    ]
    if settings.early_stop == "beta-binomial":
        changed.append(_LOSSY)
    if changed:
        msg = (
            "The run's context changes what this graph's thresholds were calibrated for: "
            f"{'; '.join(changed)}. Leave it out, or ask a graph without thresholds."
        )
        raise ThresholdsError(msg)


def _set(settings: CopeContext) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.model_fields_set}
