"""From a run to its record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from cope_graph.errors import CopeError
from cope_graph.evaluation.records import Row, SampleRecord, StageRecord
from cope_graph.money.lines import NO_LEDGER
from cope_graph.state import Failure, Sample, Visit

Right = Callable[[str], bool | None]
"""From an answer to whether it is right; `None` when nobody knows."""

_PLAIN: Final = frozenset({"math", "choice"})
"""Families whose answers may be numbers and letters; options and units may be words too."""

_LONGEST: Final = 64
"""Characters of an answer that still stands as it is."""

_WORD: Final = re.compile(r"(?<!\\)(?<![^\W\d_])[^\W\d_]{3,}")
"""Three letters or more that are no command of LaTeX."""


@dataclass(frozen=True)
class Look:
    """What the gate saw at its last look at a stage.

    Attributes:
        visit: What it made of it.
        samples: What it saw.
        seconds: What the nodes of the run had taken by then.
        n: How many samples the stage had to draw.
    """

    visit: Visit
    samples: Sequence[Sample]
    seconds: float
    n: int

    def answers(self) -> list[str]:
        """List the answers there are: the samples', and the one that won."""
        found = [*(sample["answer"] for sample in self.samples), self.visit["answer"]]
        return [answer for answer in found if answer is not None]


@dataclass(frozen=True)
class Told:
    """How much of a run a record tells.

    Attributes:
        task: The family of questions: long or free answers stand as digests.
        right: Judges an answer.
        texts: Whether questions and replies are told.
    """

    task: str
    right: Right
    texts: bool = False

    def answer(self, answer: str | None) -> str | None:
        """Give what stands for an answer: itself, or a digest."""
        if answer is None or self.texts or (self.task in _PLAIN and _is_figure(answer)):
            return answer
        return f"sha256:{sha256(answer.encode('utf-8', 'replace')).hexdigest()[:16]}"


def row_of(  # noqa: PLR0913 - what a record is made of
    item: str,
    arm: str,
    looks: Sequence[Look],
    out: Mapping[str, Any],
    told: Told,
    *,
    question: str,
    groups: Sequence[int | None] | None = None,
) -> Row:
    """Make the record of a run.

    Args:
        item: Which question.
        arm: Under which settings.
        looks: The gate's last look at each stage, in order.
        out: The run's state at its end: `ledger` and `failures`.
        told: How much is told.
        question: What was asked.
        groups: The classes of the one stage's samples, where they are numbered across rows.
    """
    stages: list[StageRecord] = []
    spent = 0.0
    for look in looks:
        stages.append(_stage(look, spent, told, groups))
        spent = look.seconds
    row: Row = {
        "item": item,
        "arm": arm,
        "stages": stages,
        "lines": [*out["ledger"]["lines"]],
        "failures": [said_of(failure, texts=told.texts) for failure in out["failures"]],
        "error": None,
    }
    return {**row, "question": question} if told.texts else row


def failed_row(item: str, arm: str, error: CopeError, *, texts: bool) -> Row:
    """Make the record of a run that has no outcome.

    Args:
        item: Which question.
        arm: Under which settings.
        error: Why; its bill stands.
        texts: Whether a server's own words may be told, which may quote the question.
    """
    ledger = error.ledger or NO_LEDGER
    failures = [said_of(failure, texts=texts) for failure in error.failures]
    return {
        "item": item,
        "arm": arm,
        "stages": [],
        "lines": [*ledger["lines"]],
        "failures": failures,
        "error": str(error) if texts or not failures else " ".join(failures),
    }


def said_of(failure: Failure, *, texts: bool) -> str:
    """Say what went wrong, in words of our own where a server's may not be told."""
    if texts:
        return failure["message"]
    kind = failure["kind"].replace("_", " ")
    count = failure["requests"]
    requests = "a request" if count == 1 else f"{count} requests"
    return f"{requests} of {failure['node']} to the {failure['side']} model: {kind}."


def _stage(
    look: Look, spent: float, told: Told, groups: Sequence[int | None] | None
) -> StageRecord:
    visit = look.visit
    classes = [_first_first(visit, index) for index in range(len(look.samples))]
    samples = [
        _sample(sample, group, told)
        for sample, group in zip(look.samples, groups or classes, strict=True)
    ]
    answer = visit["answer"]
    return {
        "stage": visit["stage"],
        "n": look.n,
        "confidence": visit["confidence"],
        "votes": bool(visit["votes"]) or (answer is None and "passes" not in visit),
        "passes": visit.get("passes"),
        "accepted": visit["accepted"],
        "answer": told.answer(answer),
        "right": False if answer is None else told.right(answer),
        "seconds": round(look.seconds - spent, 6),
        "samples": samples,
    }


def _is_figure(answer: str) -> bool:
    return len(answer) <= _LONGEST and not _WORD.search(answer)


def _first_first(visit: Visit, index: int) -> int | None:
    """Number a sample's class in the order of the classes' first members."""
    ordered = sorted(visit["votes"], key=lambda vote: vote["members"][0])
    return next((i for i, vote in enumerate(ordered) if index in vote["members"]), None)


def _sample(sample: Sample, group: int | None, told: Told) -> SampleRecord:
    answer = sample["answer"]
    made: SampleRecord = {
        "answer": told.answer(answer),
        "group": group,
        "right": False if answer is None else told.right(answer),
        "finish": sample["finish"],
    }
    if "log_probs" in sample:
        made["log_probs"] = sample["log_probs"]
    if "error" in sample:
        made["error"] = sample["error"]
    if told.texts:
        made["text"] = sample["text"]
    return made
