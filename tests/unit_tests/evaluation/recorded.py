"""Records as tests write them: answers of samples, by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cope_graph.context import CopeContext
from cope_graph.evaluation.record_file import header_of
from cope_graph.evaluation.records import Records, Row, SampleRecord, StageRecord
from cope_graph.gates.majority import group
from cope_graph.money.lines import LedgerLine
from cope_graph.state import Stage
from tests.unit_tests.money.lines import line

GOLD = "a"
"""The right answer of every item."""
Answers = Sequence[str | None]


def equal(one: str, other: str) -> bool:
    """Compare answers of tests."""
    return one == other


def stage(number: Stage, answers: Answers, **given: Any) -> StageRecord:
    """Make a stage's record from the answers of its samples; a letter is an answer."""
    classes = group(answers, equal) if number != 3 else ()
    ordered = sorted(classes, key=lambda one: one.members[0])
    places = {index: i for i, one in enumerate(ordered) for index in one.members}
    samples: list[SampleRecord] = [
        {
            "answer": answer,
            "group": places.get(index),
            "right": answer == GOLD,
            "finish": "stop",
        }
        for index, answer in enumerate(answers)
    ]
    answer = answers[0] if number == 3 else (classes[0].answer if classes else None)
    made: Any = {
        "stage": number,
        "n": len(answers),
        "confidence": len(classes[0].members) / len(answers) if classes else None,
        "votes": number != 3,
        "passes": None,
        "accepted": False,
        "answer": answer,
        "right": answer == GOLD,
        "seconds": float(number),
        "samples": samples,
    }
    record: StageRecord = made | given
    return record


def bill(stages: Sequence[StageRecord], *, plans: bool) -> list[LedgerLine]:
    """Make the usual bill: 0.1 USD a request of the small model, 1 USD one of the large."""
    lines = []
    for one in stages:
        number = one["stage"]
        if number == 1 and plans:
            lines += [line(node="small_plan", role="plan") for _ in range(one["n"])]
        if number == 2:
            lines.append(line(node="large_plan", role="plan", stage=2, usd="1", model="l"))
        if number == 3:
            lines.append(line(node="large_execute", stage=3, usd="1", model="l"))
        else:
            lines += [line(stage=number) for _ in range(one["n"])]
    return lines


def row(item: str, arm: str, answers: Mapping[Stage, Answers], **given: Any) -> Row:
    """Make a run's record from the answers of each stage."""
    stages = [stage(number, said) for number, said in answers.items()]
    made: Any = {
        "item": item,
        "arm": arm,
        "stages": stages,
        "lines": bill(stages, plans=arm in ("cope", "guideline")),
        "failures": [],
        "error": None,
    }
    record: Row = made | given
    return record


def records(rows: Sequence[Row], **given: Any) -> Records:
    """Put rows into a file of records that a bench made."""
    settings = given.pop("settings", CopeContext(n=4, tau1=0.5, tau2=0.5))
    models = given.pop("models", {"small": "m", "large": "l"})
    made: Any = {**header_of("bench", "math", models, settings), **given}
    return Records(made, tuple(rows), "r.jsonl")


def bench() -> Records:
    """Make a bench of four items: stage 1, 2 and 3 end one each, and one is wrong at stage 1."""
    said: dict[str, tuple[Answers, Answers, str | None]] = {
        "one": ("aaab", "aaaa", "a"),
        "two": ("abcd", "aaab", "a"),
        "three": ("abcd", "bbaa", "a"),
        "four": ("bbba", "aaaa", "a"),
    }
    rows = []
    for item, (first, second, third) in said.items():
        rows += [
            row(item, "plan_free", {1: first, 3: [third]}),
            row(item, "cope", {1: first, 2: second, 3: [third]}),
            row(item, "no_goal", {2: second, 3: [third]}),
            row(item, "own_plan", {3: ["b"]}),
            row(item, "guideline", {1: second, 2: first, 3: [third]}),
            row(item, "voter:x", {3: ["a"]}, stages=[_voted("a", 0 if first[0] == "a" else 1)]),
            row(item, "voter:y", {3: ["b"]}, stages=[_voted("b", 0 if first[0] == "b" else 1)]),
        ]
    return records(rows)


def _voted(answer: str, number: int) -> StageRecord:
    """Make a voter's one answer, in a class that is numbered with those of plan_free."""
    made = stage(3, [answer])
    made["samples"][0]["group"] = number
    return made
