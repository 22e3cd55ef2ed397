"""What a gate says of a set of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    # Importing the state imports LangGraph, and the worker that compares answers needs neither.
    from cope_graph.state import Sample


@dataclass(frozen=True)
class AnswerClass:
    """Samples whose answers count as equal.

    Attributes:
        answer: The answer of its first member.
        members: Indices of its samples, in order.
    """

    answer: str
    members: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """A gate's view of the samples of one stage.

    Attributes:
        confidence: 0 to 1, or `None` when there is nothing to be confident about.
        winner: Index of the sample whose text is the answer message, `None` without an answer.
        answer: The winning answer, `None` without one.
        explanation: One sentence for people.
        classes: The classes of a vote, largest first; empty for gates that do not vote.
    """

    confidence: float | None
    winner: int | None
    answer: str | None
    explanation: str
    classes: tuple[AnswerClass, ...] = field(default=())


Gate: TypeAlias = "Callable[[str, Sequence[Sample]], Verdict]"
"""A gate: question and samples in, verdict out. It is pure and may block."""
