"""The vote on objects: which values are equal, what is counted, and when it is decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.fields import by_fields, key
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.state import Sample


class Kind(Enum):
    BIG = "A"
    SMALL = "a"


def fields_of(answer: str) -> dict[str, Any] | None:
    return None if answer == "broken" else dict(json.loads(answer))


GATE = by_fields(fields_of, ["why"])


def sampled(answers: Sequence[str | None]) -> list[Sample]:
    return [
        {"text": "", "answer": answer, "finish": "stop", "goal": None, "id": None}
        for answer in answers
    ]


def votes(*objects: dict[str, Any] | None) -> Verdict:
    answers = [None if one is None else json.dumps(one) for one in objects]
    return GATE(Question("q"), sampled(answers))


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada  Lovelace", "ada lovelace"),
        (" x\n", "x"),
        ("\uff21\uff22", "ab"),
        ("Stra\u00dfe", "STRASSE"),
        ("e\u0301", "\u00e9"),
        (1, 1.0),
        (Decimal("1.50"), 1.5),
        (Decimal("1E+2"), 100),
        (float("nan"), float("nan")),
        (Decimal("sNaN"), Decimal("sNaN")),
        (["a", 1], ["A", 1.0]),
        (("a",), ["a"]),
        ({"a", "b"}, frozenset({"B", "A"})),
        ({"x": {"y": "Z"}}, {"x": {"y": "z"}}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (NOON, NOON.astimezone(timezone(timedelta(hours=2)))),
        (date(2026, 5, 1), date(2026, 5, 1)),
        (UUID(int=1), UUID(int=1)),
        (None, None),
        (bytearray(b"x"), bytearray(b"x")),
        (10**4000, 10**4000),
    ],
    ids=repr,
)
def test_values_that_are_equal(one: Any, other: Any) -> None:
    assert key(one) == key(other)
    assert hash(key(one)) == hash(key(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("ab", "a b"),
        ("10\u00b2", "102"),
        ("1", 1),
        (1, True),
        (0, False),
        (0, None),
        ("", None),
        ("None", None),
        ([], {}),
        ([], set()),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        (Kind.BIG, Kind.SMALL),
        ("2026-05-01", date(2026, 5, 1)),
        (NOON, NOON.replace(tzinfo=None)),
        (float("inf"), float("-inf")),
        (b"a", b"A"),
        ({"a": 1}, {"a": 1, "b": None}),
        (10**4000, 10**4000 + 1),
        (0.1, 0.1 + 1e-16),
    ],
    ids=repr,
)
def test_values_that_differ(one: Any, other: Any) -> None:
    assert key(one) != key(other)


def test_samples_agree_when_all_voted_fields_do_and_each_field_is_counted() -> None:
    verdict = votes(
        {"name": "Ada", "age": 36, "why": "it says so"},
        {"name": "Ada", "age": 37, "why": "no"},
        {"name": "ADA", "age": 36.0, "why": "I guess"},
        None,
    )
    assert (verdict.confidence, verdict.winner) == (0.5, 0)
    assert verdict.answer == json.dumps({"name": "Ada", "age": 36, "why": "it says so"})
    assert verdict.fields == {"name": 0.75, "age": 0.5}
    assert [one.members for one in verdict.classes] == [(0, 2), (1,)]
    assert verdict.explanation == (
        "2 of 4 samples agree on every voted field, 2 on the weakest, 'age'; "
        "1 without an object that fits"
    )


def test_agreement_on_all_fields_has_no_weakest() -> None:
    verdict = votes({"a": 1}, {"a": 1})
    assert verdict.explanation == "2 of 2 samples agree on every voted field"
    assert verdict.fields == {"a": 1.0}


def test_fields_may_agree_where_no_two_objects_do() -> None:
    verdict = votes({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1})
    assert verdict.confidence == pytest.approx(1 / 3)
    assert verdict.fields == pytest.approx({"a": 2 / 3, "b": 2 / 3})


def test_a_field_that_is_left_out_differs_from_one_that_is_null() -> None:
    verdict = votes({"a": 1}, {"a": 1}, {"a": 1, "b": None})
    assert verdict.confidence == pytest.approx(2 / 3)
    assert verdict.fields == pytest.approx({"a": 1.0, "b": 2 / 3})


def test_without_objects_there_is_no_confidence() -> None:
    verdict = votes(None, None)
    assert (verdict.confidence, verdict.winner, verdict.answer) == (None, None, None)
    assert verdict.explanation == "none of 2 samples holds an object that fits"


def test_an_answer_that_holds_no_object_any_more_is_none() -> None:
    # A thread may be resumed by a graph whose schema has changed.
    verdict = GATE(Question("q"), sampled(["broken", '{"a": 1}']))
    assert (verdict.confidence, verdict.winner) == (0.5, 1)


def test_lost_samples_are_told_apart_from_unreadable_ones() -> None:
    samples = sampled(['{"a": 1}', None, None])
    samples[1]["error"] = "timeout"
    verdict = GATE(Question("q"), samples)
    assert verdict.confidence == pytest.approx(1 / 3)
    assert verdict.explanation.endswith("1 without an object that fits")


VALUES = st.sampled_from([1, 1.0, 2, True, None, "x", " X ", ["x"], {"x": 1}])
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "why"]), VALUES)
ANSWERS = st.lists(st.none() | OBJECTS.map(json.dumps), min_size=1, max_size=8)


@given(ANSWERS)
def test_the_whole_is_never_surer_than_a_field_and_the_winner_is_a_sample(
    answers: list[str | None],
) -> None:
    verdict = GATE(Question("q"), sampled(answers))
    if verdict.winner is None:
        assert answers == [None] * len(answers)
        return
    assert verdict.answer == answers[verdict.winner]
    assert verdict.confidence is not None
    assert verdict.fields is not None
    assert "why" not in verdict.fields
    assert all(verdict.confidence <= share <= 1 for share in verdict.fields.values())


@given(st.data(), ANSWERS)
def test_the_order_of_samples_changes_neither_classes_nor_shares(
    data: st.DataObject, answers: list[str | None]
) -> None:
    def seen(given: Sequence[str | None]) -> tuple[float | None, dict[Any, Any]]:
        verdict = GATE(Question("q"), sampled(given))
        classes = {
            frozenset(json.dumps(fields_of(given[i] or "{}")) for i in one.members): len(
                one.members
            )
            for one in verdict.classes
        }
        return verdict.confidence, classes

    shuffled = data.draw(st.permutations(answers))
    assert seen(shuffled) == seen(answers)
    one, other = (GATE(Question("q"), sampled(it)) for it in (answers, shuffled))
    if one.answer is not None and one.answer == other.answer:
        assert one.fields == other.fields


@given(
    ANSWERS,
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    st.booleans(),
    st.sampled_from(["escalate", "nothing"]),
    st.sets(st.integers(0, 7)),
)
def test_stopping_early_gives_the_decision_and_the_answer_of_the_full_draw(
    answers: list[str | None], tau: float, strict: bool, onward: Any, missing: set[int]
) -> None:
    n, threshold = len(answers), Threshold(tau, strict=strict)
    absent = sorted(missing & set(range(n)))
    seen = [None if index in absent else answer for index, answer in enumerate(answers)]
    full, early = (GATE(Question("q"), sampled(it)) for it in (answers, seen))
    at_the_end = decide(full, threshold, n=n, missing=(), onward=onward)
    decided = decide(early, threshold, n=n, missing=absent, onward=onward)
    if decided[0] == "undecided":
        assert absent
        return
    assert decided == at_the_end
    if decided[0] == "accept":
        assert early.answer == full.answer


def test_five_of_eight_that_agree_end_a_draw_early() -> None:
    seen = sampled(['{"a": 1}'] * 5 + [None] * 3)
    verdict = GATE(Question("q"), seen)
    decided = decide(verdict, Threshold(0.5), n=8, missing=(5, 6, 7), onward="escalate")
    assert decided == ("accept", True)
