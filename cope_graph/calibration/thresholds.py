"""Calibrated thresholds: what was shown, on what, for which schedule; a small JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError

from cope_graph.calibration.schedule import Schedule, check_schedule, differences
from cope_graph.calibration.shown import Origin, Reference, Shown, Target, Tau
from cope_graph.context import describe
from cope_graph.errors import InputError
from cope_graph.state import Stage

VERSION: Final = 1


@dataclass(frozen=True)
class Thresholds:
    """Thresholds that `create_cope(thresholds=...)` reads, and what stands behind them.

    Attributes:
        schedule: What they are for. Under another one they mean nothing.
        tau1: Stage 1 accepts above it. With a quorum it is the same as the quorum: above
            `(quorum - 1) / voters`.
        tau2: Stage 2 accepts above it; `None` without stage 2.
        strict: Whether "above" excludes the threshold itself.
        target: What was asked for.
        shown: What the items say.
        origin: What they were made of.
        reference: For watching drift; `None` in a file without.
        platt: What `Platt.to_json()` gave, by stage: from a confidence to P(correct).
        version: Of the file's form.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    schedule: Schedule
    tau1: Tau
    tau2: Tau | None
    target: Target
    shown: Shown
    origin: Origin
    strict: bool = True
    reference: Reference | None = None
    platt: dict[str, dict[str, JsonValue]] | None = None
    version: Literal[1] = VERSION

    def settings(self) -> dict[str, Any]:
        """Give the fields of `CopeContext` that they fix.

        A quorum stands in place of thresholds. One that nothing was shown for can't be said by a
        quorum: then the large model answers alone.
        """
        schedule = self.schedule
        fixed: dict[str, Any] = {"n": schedule.n, "small_plan": schedule.small_plan}
        if schedule.quorum is not None:
            accepts = self.tau1 < 1
            stages: tuple[Stage, ...] = schedule.stages if accepts else (3,)
            return {**fixed, "stages": stages, "quorum": schedule.quorum}
        tau2 = {} if self.tau2 is None else {"tau2": self.tau2}
        taus = {"tau1": self.tau1, **tau2, "strict": self.strict}
        return {**fixed, "stages": schedule.stages, **taus}

    def save(self, path: str | Path) -> None:
        """Write them as JSON, a small file for people and `read_thresholds`."""
        content = {"version": self.version, **asdict(self)}
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")


_FILE: Final = TypeAdapter(Thresholds)


def read_thresholds(source: str | Path | Mapping[str, Any]) -> Thresholds:
    """Read thresholds, strictly.

    Args:
        source: A file that `save` wrote, or its content.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    name = "The mapping" if isinstance(source, Mapping) else str(source)
    try:
        content = json.dumps(source) if isinstance(source, Mapping) else Path(source).read_bytes()
        read = _FILE.validate_json(content, strict=True)
    except OSError as error:
        msg = f"The thresholds {name} cannot be read: {error.strerror}. Run cope calibrate."
        raise InputError(msg) from error
    except ValidationError as error:
        msg = f"{name} holds no thresholds of cope calibrate: {describe(error)}"[:500]
        raise InputError(msg) from error
    except TypeError as error:
        msg = f"{name} holds no thresholds of cope calibrate: {error}."
        raise InputError(msg) from error
    check_schedule(read.schedule)
    if (read.tau2 is None) == (2 in read.schedule.stages):  # noqa: PLR2004
        msg = f"{name} has tau2 where stage 2 does not run, or none where it does: calibrate anew."
        raise InputError(msg)
    return read


def check_fits(thresholds: Thresholds, used: Schedule, *, strict: bool = True) -> None:
    """Refuse thresholds of another schedule than the one in use.

    Raises:
        InputError: A model, n, the stages, the plans, the quorum or the comparison differ.
    """
    wrong = differences(thresholds.schedule, used)
    if strict != thresholds.strict:
        wrong.append(f"strict was {thresholds.strict} and is {strict}")
    if wrong:
        msg = (
            f"The thresholds were calibrated for something else: {'; '.join(wrong)}. Run what was "
            "calibrated, or calibrate anew on records of what you run (cope calibrate)."
        )
        raise InputError(msg)
