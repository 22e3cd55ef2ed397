"""Calibrated thresholds: what was shown, on what, for which schedule; a small JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError

from cope_graph.calibration.drawn import Drawn
from cope_graph.calibration.schedule import Schedule, check_schedule, differences
from cope_graph.calibration.shown import Origin, Reference, Shown, Target, Tau
from cope_graph.context import describe
from cope_graph.errors import InputError, ThresholdsError
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
        platt: What `Platt.to_json()` gave, by stage: from a confidence to P(correct). It is an
            estimate; the target does not rest on it.
        drawn: What the outcomes were drawn under; `None` where nobody said.
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
    platt: dict[Literal["1", "2", "3"], dict[str, JsonValue]] | None = None
    drawn: Drawn | None = None
    version: Literal[1] = VERSION

    def settings(self) -> dict[str, Any]:
        """Give the fields of `CopeContext` that they fix.

        A quorum stands in place of thresholds. Where no loss within the target could be shown, and
        where no quorum may accept, the large model answers alone: it loses nothing, and to draw
        samples that can't be accepted, or a plan that nothing was shown for, costs more.
        """
        schedule = self.schedule
        fixed: dict[str, Any] = {
            "n": schedule.n,
            "small_plan": schedule.small_plan,
            "own_plan": False,  # nobody calibrates it
            "quorum": schedule.quorum,
            **{name: value for name, value in (self.drawn or {}).items() if name != "task"},
        }
        stages: tuple[Stage, ...] = (3,) if self.large_alone else schedule.stages
        if schedule.quorum is not None:
            return {**fixed, "stages": stages}
        tau2 = {} if self.tau2 is None else {"tau2": self.tau2}
        taus = {"tau1": self.tau1, **tau2, "strict": self.strict}
        return {**fixed, "stages": stages, **taus}

    @property
    def large_alone(self) -> bool:
        """Whether nothing is left to the small models."""
        unshown = self.target.kind == "max_loss" and not self.shown.certified
        return unshown or (self.schedule.quorum is not None and self.tau1 >= 1)

    def save(self, path: str | Path) -> None:
        """Write them as JSON, a small file for people and `read_thresholds`.

        Raises:
            InputError: The file cannot be written.
        """
        content = {"version": self.version, **asdict(self)}
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        try:
            Path(path).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            msg = (
                f"The thresholds cannot be written to {path}: {error.strerror}. Name another file."
            )
            raise InputError(msg) from error


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
        ThresholdsError: A model, n, the stages, the plans, the quorum or the comparison differ.
    """
    wrong = differences(thresholds.schedule, used)
    if strict != thresholds.strict:
        wrong.append(f"strict was {thresholds.strict} and is {strict}")
    if wrong:
        raise misfit(wrong)


def misfit(wrong: Sequence[str]) -> ThresholdsError:
    """Make the error of thresholds that were calibrated for something else."""
    return ThresholdsError(
        f"The thresholds were calibrated for something else: {'; '.join(wrong)}. Run what was "
        "calibrated, or calibrate anew on records of what you run (cope calibrate)."
    )
