"""From the records of a bench to the outcomes that thresholds are calibrated on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cope_graph.calibration.asked import Table
from cope_graph.calibration.drawn import drawn_under
from cope_graph.calibration.ladder import Alone, Floats
from cope_graph.calibration.schedule import Schedule, SmallPlan
from cope_graph.calibration.stage_table import StageOutcomes, StageTable
from cope_graph.calibration.voter_table import VoterTable
from cope_graph.errors import InputError
from cope_graph.evaluation.arms import VOTER
from cope_graph.evaluation.replaying.replay import Replay, replay

if TYPE_CHECKING:
    from cope_graph.evaluation.records import Header, Records
    from cope_graph.evaluation.replaying.outcomes import Outcome, Sheet
    from cope_graph.money.prices import Price
    from cope_graph.state import Stage

_ALONE: Final = "plan_free"
"""The arm whose stage 3 is the large model alone."""

_SCHEDULES: Final[tuple[tuple[str, tuple[Stage, ...], SmallPlan], ...]] = (
    ("plan_free", (1, 3), "none"),
    ("cope", (1, 2, 3), "goal"),
    ("cope", (1, 3), "goal"),
    ("guideline", (1, 2, 3), "guideline"),
    ("no_goal", (2, 3), "none"),
)
"""Arm, stages and what the small planner writes; without stage 2 the large model ends it alone."""

_LEAST: Final = 3
"""Samples that still make a vote."""


@dataclass(frozen=True)
class FromRecords:
    """What records give.

    Attributes:
        tables: Outcomes of every schedule that they hold.
        notes: What they do not hold or what was left out, a sentence each.
    """

    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def from_records(
    records: Records, *, n: int | None = None, prices: Mapping[str, Price] | None = None
) -> FromRecords:
    """Read outcomes of all stages of all schedules.

    Args:
        records: Of a bench: every item under each arm, all samples drawn.
        n: Samples in stages 1 and 2. Unset: as many as were drawn; where the arm without plans
            was drawn, half as many are a schedule too.
        prices: What-if prices, as `evaluation.replay` takes them.

    Raises:
        InputError: The large model alone is missing, a stage was cut short, a price is unknown,
            the gate has no threshold, or no item is left.
    """
    size = n or int(records.header["settings"]["n"])
    read = replay(records, n=size, prices=prices)
    _check_whole(read)
    notes = [f"{count} items are left out: {why}." for why, count in read.excluded.items()]
    arms = {arm for arm, _ in read.sheets}
    if not arms & {"cope", "guideline", "no_goal"}:
        notes.append("These records hold no plan stages: stage 1's threshold alone is calibrated.")
    models = records.header["models"]
    last = read.sheets[_ALONE, 3].full
    alone = Alone(read.items, last.right, _usd(read.name, "the large model", last))
    half = size // 2
    fewer = [half] if n is None and half >= _LEAST and read.can_take_fewer(_ALONE) else []
    schedules = [one for one in _SCHEDULES if one[0] in arms]
    there = [one for one in schedules if not _picks_among_more(read, *one[:2], size)]
    if len(there) < len(schedules):
        notes.append(
            "Schedules of stages 1, 2 and 3 are left out: their stage 2 follows a plan picked "
            f"among more than n={size} samples. Calibrate them at the n that was drawn."
        )
    tables: list[Table] = [
        _table(read, alone, records.header, (arm, stages, plan), samples)
        for arm, stages, plan in there
        for samples in [size, *(fewer if arm == _ALONE else [])]
    ]
    voters = [arm for arm in models if arm.startswith(VOTER) and arm in arms]
    tables += _voters(read, alone, records.header, voters)
    return FromRecords((*tables,), tuple(notes))


def _picks_among_more(read: Replay, arm: str, stages: tuple[Stage, ...], n: int) -> bool:
    """Tell whether stage 2 follows a plan that was picked among more samples than n."""
    return {1, 2} <= {*stages} and bool((read.sheets[arm, 1].due > n).any())


def _check_whole(read: Replay) -> None:
    """Refuse records that lack what a calibration needs of every item.

    Raises:
        InputError: The large model alone was not recorded, a stage did not run on every item, or a
            gate has no threshold.
    """
    if (_ALONE, 3) not in read.sheets or (_ALONE, 1) not in read.sheets:
        msg = (
            f"{read.name} does not tell what the large model does alone (arm {_ALONE!r}): record "
            "complete outcomes with cope bench; a loss is measured against it."
        )
        raise InputError(msg)
    for one in read.sheets.values():
        if not one.full.there.all():
            item = read.items[int(one.full.there.argmin())]
            msg = (
                f"{read.name}: {one.place} of item {item!r:.60} was not run, and nobody knows what "
                "it would have said. Record complete outcomes with cope bench."
            )
            raise InputError(msg)
        if (one.full.passes >= 0).any():
            msg = (
                f"{read.name}: the gate of {one.place} runs tests, and has no threshold to "
                "calibrate: leave thresholds out for this task."
            )
            raise InputError(msg)


def _table(
    read: Replay,
    alone: Alone,
    header: Header,
    what: tuple[str, tuple[Stage, ...], SmallPlan],
    n: int,
) -> StageTable:
    """Give the outcomes of one schedule at n samples."""
    arm, stages, plan = what
    models = header["models"]
    sheets = {stage: read.sheets[arm, stage] for stage in stages[:-1]}
    small: dict[int, StageOutcomes] = {
        stage: _outcomes(read.name, one, n) for stage, one in sheets.items()
    }
    third = read.sheets[arm, 3].full if 2 in sheets else None  # noqa: PLR2004
    return StageTable(
        Schedule((models["small"],), models["large"], n, stages, plan),
        alone,
        small,
        right3=None if third is None else third.right,
        usd3=None if third is None else _usd(read.name, "stage 3", third),
        votes=all(bool(one.votes.all()) for one in sheets.values()),
        drawn=drawn_under(header["task"], header["settings"], stages, plan),
    )


def _outcomes(name: str, drawn: Sheet, n: int) -> StageOutcomes:
    found = drawn.at(n)
    confidence = np.where(found.answered, np.nan_to_num(found.confidence), 0.0)
    return StageOutcomes(confidence, found.right, _usd(name, drawn.place, found))


def _voters(read: Replay, alone: Alone, header: Header, arms: list[str]) -> list[VoterTable]:
    """Give the outcomes of several models, the small one's first sample among them."""
    if not arms:
        return []
    first, models = read.sheets[_ALONE, 1], header["models"]
    names = [models["small"], *(models[arm] for arm in arms)]
    sheets = [first, *(read.sheets[arm, 3] for arm in arms)]
    told = [one.first() for one in sheets]
    usd = [_usd(read.name, name, one) for name, one in zip(names, told, strict=True)]
    groups = [one.first_group() for one in sheets]
    if any((one.answered & (group < 0)).any() for one, group in zip(told, groups, strict=True)):
        return []  # the gate does not vote: nobody grouped their answers
    return [
        VoterTable(
            tuple(names),
            models["large"],
            alone,
            np.array(groups).T,
            np.array([one.right for one in told]).T,
            np.array(usd).T,
            by_cost=True,
            drawn=drawn_under(header["task"], header["settings"], (1, 3), "none"),
        )
    ]


def _usd(name: str, whose: str, found: Outcome) -> Floats:
    """Add up what a stage cost on each item, plans included.

    Raises:
        InputError: A request's price is not known.
    """
    usd: Floats = found.bill.usd.sum(axis=1)
    if np.isnan(usd).any():
        msg = (
            f"{name}: nobody knows what {whose} costs. Give its price: --small-price, "
            "--large-price, or from_records(prices=...)."
        )
        raise InputError(msg)
    return usd
