"""What a gate says of a set of samples."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    # Importing the state imports LangGraph, and the worker that compares answers needs neither.
    from cope_graph.state import FailedTest, Sample


@dataclass(frozen=True)
class Question:
    """What a run is asked.

    Attributes:
        text: The text of the user's message.
        inputs: What the task asks for beside it, by input key.
        seed: For a gate that draws lots: the same for all looks of a run.
    """

    text: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


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
        passes: Of a gate that knows without a threshold: whether the answer passes.
        preferred: Of such a gate: all samples' indices, those of samples to come too, in the order
            in which it would take the first that passes.
        failed: Of a gate that runs tests: which of them how many samples did not pass, and why.
    """

    confidence: float | None
    winner: int | None
    answer: str | None
    explanation: str
    classes: tuple[AnswerClass, ...] = field(default=())
    passes: bool | None = None
    preferred: tuple[int, ...] = field(default=())
    failed: tuple[FailedTest, ...] | None = None


Gate: TypeAlias = "Callable[[Question, Sequence[Sample]], Verdict]"
"""A gate: question and samples in, verdict out. It is pure and may block."""

AsyncGate: TypeAlias = Callable[[Question, Sequence[Any]], Awaitable[Verdict]]
"""Its asynchronous twin: the same verdict, without blocking an event loop."""
