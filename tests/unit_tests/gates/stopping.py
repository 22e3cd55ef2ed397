"""A draw in waves, as the graph does it: look, decide, draw on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.gates.waves import NOTHING_SEEN, next_wave
from cope_graph.state import Decision
from tests.unit_tests.gates.closeness import answered

GATE = vote(str.__eq__)


@dataclass(frozen=True)
class Stopped:
    """Where a draw ended, and how.

    Attributes:
        outcome: Decision, whether the gate was passed, and the accepted answer.
        drawn: Samples.
        waves: Their number by request.
    """

    outcome: tuple[Decision, bool, str | None]
    drawn: int
    waves: tuple[int, ...]


def seen(answers: Sequence[str | None]) -> Verdict:
    return GATE(Question("q"), answered(*answers)) if answers else NOTHING_SEEN


def draw(
    answers: Sequence[str | None],
    threshold: Threshold,
    onward: Onward,
    *,
    wave: int | None = None,
    guard: float = 1.0,
) -> Stopped:
    """Draw answers one wave after another; without a size as few as could decide."""
    n, waves = len(answers), list[int]()
    while True:
        drawn = sum(waves)
        verdict, missing = seen(answers[:drawn]), range(drawn, n)
        decision, accepted = decide(
            verdict, threshold, n=n, missing=missing, onward=onward, guard=guard
        )
        if decision != "undecided":
            answer = verdict.answer if decision == "accept" else None
            return Stopped((decision, accepted, answer), drawn, tuple(waves))
        size = wave or next_wave(
            verdict, threshold, n=n, missing=missing, onward=onward, guard=guard
        )
        assert size >= 1
        waves.append(min(size, len(missing)))
