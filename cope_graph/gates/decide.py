"""The one decision of the cascade: a pure function of a verdict and what remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from cope_graph.gates.verdict import AnswerClass, Verdict
from cope_graph.state import Decision

Onward = Literal["escalate", "hand_over", "nothing"]


@dataclass(frozen=True)
class Threshold:
    """When a confidence is high enough.

    Attributes:
        tau: 0 to 1.
        strict: Above tau (the paper's "exceeds"), or at tau too.
    """

    tau: float
    strict: bool = True

    def passed(self, count: int, n: int) -> bool:
        """Tell whether `count` of `n` samples are enough."""
        ratio = count / n
        return ratio > self.tau if self.strict else ratio >= self.tau


def decide(
    verdict: Verdict,
    threshold: Threshold | None,
    *,
    n: int,
    missing: Sequence[int],
    onward: Onward,
) -> tuple[Decision, bool]:
    """Decide what follows from the samples seen so far.

    With samples still to come a vote is decided early only when they cannot change it: the
    decision, and the answer where it accepts one, are then those of the full draw, whatever order
    the samples come in.

    Args:
        verdict: The gate's view of the samples there are.
        threshold: What a confidence has to exceed; `None` takes any answer (stage 3).
        n: Samples of the stage in all: those there are, lost ones included, and those to come.
        missing: Indices of the samples that may still come, in order.
        onward: What follows when the samples do not pass.

    Returns:
        The decision, and whether the answer passed the gate. `"accept"` without a pass means
        that nothing is left to do.
    """
    if missing and not _settled(verdict, threshold, n, missing, onward):
        return "undecided", False
    if _passes(verdict, threshold, n):
        return "accept", True
    return ("accept" if onward == "nothing" else onward), False


def _passes(verdict: Verdict, threshold: Threshold | None, n: int) -> bool:
    if verdict.answer is None:
        return False
    if verdict.passes is not None:
        return verdict.passes
    if threshold is None:
        return True
    if verdict.classes:
        return threshold.passed(len(verdict.classes[0].members), n)
    confidence = verdict.confidence
    if confidence is None:
        return False
    return confidence > threshold.tau if threshold.strict else confidence >= threshold.tau


def _settled(
    verdict: Verdict,
    threshold: Threshold | None,
    n: int,
    missing: Sequence[int],
    onward: Onward,
) -> bool:
    """Tell whether the missing samples can change neither decision nor accepted answer."""
    remaining = len(missing)
    if verdict.passes is not None:
        return verdict.passes and _comes_first(verdict, missing)
    if threshold is None or not verdict.classes:
        return (
            verdict.by_share
            and verdict.answer is None
            and threshold is not None
            and onward != "nothing"
            and (not threshold.passed(remaining, n))
        )
    classes = _regrouped(verdict.classes, missing) if verdict.loose else verdict.classes
    top = len(classes[0].members)
    if not threshold.passed(top + remaining, n) and onward != "nothing":
        return True
    if verdict.loose and classes[0].members[0] > missing[0]:
        return False
    decided = threshold.passed(top, n) or not threshold.passed(top + remaining, n)
    return decided and _leader_is_safe(classes, missing)


def _regrouped(classes: Sequence[AnswerClass], missing: Sequence[int]) -> list[AnswerClass]:
    """Take all that missing samples may regroup as one class: the most that can come of it.

    Classes that begin before the first missing sample keep their members, since each answer is
    compared with first members in order. What begins behind it may fall apart and join anew.
    """
    firm = [one for one in classes if one.members[0] < missing[0]]
    behind = sorted(i for one in classes if one.members[0] > missing[0] for i in one.members)
    pool = [AnswerClass("", tuple(behind))] if behind else []
    return sorted([*firm, *pool], key=lambda one: -len(one.members))


def _comes_first(verdict: Verdict, missing: Sequence[int]) -> bool:
    """Tell whether no missing sample would be taken before the winner, if it passed too."""
    before = takewhile(lambda index: index != verdict.winner, verdict.preferred)
    return verdict.winner in verdict.preferred and not set(before) & set(missing)


def _leader_is_safe(classes: Sequence[AnswerClass], missing: Sequence[int]) -> bool:
    leader, *rest = classes
    # A class that nobody has seen yet may begin with the first missing sample.
    rivals = [(0, missing[0]), *((len(c.members), min(c.members[0], missing[0])) for c in rest)]
    lead, first = len(leader.members), leader.members[0]
    most = len(missing)
    return all(had + most < lead or (had + most == lead and first < start) for had, start in rivals)
