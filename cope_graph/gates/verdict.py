"""What a gate says of a set of samples."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    # Importing the state imports LangGraph, and the worker that compares answers needs neither.
    from cope_graph.state import FailedTest


@dataclass(frozen=True)
class Question:
    """What a run is asked.

    Attributes:
        text: The text of the user's message.
        inputs: What the task asks for beside it, by input key.
        seed: For a gate that draws lots: the same for all looks of a run.
        earlier: The messages before it: system messages and earlier turns.
    """

    text: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    earlier: Sequence[BaseMessage] = ()


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
        loose: Of a vote whose equality is not transitive: a sample that comes may regroup those
            behind it in order.
        passes: Of a gate that knows without a threshold: whether the answer passes.
        preferred: Of such a gate: all samples' indices, those of samples to come too, in the order
            in which it would take the first that passes.
        failed: Of a gate that runs tests: which of them how many samples did not pass, and why.
        by_share: Whether the confidence is a share of the samples, so that it is known when those
            to come are too few to reach a threshold. A score may be high for the last sample.
        fields: Of a vote on objects: the share of all samples behind the winner's value of each
            field, 0 to 1.
    """

    confidence: float | None
    winner: int | None
    answer: str | None
    explanation: str
    classes: tuple[AnswerClass, ...] = field(default=())
    passes: bool | None = None
    preferred: tuple[int, ...] = field(default=())
    failed: tuple[FailedTest, ...] | None = None
    by_share: bool = False
    fields: Mapping[str, float] | None = None
    loose: bool = False

    def bounds(self, n: int, missing: int) -> tuple[float, float] | None:
        """Bound the confidence of the full draw: none, or all, of what is missing may agree.

        Args:
            n: Samples of the stage in all.
            missing: How many of them are still to come, or were never drawn; they are the last.

        Returns:
            The lowest and the highest share that the largest class can come to, 0 to 1; `None`
            where the confidence is no share of a vote.
        """
        if not self.by_share or (self.answer is not None and not self.classes):
            return None
        count = len(self.classes[0].members) if self.classes else 0
        return count / n, (count + missing) / n


Gate: TypeAlias = Callable[[Question, Sequence[Any]], Verdict]
"""A gate: question and samples (each a `Sample`) in, verdict out. It is pure and may block."""

AsyncGate: TypeAlias = Callable[[Question, Sequence[Any]], Awaitable[Verdict]]
"""Its asynchronous twin: the same verdict, without blocking an event loop."""
