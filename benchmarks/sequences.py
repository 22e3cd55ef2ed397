"""A quorum in sequence on recorded answers, for all questions at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.quorum_answers import UNREAD, Bools, Floats, Ints, Recorded

ESCALATED = -1


def first_quorum(answers: Ints, quorum: int) -> tuple[Ints, Ints]:
    """Ask models one after another until a quorum agrees, or cannot any more.

    As the package's `vote` and `decide` see the draws of a list of small models; a test compares.

    Args:
        answers: Numbers of equal answers, in the order in which the models are asked;
            (models, questions).
        quorum: How many must agree.

    Returns:
        For each question the place in order of the first model behind the accepted answer,
        `ESCALATED` where the large model is asked; and how many models were asked.
    """
    count, questions = answers.shape
    winner = np.full(questions, ESCALATED)
    asked = np.zeros(questions, dtype=np.int64)
    running = np.ones(questions, dtype=bool)
    for drawn in range(1, count + 1):
        asked[running] = drawn
        seen = answers[:drawn]
        equal = (seen[:, None] == seen[None, :]) & (seen[:, None] != UNREAD)
        sizes = equal.sum(axis=1)
        first, most = sizes.argmax(axis=0), sizes.max(axis=0)  # of equals the earliest
        agrees = running & (most >= quorum)
        winner[agrees] = first[agrees]
        running &= ~agrees & (most + count - drawn >= quorum)
    return winner, asked


@dataclass(frozen=True)
class Played:
    """What came of asking one sequence of models, by question.

    Attributes:
        right: Whether the answer is right.
        usd: What it cost.
        accepted: Whether the small models gave it.
    """

    right: Bools
    usd: Floats
    accepted: Bools


def play(recorded: Recorded, sequence: Sequence[int], large: int, quorum: int) -> Played:
    """Ask a sequence of models, and the large one where no quorum comes.

    Args:
        recorded: The answers.
        sequence: Indices of the small models, in order.
        large: Index of the large one.
        quorum: How many must agree.
    """
    winner, asked = first_quorum(recorded.answers[[*sequence]], quorum)
    accepted = winner != ESCALATED
    by = np.where(accepted, np.array([*sequence])[winner], large)
    spent = np.cumsum(recorded.usd[[*sequence]], axis=0)
    everyone = np.arange(len(asked))
    usd = spent[asked - 1, everyone] + np.where(accepted, 0.0, recorded.usd[large])
    return Played(recorded.right[by, everyone], usd, accepted)


def sequences(
    recorded: Recorded, large: int, quorum: int, longest: int
) -> Iterator[tuple[int, ...]]:
    """List the sequences of models cheaper than the large one, cheapest first.

    Args:
        recorded: What they answered, and so cost.
        large: Index of the large one.
        quorum: The fewest models of a sequence; 2 at least.
        longest: The most.
    """
    usd = recorded.usd.mean(axis=1)
    cheaper = sorted(np.flatnonzero(usd < usd[large]).tolist(), key=lambda index: usd[index])
    for size in range(max(quorum, 2), longest + 1):
        yield from combinations(cheaper, size)
