"""The one decision of the cascade: a pure function of a verdict and what remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from cope_graph.gates.leader import leader_is_safe
from cope_graph.gates.predictive import foreseen
from cope_graph.gates.verdict import AnswerClass, Verdict
from cope_graph.state import Decision

Onward = Literal["escalate", "hand_over", "nothing"]


@dataclass(frozen=True)
class Threshold:
    """When a confidence is high enough.

    Attributes:
        tau: 0 to 1.
        strict: Above tau (the paper's "exceeds"), or at tau too.
        quorum: How many samples have to agree, in place of a share of them.
    """

    tau: float
    strict: bool = True
    quorum: int | None = None

    def passed(self, count: int, n: int) -> bool:
        """Tell whether `count` of `n` samples are enough."""
        if self.quorum is not None:
            return count >= self.quorum
        ratio = count / n
        return ratio > self.tau if self.strict else ratio >= self.tau


def decide(  # noqa: PLR0913 - one of them has a default that is right for all but one caller
    verdict: Verdict,
    threshold: Threshold | None,
    *,
    n: int,
    missing: Sequence[int],
    onward: Onward,
    guard: float = 1.0,
    awaited: Sequence[int] = (),
) -> tuple[Decision, bool]:
    """Decide what follows from the samples seen so far.

    With samples still to come a vote is decided early only when they cannot change it: the
    decision, and the answer where it accepts one, are then those of the full draw, whatever order
    the samples come in. With a guard below 1 it is decided too when they are not likely to.

    Args:
        verdict: The gate's view of the samples there are.
        threshold: What a confidence has to exceed; `None` takes any answer (stage 3).
        n: Samples of the stage in all: those there are, lost ones included, and those to come.
        missing: Indices of the samples that may still come, in order.
        onward: What follows when the samples do not pass.
        guard: The least probability, 0.5 to 1, that the full draw decides the same
            (`gates.predictive`).
        awaited: Of the missing samples those of the draw under way. A quorum that there is decides
            at the end of its draw, so that later draws count neither for nor against it: the
            first one accepts. Whether there comes one is the same as for the full draw.

    Returns:
        The decision, and whether the answer passed the gate. `"accept"` without a pass means
        that nothing is left to do.
    """
    if _has_quorum(verdict, threshold, n):
        missing = awaited
    passes: bool | None = _passes(verdict, threshold, n)
    if missing and not _settled(verdict, threshold, n, missing, onward):
        passes = foreseen(verdict, threshold, n=n, missing=missing, onward=onward, guard=guard)
    if passes is None:
        return "undecided", False
    if passes:
        return "accept", True
    return ("accept" if onward == "nothing" else onward), False


def _has_quorum(verdict: Verdict, threshold: Threshold | None, n: int) -> bool:
    if threshold is None or threshold.quorum is None or not verdict.classes:
        return False
    return verdict.passes is None and threshold.passed(len(verdict.classes[0].members), n)


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
    if confidence is None or threshold.quorum is not None:  # a score, of which no two agree
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
    return decided and leader_is_safe(classes, missing)


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
