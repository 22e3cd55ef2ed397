"""Agreement by the closeness of embeddings: groups, what is asked for, and what is refused."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings

from cope_graph.gates import meaning
from cope_graph.gates.vectors import Vectors
from cope_graph.gates.verdict import Question, Verdict
from tests.unit_tests.gates.closeness import Angles, answered

Q = Question("q")
FAR = {"a": 0.0, "b": 20.0, "c": 40.0, "z": 180.0}
CLOSE = math.cos(math.radians(25))


def look(embeddings: Embeddings, *answers: str | None, **settings: Any) -> Verdict:
    gate = meaning(embeddings, free=True, **{"similarity": CLOSE, **settings})
    return gate(Q, answered(*answers))


def members(verdict: Verdict) -> list[tuple[int, ...]]:
    return [one.members for one in verdict.classes]


def test_close_answers_count_together_and_the_first_of_the_largest_group_wins() -> None:
    verdict = look(Angles(FAR), "z", "b", "a", "b", None)
    assert members(verdict) == [(1, 2, 3), (0,)]
    assert (verdict.confidence, verdict.winner, verdict.answer) == (0.6, 1, "b")
    assert verdict.explanation == "3 of 5 samples are close in meaning"


def test_each_answer_is_compared_with_first_members_alone() -> None:
    assert members(look(Angles(FAR), "a", "b", "c")) == [(0, 1), (2,)]
    assert members(look(Angles(FAR), "b", "a", "c")) == [(0, 1, 2)]


def test_the_length_of_a_vector_does_not_matter() -> None:
    assert members(look(Angles(FAR, length=1e-3), "a", "b", "z")) == [(0, 1), (2,)]


def test_at_the_threshold_counts_as_close() -> None:
    at = math.cos(math.radians(20))
    assert members(look(Angles(FAR), "a", "b", similarity=at)) == [(0, 1)]
    assert members(look(Angles(FAR), "a", "b", similarity=at + 1e-6)) == [(0,), (1,)]


def test_no_readable_answer_is_no_confidence_and_a_reason() -> None:
    embeddings = Angles(FAR)
    verdict = look(embeddings, None, None)
    assert (verdict.confidence, verdict.winner, verdict.answer) == (None, None, None)
    assert verdict.explanation == "none of 2 samples has a readable answer"
    assert embeddings.asked == []


def test_equal_texts_agree_without_a_vector() -> None:
    embeddings = Angles({})
    assert look(embeddings, "a", "a", None).confidence == 2 / 3
    assert embeddings.asked == []


def test_texts_are_embedded_once_and_all_new_ones_in_one_call() -> None:
    embeddings = Angles(FAR)
    gate = meaning(embeddings, free=True)
    gate(Q, answered("a", "z", "a"))
    gate(Q, answered("a", "z", "a", "b", "c"))
    gate(Q, answered("c", "a"))
    assert embeddings.asked == [["a", "z"], ["b", "c"]]


def test_no_more_than_the_last_512_vectors_are_kept() -> None:
    embeddings = Angles({str(i): i for i in range(600)})
    vectors = Vectors(embeddings, nullcontext())
    vectors.of(["0", "1"])
    vectors.of([str(i) for i in range(1, 513)])
    vectors.of(["1", "512"])
    assert len(embeddings.asked) == 2
    vectors.of(["0"])
    assert embeddings.asked[-1] == ["0"]


def test_a_look_at_more_texts_than_are_kept_sees_all_of_them() -> None:
    embeddings = Angles({str(i): i for i in range(600)})
    assert len(Vectors(embeddings, nullcontext()).of(list(embeddings.degrees))) == 600


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("20 minutes", "40 minutes", False),
        ("20 minutes", "20 min", True),
        ("20 minutes", "some minutes", False),
        ("1,500 people", "people: 1500", True),
        ("1.5 l", "15 l", False),
        ("from 3 to 5", "5, up from 3", True),
        ("1. Stir.\n2. Bake.", "Stir, then bake.", True),
        ("1) Stir 3 eggs.", "Stir 4 eggs.", False),
        ("1969. The year of the landing.", "1968. The year of the landing.", False),
        ("7) apples are left", "8) apples are left", False),
        ("1. Stir.\n3. Bake.", "1. Stir.\n4. Bake.", False),
        ("twenty", "forty", True),
    ],
)
def test_answers_with_other_numbers_are_never_the_same(one: str, other: str, same: bool) -> None:
    verdict = look(Angles({one: 0, other: 0}), one, other)
    assert (len(verdict.classes) == 1) is same


def test_an_answer_too_long_to_compare_equals_its_copies_alone() -> None:
    long = "a" * 11
    embeddings = Angles({"a": 0, "b": 0})
    verdict = look(embeddings, long, "a", "b", long, long, longest=10)
    assert members(verdict) == [(0, 3, 4), (1, 2)]
    assert verdict.explanation == (
        "3 of 5 samples are close in meaning (3 too long to compare by embeddings)"
    )
    assert embeddings.asked == [["a", "b"]]


class Broken(Embeddings):
    def __init__(self, given: Any) -> None:
        self.given = given

    def embed_documents(self, texts: list[str]) -> list[list[float]]:  # noqa: ARG002
        if isinstance(self.given, Exception):
            raise self.given
        return self.given  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        raise NotImplementedError(text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ConnectionError("key sk-secret"), "ConnectionError"),
        ([[1.0, 0.0]], "ValueError"),
        ([[1.0, 0.0]] * 3, "ValueError"),
        ([[1.0, 0.0], [1.0]], "ValueError"),
        ([[1.0, 0.0], [0.0, 0.0]], "ValueError"),
        ([[1.0, 0.0], [math.nan, 0.0]], "ValueError"),
        ([[1.0, 0.0], [math.inf, 0.0]], "ValueError"),
        ([[1.0, 0.0], []], "ValueError"),
        ([[1.0, 0.0], ["x", 0.0]], "TypeError"),
        (None, "TypeError"),
    ],
)
def test_embeddings_that_fail_give_no_confidence_and_do_not_say_their_words(
    given: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    verdict = look(Broken(given), None, "a", "b")
    assert (verdict.confidence, verdict.winner, verdict.answer) == (None, 1, "a")
    assert verdict.classes == ()
    assert verdict.explanation == (
        f"the answers cannot be compared: their embeddings failed ({said})"
    )
    assert "sk-secret" not in "".join(record.message for record in caplog.records)


def test_failed_embeddings_are_asked_for_again() -> None:
    embeddings = Broken(TimeoutError())
    gate = meaning(embeddings, free=True)
    assert gate(Q, answered("a", "b")).confidence is None
    embeddings.given = [[1.0, 0.0], [1.0, 0.0]]
    assert gate(Q, answered("a", "b")).confidence == 1.0
