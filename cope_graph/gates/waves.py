"""How many samples to draw next: the fewest that could decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.verdict import AnswerClass, Verdict

NOTHING_SEEN: Final = Verdict(None, None, None, "no sample was drawn", by_share=True)
"""Of a vote before its first sample."""


def next_wave(  # noqa: PLR0913 - what `decide` is asked
    verdict: Verdict,
    threshold: Threshold | None,
    *,
    n: int,
    missing: Sequence[int],
    onward: Onward,
    guard: float = 1.0,
) -> int:
    """Give the fewest further samples after which a decision may fall.

    A vote is decided soonest when all that come agree with its leader, or none has a readable
    answer; where its answer counts though it does not pass, when some do and the others have none.
    So no sample is drawn that drawing one by one would save, and fewer requests are made.

    Args:
        verdict: Of the samples so far; `NOTHING_SEEN` before the first.
        threshold: As in `decide`, like those below.
        n: Samples of the stage in all.
        missing: Indices of the samples to come, in order; one at least.
        onward: What follows when the samples do not pass.
        guard: The least probability that the full draw decides the same.

    Returns:
        1 to all that are missing.
    """
    if verdict.passes is not None:  # the first in the gate's own order that is not there yet
        return next((i - missing[0] + 1 for i in verdict.preferred if i in missing), len(missing))

    def decides(after: Verdict, rest: Sequence[int]) -> bool:
        seen, _ = decide(after, threshold, n=n, missing=rest, onward=onward, guard=guard)
        return seen != "undecided"

    for k in range(1, len(missing)):
        agreeing = range(k + 1) if onward == "nothing" else (0, k)
        if any(decides(_agreeing(verdict, missing[:j]), missing[k:]) for j in agreeing):
            return k
    return len(missing)


def _agreeing(verdict: Verdict, fresh: Sequence[int]) -> Verdict:
    """Let samples join the leader, or be the first to agree."""
    if not fresh:
        return verdict
    first, *rest = verdict.classes or (AnswerClass("", ()),)
    leader = AnswerClass(first.answer, (*first.members, *fresh))
    return replace(verdict, classes=(leader, *rest), winner=leader.members[0], answer=leader.answer)
