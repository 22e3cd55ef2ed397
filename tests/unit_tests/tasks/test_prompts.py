from __future__ import annotations

from dataclasses import replace
from string import Formatter

import pytest
from syrupy.assertion import SnapshotAssertion

from cope_graph.errors import InputError
from cope_graph.tasks import MATH_PROMPTS, Plan

QUESTION = "What is half of {seven}?"
GOAL, GUIDELINE = Plan("goal", "Find 7 / 2."), Plan("guideline", "Divide.")


def test_the_math_prompts(snapshot: SnapshotAssertion) -> None:
    rendered = {
        "goal": MATH_PROMPTS.planner("goal", QUESTION),
        "guideline": MATH_PROMPTS.planner("guideline", QUESTION),
        "execute": MATH_PROMPTS.executor(QUESTION),
        "execute with goal": MATH_PROMPTS.executor(QUESTION, [GOAL]),
        "execute with goal and guideline": MATH_PROMPTS.executor(QUESTION, [GOAL, GUIDELINE]),
        "execute with guideline": MATH_PROMPTS.executor(QUESTION, [GUIDELINE]),
    }
    assert rendered == snapshot


def test_an_empty_plan_leaves_no_trace() -> None:
    assert MATH_PROMPTS.executor(QUESTION, [Plan("goal", "")]) == MATH_PROMPTS.executor(QUESTION)


@pytest.mark.parametrize(
    ("template", "fields"),
    [
        ("goal", {"question"}),
        ("guideline", {"question"}),
        ("execute", {"question", "plan"}),
        ("with_goal", {"goal"}),
        ("with_guideline", {"guideline"}),
    ],
)
def test_each_template_holds_its_fields(template: str, fields: set[str]) -> None:
    parsed = Formatter().parse(getattr(MATH_PROMPTS, template))
    assert {name for _, name, _, _ in parsed if name is not None} == fields


@pytest.mark.parametrize(
    "wrong", [{"goal": "no field"}, {"execute": "{question} {plan} {other}"}, {"goal": "{question"}]
)
def test_a_bad_template_shows_before_anything_is_paid(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        replace(MATH_PROMPTS, **wrong)
