"""What a calibration is asked for: outcomes and a target that it can use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cope_graph.calibration.ladder import Ladder
from cope_graph.calibration.shown import Target
from cope_graph.calibration.stage_table import StageTable
from cope_graph.calibration.voter_table import VoterTable
from cope_graph.errors import InputError

Table = StageTable | VoterTable


def checked_tables(tables: Table | Sequence[Table]) -> list[Table]:
    """Refuse what are no tables over the same items.

    Raises:
        InputError: There is none, or they differ in items or in the large model's outcomes.
    """
    given = [tables] if isinstance(tables, StageTable | VoterTable) else [*tables]
    if not given or not all(isinstance(table, StageTable | VoterTable) for table in given):
        msg = "Thresholds are calibrated on StageTable(...)s or VoterTable(...)s, one at least."
        raise InputError(msg)
    first = given[0].alone
    for table in given[1:]:
        other = table.alone
        same = other.items == first.items and np.array_equal(other.right, first.right)
        if not same or not np.array_equal(other.usd, first.usd):
            msg = "The schedules' tables differ in items or in the large model: give all the same."
            raise InputError(msg)
    return given


def target_of(
    max_loss: float | None, max_usd: float | None, confidence: float, most_usd: float | None
) -> Target:
    """Read the target.

    Raises:
        InputError: None or two are given, or one is out of bounds.
    """
    if (max_loss is None) == (max_usd is None):
        msg = "Give one target: max_loss (accuracy, such as 0.02) or max_usd (USD an item)."
        raise InputError(msg)
    if not 0 < confidence < 1:
        msg = f"The confidence is above 0 and below 1, such as 0.9, not {confidence:g}."
        raise InputError(msg)
    if max_loss is not None:
        if not 0 < max_loss < 1:
            msg = (
                f"max_loss is above 0 and below 1, not {max_loss:g}: 0.02 is two points of "
                "accuracy. That nothing at all is lost can't be shown by any number of items."
            )
            raise InputError(msg)
        return Target("max_loss", float(max_loss), float(confidence))
    value = float(max_usd or 0)
    if not (0 < value < np.inf) or (most_usd is not None and not value <= most_usd < np.inf):
        msg = f"max_usd is above 0 and no more than most_usd: {max_usd} and {most_usd}."
        raise InputError(msg)
    return Target("max_usd", value, float(confidence))


def check_reach(ladders: Sequence[Ladder], target: Target) -> None:
    """Refuse a cost that no schedule comes down to.

    Raises:
        InputError: Even the cheapest step of all costs more on average.
    """
    cheapest = min(float(ladder.usd.mean(axis=1).min()) for ladder in ladders)
    if target.kind == "max_usd" and cheapest > target.value:
        msg = (
            f"Even with every answer accepted an item costs {cheapest:.3g} USD on average: raise "
            f"max_usd above that (it is {target.value:.3g}), or record a cheaper schedule."
        )
        raise InputError(msg)
