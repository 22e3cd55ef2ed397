"""Who is ahead: judgements with positions swapped, counted with honest ties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Scores: TypeAlias = tuple[float, float]
"""One candidate's score where candidates stood in one order, and where they stood in reverse."""

Outcome = Literal["win", "tie", "loss"]


@dataclass(frozen=True)
class Tally:
    """How contests ended, seen from one side."""

    wins: int
    ties: int
    losses: int


def contest(ours: Scores, theirs: Scores) -> Outcome:
    """Compare two candidates: only the one that is scored higher both times has won.

    A lead that depends on who was shown first is the judge's habit and not the candidate's merit
    (Zheng et al. 2023, "Judging LLM-as-a-Judge", section 3.4: swapping positions).
    """
    if ours[0] > theirs[0] and ours[1] > theirs[1]:
        return "win"
    if ours[0] < theirs[0] and ours[1] < theirs[1]:
        return "loss"
    return "tie"


def tally(contests: Iterable[tuple[Scores, Scores]]) -> Tally:
    """Count contests.

    Args:
        contests: Our scores and theirs, of one contest each.
    """
    counts = Counter(contest(ours, theirs) for ours, theirs in contests)
    return Tally(counts["win"], counts["tie"], counts["loss"])


def best_of(candidates: list[Scores]) -> tuple[int, Tally]:
    """Find the candidate with most wins, then the highest mean score, then the first.

    Nobody beats it: whoever did would win all the contests that it wins, and one more.

    Args:
        candidates: The scores of each, one at least.

    Returns:
        Its index, and how its contests with the others ended.
    """
    tallies = [
        tally((ours, theirs) for j, theirs in enumerate(candidates) if j != i)
        for i, ours in enumerate(candidates)
    ]
    best = max(range(len(candidates)), key=lambda i: (tallies[i].wins, sum(candidates[i]), -i))
    return best, tallies[best]
