"""Answers of several models to every item, and the quorums that can be made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cope_graph.calibration.drawn import Drawn
from cope_graph.calibration.ladder import (
    Alone,
    Bools,
    Floats,
    Ladder,
    Step,
    digest,
    figures,
    labels,
)
from cope_graph.calibration.schedule import Schedule, check_schedule
from cope_graph.calibration.stage_table import check_classes
from cope_graph.errors import InputError

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class VoterTable:
    """One answer of each of several models to every item.

    Quorums of 2 to `most` of them are candidates, in the order given: cheapest first.

    Attributes:
        voters: Names of the models, cheapest first.
        large: Name of the large model.
        alone: The large model alone on the same items.
        groups: Which class of equal answers each is in, (items, voters): equal numbers within an
            item are equal answers; -1 without an answer.
        right: Whether each is right, (items, voters).
        usd: What each costs, (items, voters).
        most: How many voters a quorum asks at most.
        by_cost: Whether the order is to be that of their costs, cheapest first, in place of the one
            given. `calibrate` reads them off the items that choose: the test knows nothing of it.
        drawn: What they were drawn under, where that is known.
    """

    voters: tuple[str, ...]
    large: str
    alone: Alone
    groups: Ints
    right: Bools
    usd: Floats
    most: int = 4
    by_cost: bool = False
    drawn: Drawn | None = None

    def __post_init__(self) -> None:
        """Refuse voters named twice, and answers that don't fit the items.

        Raises:
            InputError: A voter is named twice, or an array has another shape or is no label.
        """
        if len({*self.voters, self.large}) <= len(self.voters):
            msg = f"A model is there twice: {[*self.voters, self.large]}. Name each once."
            raise InputError(msg)
        if len(self.voters) < 2 or self.most < 2:  # noqa: PLR2004
            msg = "A quorum needs two voters at least: name more, or use a StageTable."
            raise InputError(msg)
        items, shape = self.alone.items, (len(self.alone.items), len(self.voters))
        for what, array in (("groups", self.groups), ("right", self.right), ("usd", self.usd)):
            if np.shape(array) != shape:
                msg = f"{what} has the shape {np.shape(array)}, and items x voters is {shape}."
                raise InputError(msg)
        for index, voter in enumerate(self.voters):
            labels(voter, np.asarray(self.right)[:, index], items)
            figures(f"{voter}'s USD", np.asarray(self.usd)[:, index], items)
        object.__setattr__(self, "right", np.asarray(self.right).astype(np.bool_))
        object.__setattr__(self, "usd", np.asarray(self.usd, dtype=np.float64))
        object.__setattr__(self, "groups", np.asarray(self.groups).astype(np.int64))
        check_classes([self.right.ravel()])

    def ordered(self, index: Sequence[int]) -> VoterTable:
        """Put the cheapest voter first, by what some of the items cost, where the order is free."""
        if not self.by_cost:
            return self
        usd = self.usd[[*index]].mean(axis=0)
        order = sorted(range(len(self.voters)), key=lambda place: float(usd[place]))
        return replace(
            self,
            voters=tuple(self.voters[place] for place in order),
            groups=self.groups[:, order],
            right=self.right[:, order],
            usd=self.usd[:, order],
            by_cost=False,
        )

    def ladders(self) -> tuple[Ladder, ...]:
        """Give a path for each choice of voters: from all agreeing down to two."""
        sizes = range(2, min(self.most, len(self.voters)) + 1)
        picks = [pick for size in sizes for pick in combinations(range(len(self.voters)), size)]
        return tuple(self.ladder(pick) for pick in picks)

    def ladder(self, pick: Sequence[int]) -> Ladder:
        """Give the path of some voters, by their places in `voters`, asked in this order."""
        voters, size = tuple(self.voters[i] for i in pick), len(pick)
        columns = list(pick)
        groups, right, usd = self.groups[:, columns], self.right[:, columns], self.usd[:, columns]
        schedule = Schedule(voters, self.large, size, stages=(1, 3), small_plan="none", quorum=size)
        check_schedule(schedule)
        nobody = np.zeros(len(self.alone.items), dtype=np.bool_)
        steps, rows = [Step(1.0, None, size)], [(self.alone.right, self.alone.usd, nobody)]
        for quorum in range(size, 1, -1):
            steps.append(Step((quorum - 1) / size, None, quorum))
            reached, answer, spent = play(groups, right, usd, quorum)
            then = np.where(reached, 0.0, self.alone.usd)
            rows.append((np.where(reached, answer, self.alone.right), spent + then, reached))
        every = (np.array([row[part] for row in rows]) for part in range(3))
        answers, costs, accepted = every
        return Ladder(schedule, "quorum", tuple(steps), answers, costs, accepted, exact=True)

    def fingerprint(self) -> str:
        """Name the data by what is in it."""
        known = (self.alone.right, self.alone.usd, self.groups, self.right, self.usd)
        return digest(self.alone.items, str((self.voters, self.large)), *known)


def play(groups: Ints, right: Bools, usd: Floats, quorum: int) -> tuple[Bools, Bools, Floats]:
    """Ask voters one after another until a quorum agrees, or can't any more.

    Args:
        groups: As in `VoterTable`, of the voters asked, in order.
        right: As there.
        usd: As there.
        quorum: How many have to agree.

    Returns:
        Whether they agreed, whether their answer is right, and what was paid, each (items,).
    """
    items, size = groups.shape
    reached, answer = np.zeros(items, np.bool_), np.zeros(items, np.bool_)
    going, spent, top = np.ones(items, np.bool_), np.zeros(items), np.zeros(items, np.int64)
    for index in range(size):
        going &= ~reached & (top + size - index >= quorum)
        spent += np.where(going, usd[:, index], 0.0)
        alike = (groups[:, : index + 1] == groups[:, [index]]) & (groups[:, [index]] >= 0)
        count = alike.sum(axis=1)
        top = np.maximum(top, count)
        now = going & (count >= quorum)
        leader = alike.argmax(axis=1)  # the first who gave the answer
        answer = np.where(now, right[np.arange(items), leader], answer)
        reached |= now
    return reached, answer, spent
