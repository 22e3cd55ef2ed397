from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cope_graph import PLAN_FREE, create_cope, tasks
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.verdict import Question
from cope_graph.tasks.plain_equality import plain_equal
from cope_graph.tasks.short_answers import read_short
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner
from tests.unit_tests.gates.closeness import answered
from tests.unit_tests.tasks.answer_table import DIFFERENT, EQUAL

FREE = PLAN_FREE.model_copy(update={"n": 3})
ASK: dict[str, Any] = {"messages": [("user", "When was it signed?")]}


def test_one_date_in_three_forms_is_one_answer(both: Runner) -> None:
    small = ScriptedChat(
        replies=["Answer: July 4, 1776", "1776-07-04", "the answer is 4 July 1776"]
    )
    app = create_cope(
        small, ScriptedChat(replies=[]), task=tasks.short_answer(), defaults=FREE
    ).compile()
    out = both(app, ASK)
    assert (out["answer"], out["stage"], out["confidence"]) == ("July 4, 1776", 1, 1.0)


def test_answers_that_differ_go_to_the_large_model(both: Runner) -> None:
    small = ScriptedChat(replies=["Answer: 1776", "Answer: 1787", "I do not\nknow"])
    large = ScriptedChat(replies=["Answer: 4 July 1776"])
    app = create_cope(small, large, task=tasks.short_answer(), defaults=FREE).compile()
    out = both(app, ASK)
    assert (out["answer"], out["stage"]) == ("4 July 1776", 3)
    assert out["visits"][0]["reason"].startswith("1 of 3 samples agree")


def test_a_decision_waits_for_a_sample_that_may_take_an_answer_without_unit_away() -> None:
    gate: Any = tasks.short_answer().gate
    kilometres = ["5", *["5 km"] * 6]

    def look(first: str | None) -> tuple[str, bool]:
        missing = () if first else (0,)
        verdict = gate(Question("How far?"), answered(first, *kilometres))
        return decide(verdict, Threshold(0.75), n=8, missing=missing, onward="escalate")

    assert look("5 km") == ("accept", True)
    assert look("5 miles") == ("escalate", False)
    assert look(None) == ("undecided", False)


ANSWERS = sorted({answer for pair in (*EQUAL, *DIFFERENT) for answer in pair})


@given(st.sampled_from(ANSWERS) | st.text(), st.sampled_from(ANSWERS) | st.text())
@example("0/0", "0/0")
@example("\u0661\u0662", "12")
@example("\u00b2", "2")
def test_equality_is_reflexive_and_symmetric(a: str, b: str) -> None:
    assert plain_equal(a, a)
    assert plain_equal(a, b) == plain_equal(b, a)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_thousand_metres_are_a_kilometre_and_nothing_else(a: int, b: int) -> None:
    assert plain_equal(f"{a} km", f"{1000 * b:,} m") == (a == b)


@given(st.dates(), st.dates())
def test_a_date_is_equal_to_itself_in_words_and_to_no_other(a: Any, b: Any) -> None:
    assert plain_equal(a.isoformat(), f"{b:%B} {b.day}, {b.year:04}") == (a == b)


HOSTILE = [
    "9" * 900,
    "9" * 100_000,
    "1e999",
    "1e-999",
    "1e999999999",
    "1/0",
    "-" * 900,
    "1," * 450,
    "1,000" * 190,
    "one hundred " * 80,
    "a million " * 90,
    "a b " * 240,
    "1 hour " * 140,
    "' " * 450,
    "\\text{" * 160,
    "(" * 990,
    "\u0301" * 900,
    "\ud800",
    "\ufdfa" * 900,
    "9" * 400 + " km",
    "4 July " + "9" * 500,
]


@pytest.mark.parametrize("a", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_answer_equals_itself_alone(a: str) -> None:
    assert [plain_equal(a, b) for b in HOSTILE] == [a == b for b in HOSTILE]


@pytest.mark.parametrize(
    "reply",
    [
        "Answer: " * 20_000,
        "\\boxed{" * 20_000,
        "answer is " * 20_000,
        "*" * 100_000,
        "\n" * 100_000,
        "Answer:\n" * 20_000,
        "#" * 50_000 + "answer",
        " \n" * 60_000 + "answer:",
    ],
)
def test_a_hostile_reply_has_no_answer(reply: str) -> None:
    read = read_short(reply)
    assert read is None or len(read) <= 1_000
