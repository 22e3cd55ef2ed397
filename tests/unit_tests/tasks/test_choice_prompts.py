from __future__ import annotations

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from cope_graph.gates.verdict import Question
from cope_graph.tasks import CHOICE_PROMPTS, SHORT_ANSWER_PROMPTS, Plan, Prompts, choice

GOAL, GUIDELINE = Plan("goal", "Decide by {age}."), Plan("guideline", "First, look.")
ASKED = choice(["Paris\n(B) Lyon", " London "]).show(Question("Which {city}?"))


@pytest.mark.parametrize(
    ("prompts", "question"),
    [(CHOICE_PROMPTS, ASKED), (SHORT_ANSWER_PROMPTS, "How high is {it}?")],
    ids=["choice", "short answer"],
)
def test_the_prompts(prompts: Prompts, question: str, snapshot: SnapshotAssertion) -> None:
    rendered = {
        "goal": prompts.planner("goal", question),
        "guideline": prompts.planner("guideline", question),
        "execute": prompts.executor(question),
        "execute with goal and guideline": prompts.executor(question, [GOAL, GUIDELINE]),
    }
    assert rendered == snapshot


def test_several_are_asked_for_where_several_may_be_right() -> None:
    shown = choice(["x", "y"], several=True).show(Question("Which?"))
    assert shown == "Which?\n\nOptions (one or more are right):\n(A) x\n(B) y"


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        (["yes", "no"], "AB"),
        (["A", "B", "AB"], "ABC"),
        (["B", "A"], "12"),
        (["c", "d", "e"], "123"),
    ],
)
def test_options_are_called_by_numbers_where_letters_would_be_confused(
    options: Any, labels: str
) -> None:
    lines = choice(options).show(Question("Which?")).splitlines()[3:]
    assert "".join(line[1] for line in lines) == labels
