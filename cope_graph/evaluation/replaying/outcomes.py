"""Records as arrays: what each stage of each arm gave, item by item, at any n it can answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cope_graph.errors import InputError
from cope_graph.evaluation.records import Row, StageRecord
from cope_graph.evaluation.replaying.bill_lines import ROLES, Bill, BillLines
from cope_graph.evaluation.replaying.leading import NONE, leading
from cope_graph.evaluation.replaying.repricing import Pricing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a stage gave at some n; all arrays are (items,) but those of the bill.

    Attributes:
        there: Whether it was drawn.
        answered: Whether it has an answer.
        right: Whether that is right; `False` without one.
        confidence: 0 to 1, NaN for none.
        passes: Of a gate that knows without a threshold: 1 or 0; -1 of other gates.
        seconds: NaN where they are not known: at another n than was drawn.
        samples: Replies of executors drawn.
        bill: What it cost.
    """

    there: Bools
    answered: Bools
    right: Bools
    confidence: Floats
    passes: NDArray[np.int8]
    seconds: Floats
    samples: Floats
    bill: Bill

    def accepts(self, tau: float, *, strict: bool) -> Bools:
        """Tell whose answer passes, as `cope_graph.gates.decide` does with the full draw.

        Args:
            tau: The threshold; a gate that knows without one does not look at it.
            strict: Above it, or at it too.

        Returns:
            (items,) bool.
        """
        enough = self.confidence > tau if strict else self.confidence >= tau
        accepted: Bools = self.answered & np.where(self.passes >= 0, self.passes == 1, enough)
        return accepted


@dataclass(frozen=True, eq=False)
class Sheet:
    """One stage of one arm as it was recorded.

    Attributes:
        place: Which, for errors.
        items: Their names.
        full: What it gave with all its samples.
        due: (items,) int, how many samples it had to draw; 0 where it is not there.
        votes: (items,) bool, whether its gate votes.
        group: (items, most samples) int, the class of each sample; negative for none.
        sample_right: (items, most samples) bool.
        sample_answered: (items, most samples) bool.
        lines: Its requests.
    """

    place: str
    items: tuple[str, ...]
    full: Outcome
    due: Ints
    votes: Bools
    group: Ints
    sample_right: Bools
    sample_answered: Bools
    lines: BillLines

    def at(self, n: int) -> Outcome:
        """Give the outcome with the first n samples.

        Raises:
            InputError: More than were drawn are asked for, or fewer under a gate that does not
                vote: nobody asked it about fewer.
        """
        there = self.full.there
        if (more := there & (self.due < n)).any():
            index = int(more.argmax())
            msg = (
                f"The records cannot say what n={n} does: {self.place} of item "
                f"{self.items[index]!r:.60} had {self.due[index]} samples. Ask for n="
                f"{int(self.due[there].min())} or fewer."
            )
            raise InputError(msg)
        other = there & ~self.votes
        if (fewer := other & (self.due > n)).any():
            index = int(fewer.argmax())
            msg = (
                f"The records cannot say what n={n} does: {self.place} of item "
                f"{self.items[index]!r:.60} has a gate that does not vote and saw "
                f"{self.due[index]} samples. Keep n={self.due[index]}."
            )
            raise InputError(msg)
        leaders = leading(self.group[:, :n])
        rows, voted = np.arange(len(there)), there & self.votes
        kept = ~voted
        won = self.sample_right[rows, leaders.first] if self.group.shape[1] else kept & ~kept
        answered = np.where(kept, self.full.answered, leaders.count > 0)
        share = np.where(leaders.count > 0, leaders.count / n, np.nan)
        return replace(
            self.full,
            answered=answered,
            right=np.where(kept, self.full.right, won & answered),
            confidence=np.where(kept, self.full.confidence, share),
            seconds=np.where(self.due == n, self.full.seconds, np.nan),
            samples=np.minimum(self.full.samples, n),
            bill=self.lines.at(n, self.due),
        )

    def first_group(self) -> Ints:
        """Give the class of each item's first sample, (items,) int; negative for none."""
        return self.group[:, 0] if self.group.shape[1] else np.full(len(self.items), NONE)

    def first(self) -> Outcome:
        """Give the outcome of the first sample alone: nobody votes, and nobody judges."""
        found, wide = self.full, self.group.shape[1] > 0
        none = np.zeros(len(self.items), np.bool_)
        bill = self.lines.at(1, self.due)
        unjudged = np.array([role != "judge" for role in ROLES])
        return replace(
            found,
            answered=self.sample_answered[:, 0] if wide else none,
            right=self.sample_right[:, 0] if wide else none,
            confidence=np.full(len(self.items), np.nan),
            passes=np.full(len(self.items), -1, np.int8),
            seconds=np.where(self.due == 1, found.seconds, np.nan),
            samples=np.minimum(found.samples, 1),
            bill=replace(
                bill,
                usd=np.where(unjudged, bill.usd, 0.0),
                tokens=np.where(unjudged, bill.tokens, 0.0),
            ),
        )


def sheet(
    place: tuple[str, int],
    items: Sequence[str],
    rows: Mapping[str, Row],
    pricing: Pricing,
) -> Sheet:
    """Read one stage of one arm.

    Args:
        place: The arm and the stage.
        items: In the order of all arrays.
        rows: The arm's, by item.
        pricing: The arm's.

    Raises:
        InputError: A request cannot be priced as asked.
    """
    arm, stage = place
    found = [_stage(rows[item], stage) for item in items]
    bills = [[line for line in rows[item]["lines"] if line["stage"] == stage] for item in items]
    lines = BillLines.of(bills, pricing, voter=pricing.voter is not None)
    due = np.array([one["n"] if one else 0 for one in found], np.int64)
    counts = np.array([len(one["samples"]) if one else 0 for one in found], float)
    shape = len(items), int(counts.max(initial=0))
    group, right = np.full(shape, NONE, np.int64), np.zeros(shape, np.bool_)
    answered = np.zeros(shape, np.bool_)
    for row, one in enumerate(found):
        for column, sample in enumerate(one["samples"] if one else ()):
            group[row, column] = NONE if sample["group"] is None else sample["group"]
            answered[row, column] = sample["answer"] is not None
            right[row, column] = bool(sample["right"]) and sample["answer"] is not None
    full = Outcome(
        there=np.array([one is not None for one in found]),
        answered=np.array([one is not None and one["answer"] is not None for one in found]),
        right=np.array([bool(one and one["right"] and one["answer"] is not None) for one in found]),
        confidence=np.array([_confidence(one) for one in found]),
        passes=np.array([_passes(one) for one in found], np.int8),
        seconds=np.array([one["seconds"] if one else np.nan for one in found]),
        samples=counts,
        bill=lines.at(None, due),
    )
    votes = np.array([one is not None and one["votes"] for one in found])
    named = f"stage {stage} of arm {arm!r:.60}"
    return Sheet(named, tuple(items), full, due, votes, group, right, answered, lines)


def _stage(row: Row, stage: int) -> StageRecord | None:
    return next((one for one in row["stages"] if one["stage"] == stage), None)


def _confidence(one: StageRecord | None) -> float:
    return np.nan if one is None or one["confidence"] is None else one["confidence"]


def _passes(one: StageRecord | None) -> int:
    return -1 if one is None or one["passes"] is None else int(one["passes"])
