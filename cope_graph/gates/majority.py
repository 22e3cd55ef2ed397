"""Majority vote over answers that count as equal (paper, section 4.1: consensus)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from cope_graph.gates.verdict import AnswerClass, Gate, Question, Verdict

if TYPE_CHECKING:
    from cope_graph.state import Sample


def vote(equal: Callable[[str, str], bool], *, transitive: bool = True) -> Gate:
    """Make a gate that counts equal answers.

    Confidence is the size of the largest class over ALL samples: a sample without an answer
    counts in n and never wins. A tie goes to the class whose first member came first.

    Args:
        equal: Whether two answers are the same. It need not be transitive: each answer is
            compared with the first member of every class, in order.
        transitive: Whether it nearly is: then a decision does not wait for a sample that could
            change it by standing between two classes alone. With `False` it does.

    Returns:
        A gate over the samples of one stage.
    """
    return partial(_vote, equal, not transitive)


def _vote(
    equal: Callable[[str, str], bool],
    loose: bool,  # noqa: FBT001
    _question: Question,
    samples: Sequence[Sample],
) -> Verdict:
    classes = group([sample["answer"] for sample in samples], equal)
    if not classes:
        reason = f"none of {len(samples)} samples has a readable answer"
        return Verdict(None, None, None, reason, by_share=True)
    best = classes[0]
    count = len(best.members)
    explanation = f"{count} of {len(samples)} samples agree"
    return Verdict(
        confidence=count / len(samples),
        winner=best.members[0],
        answer=best.answer,
        explanation=explanation,
        classes=classes,
        by_share=True,
        loose=loose,
    )


def group(
    answers: Sequence[str | None], equal: Callable[[str, str], bool]
) -> tuple[AnswerClass, ...]:
    """Put equal answers together, the largest class first, ties by first member.

    Args:
        answers: One per sample; `None` joins no class.
        equal: As in `vote`.
    """
    classes: list[tuple[str, list[int]]] = []
    for index, answer in enumerate(answers):
        if answer is None:
            continue
        members = next((m for first, m in classes if first == answer or equal(first, answer)), None)
        if members is None:
            classes.append((answer, [index]))
        else:
            members.append(index)
    ranked = sorted(classes, key=lambda pair: -len(pair[1]))
    return tuple(AnswerClass(answer, tuple(members)) for answer, members in ranked)
