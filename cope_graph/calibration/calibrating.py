"""Thresholds from recorded outcomes, by a stated target, with a guarantee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import numpy as np

from cope_graph import __version__
from cope_graph.calibration.asked import Table, check_reach, checked_tables, target_of
from cope_graph.calibration.certify import Reached, certify_loss, certify_usd
from cope_graph.calibration.choose import choose, cut_to, dealt
from cope_graph.calibration.ladder import Bools, Ladder
from cope_graph.calibration.scaling import scalings
from cope_graph.calibration.shown import Origin, Reference, Shown, Target
from cope_graph.calibration.stage_table import StageTable
from cope_graph.calibration.thresholds import Thresholds
from cope_graph.calibration.voter_table import VoterTable
from cope_graph.errors import InputError

SPLIT: Final = 0.3
"""Share of the items that choose (ours): the test needs them more than the choice does."""


@dataclass(frozen=True)
class Calibration:
    """The outcome of `calibrate`.

    Attributes:
        thresholds: What `create_cope(thresholds=...)` takes; `.save(path)` writes them.
        path: Which path of thresholds was tested.
        candidates: How many schedules and paths there were to choose from.
        steps: How many steps the path has, and how far the test went.
        answered: Share of the tested items that stage 1 accepts.
    """

    thresholds: Thresholds
    path: str
    candidates: int
    steps: tuple[int, int]
    answered: float


def calibrate(  # noqa: PLR0913 - each is a choice of the user's
    tables: Table | Sequence[Table],
    *,
    max_loss: float | None = None,
    max_usd: float | None = None,
    confidence: float = 0.9,
    split: float = SPLIT,
    seed: int = 0,
    most_usd: float | None = None,
    date: str | None = None,
) -> Calibration:
    """Pick thresholds by a stated target, and show that it holds.

    Args:
        tables: Outcomes of one schedule, or of several over the same items to choose from.
        max_loss: The most accuracy that may be lost against the large model alone, 0 to 1.
        max_usd: Instead: the most that an item may cost on average, in USD.
        confidence: With which probability, over the draw of the items, the promise is kept.
        split: Share of the items that choose the schedule and the path, where there is a choice;
            the promise is tested on the others.
        seed: Of the split, and of the order of the items in the test.
        most_usd: For `max_usd`: what a single item can cost at most, by the limits on tokens.
            Without it the cost is an estimate and nothing is certified.
        date: ISO 8601, instead of now.

    Returns:
        The thresholds and what was shown. Where nothing that accepts could be shown to keep the
        promise, `thresholds.shown.certified` is `False`, and the large model answers alone.

    Raises:
        InputError: The outcomes or the target can't be used as given.
    """
    given = checked_tables(tables)
    target = target_of(max_loss, max_usd, confidence, most_usd)
    alone = given[0].alone
    ladders = [ladder for table in given for ladder in table.ladders()]
    owners = [table for table in given for _ in table.ladders()]
    check_reach(ladders, target)
    unordered = any(isinstance(table, VoterTable) and table.by_cost for table in given)
    choosing, testing = dealt(
        alone.items, split, seed, choice=len(ladders) > 1 or not ladders[0].exact or unordered
    )
    if unordered:
        given = [one.ordered(choosing) if isinstance(one, VoterTable) else one for one in given]
        ladders = [ladder for table in given for ladder in table.ladders()]
        owners = [table for table in given for _ in table.ladders()]
    choice = choose(ladders, alone, choosing, target=target, tested_on=len(testing))
    tested = cut_to(ladders[choice.place], testing)
    large = alone.right[testing]
    reached = _reached(tested, large, target, most_usd, choice.start)
    usd_large = float(alone.usd[testing].mean())
    step, owner = tested.steps[reached.step], owners[choice.place]
    thresholds = Thresholds(
        schedule=replace(tested.schedule, quorum=step.quorum),
        tau1=step.tau1,
        tau2=step.tau2,
        target=target,
        shown=_shown(tested, reached, large, usd_large, target),
        origin=Origin(
            data=_hash([table.fingerprint() for table in given]),
            items=len(alone.items),
            chosen_on=len(choosing),
            certified_on=len(testing),
            seed=seed,
            date=date or datetime.now(UTC).isoformat(timespec="seconds"),
            package=__version__,
        ),
        reference=_reference(owner, tested, testing, reached.step),
        platt=scalings(owner, tested.schedule.small, step, alone=_alone(reached, target)),
        drawn=owner.drawn,
    )
    steps = len(tested.steps), reached.step
    answered = float(tested.accepted[reached.step].mean())
    return Calibration(thresholds, tested.path, len(ladders), steps, answered)


def _reached(
    tested: Ladder,
    large: Bools,
    target: Target,
    most_usd: float | None,
    start: int,
) -> Reached:
    delta = 1 - target.confidence
    if target.kind == "max_loss":
        return certify_loss(tested, large, target.value, delta, start=start)
    if most_usd is not None and tested.usd.max() > most_usd:
        msg = f"An item cost {tested.usd.max():.3g} USD, more than most_usd={most_usd:.3g}."
        raise InputError(msg)
    return certify_usd(tested, large, target.value, delta, most_usd)


def _shown(
    tested: Ladder,
    reached: Reached,
    large: Bools,
    usd_large: float,
    target: Target,
) -> Shown:
    alone = _alone(reached, target)
    right = float((large if alone else tested.right[reached.step]).mean())
    return Shown(
        certified=reached.certified,
        bound=reached.bound,
        loss=float(large.mean()) - right,
        accuracy=right,
        accuracy_large=float(large.mean()),
        usd=usd_large if alone else float(tested.usd[reached.step].mean()),
        usd_large=usd_large,
        needs=reached.needs,
    )


def _alone(reached: Reached, target: Target) -> bool:
    """Tell whether the large model answers alone, see `Thresholds.large_alone`."""
    return target.kind == "max_loss" and not reached.certified


def _reference(table: Table, tested: Ladder, index: Sequence[int], step: int) -> Reference:
    accepted = float(tested.accepted[step].mean())
    levels: tuple[tuple[float, int], ...] = ()
    if isinstance(table, StageTable):
        rounded = np.round(table.confidences()[[*index]], 6)
        found, counts = np.unique(rounded, return_counts=True)
        levels = tuple((float(a), int(b)) for a, b in zip(found, counts, strict=True))
    return Reference(len(index), accepted, levels)


def _hash(fingerprints: Sequence[str]) -> str:
    return sha256("".join(fingerprints).encode()).hexdigest()
