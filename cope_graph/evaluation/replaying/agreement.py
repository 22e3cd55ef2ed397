"""Several models as one vote: an answer of each, in any order (ABC, Kolawole et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Final

import numpy as np

from cope_graph.errors import InputError
from cope_graph.evaluation.arms import VOTER
from cope_graph.evaluation.replaying.leading import leading
from cope_graph.evaluation.replaying.outcomes import Outcome, Sheet

SMALL: Final = "small"
"""The small model's first answer without a plan, among the voters."""
_FREE: Final = ("plan_free", 1)


def members(sheets: Mapping[tuple[str, int], Sheet], order: Sequence[str] | None) -> list[str]:
    """Name who votes, in order.

    Args:
        sheets: All that were drawn.
        order: Names of voters, `"small"` for the small model; `None` for all, the small one last.

    Raises:
        InputError: There is no such voter, or one is named twice.
    """
    there = [arm.removeprefix(VOTER) for arm, _ in sheets if arm.startswith(VOTER)]
    if there and _FREE in sheets:
        there.append(SMALL)
    if order is None:
        return there
    if unknown := [name for name in order if name not in there]:
        said = ", ".join(there) or "none"
        msg = f"There is no voter {unknown[0]!r:.60} in these records; there is: {said}."
        raise InputError(msg)
    if not order or len(set(order)) < len(order):
        msg = f"Voters are named once each, one at least, not {list(order)!r:.60}."
        raise InputError(msg)
    return list(order)


def agreement(sheets: Mapping[tuple[str, int], Sheet], order: Sequence[str]) -> Outcome | None:
    """Count one answer of each voter as a vote; ties go to the class that came first in order.

    Args:
        sheets: All that were drawn.
        order: Who votes.

    Returns:
        The outcome; `None` where the answers are in no classes, under a gate that does not vote.
    """
    chosen = [_sheet(sheets, name) for name in order]
    firsts = [one.first() for one in chosen]
    groups = np.stack([one.first_group() for one in chosen], axis=1)
    if (np.stack([one.answered for one in firsts], axis=1) & (groups < 0)).any():
        return None
    right = np.stack([one.right for one in firsts], axis=1)
    leaders, items = leading(groups), len(groups)
    bill = reduce(add, (one.bill for one in firsts))
    share = np.where(leaders.count > 0, leaders.count / len(order), np.nan)
    return Outcome(
        there=np.logical_and.reduce([one.full.there for one in chosen]),
        answered=leaders.count > 0,
        right=right[np.arange(items), leaders.first] & (leaders.count > 0),
        confidence=share,
        passes=np.full(items, -1, np.int8),
        # Side by side or one after another: nobody has timed them together.
        seconds=np.full(items, np.nan),
        samples=np.full(items, float(len(order))),
        bill=replace(bill, large=np.zeros(items)),
    )


def _sheet(sheets: Mapping[tuple[str, int], Sheet], name: str) -> Sheet:
    if name == SMALL and _FREE in sheets:
        return sheets[_FREE]
    return next(one for (arm, _), one in sheets.items() if arm == f"{VOTER}{name}")
