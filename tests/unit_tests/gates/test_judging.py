"""The judge's verdict: winners, ties, confidence, and half a judgement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import FakeListChatModel

from cope_graph.errors import InputError
from cope_graph.gates import judge
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.verdict import Verdict
from tests.unit_tests.gates.judges import QUESTION, ballot, judged, replied

GATE = judge()


def by_worth(worth: dict[str, int], first: int = 0) -> Any:
    """Make a judge that scores by worth, and likes whoever stands first a little more."""

    def scores(texts: Sequence[str]) -> list[int]:
        return [min(10, worth[text] + (0 if place else first)) for place, text in enumerate(texts)]

    return scores


def test_the_answer_is_the_candidate_that_is_ahead_in_both_orders() -> None:
    verdict = judged(GATE, by_worth({"a": 3, "b": 9, "c": 5}), replied("a", None, "b", "c"))
    assert (verdict.winner, verdict.answer) == (2, "answer: b")
    assert verdict.confidence == (9 - 1) / 9
    assert verdict.explanation == (
        "the judge scores the best of 3 candidates 9 and 9 of 10, ahead of the rest"
    )
    assert (verdict.classes, verdict.passes) == ((), None)


def test_a_liking_for_the_first_place_makes_ties_and_no_winners() -> None:
    verdict = judged(GATE, by_worth({"a": 7, "b": 7}, first=3), replied("a", "b"))
    assert verdict.winner == 0
    assert verdict.explanation == (
        "the judge scores the best of 2 candidates 10 and 7 of 10, tied with 1"
    )


def test_a_tie_of_some_is_said() -> None:
    verdict = judged(GATE, by_worth({"a": 7, "b": 7, "c": 2}), replied("c", "a", "b"))
    assert verdict.winner == 1
    assert verdict.explanation == (
        "the judge scores the best of 3 candidates 7 and 7 of 10, ahead of 1, tied with 1"
    )


@pytest.mark.parametrize("texts", [("a",), ("a", "a", None, " a\n")])
def test_one_candidate_is_asked_about_once(texts: tuple[str | None, ...]) -> None:
    samples = replied(*texts)
    assert len(GATE.prompts(QUESTION, samples)) == 1
    verdict = judged(GATE, by_worth({"a": 8}), samples)
    assert (verdict.winner, verdict.confidence) == (0, 7 / 9)
    assert verdict.explanation == "the judge scores the only candidate 8 of 10"


def test_without_an_answer_nothing_is_asked() -> None:
    samples = replied(None, None)
    assert GATE.prompts(QUESTION, samples) == []
    assert GATE.verdict(QUESTION, samples, []) == Verdict(
        None, None, None, "none of 2 samples has a readable answer"
    )


def test_a_reply_in_which_no_answer_is_found_is_no_candidate() -> None:
    samples = replied("a", "b")
    samples[0]["answer"] = None
    assert "\na\n" not in GATE.prompts(QUESTION, samples)[0]
    assert judged(GATE, by_worth({"b": 2}), samples).winner == 1


IN_ORDER = "the judge's reply to the candidates in order"
IN_REVERSE = "the judge's reply to the candidates in reverse"


@pytest.mark.parametrize(
    ("replies", "winner", "reason"),
    [
        ([ballot(3, 9), None], 1, f"{IN_REVERSE} was lost"),
        ([None, ballot(3, 9)], 0, f"{IN_ORDER} was lost"),
        ([ballot(5, 5), "B!"], 0, f"{IN_REVERSE} holds no scores as JSON: 'B!'"),
        (["B!", None], 0, f"{IN_ORDER} holds no scores as JSON: 'B!'; {IN_REVERSE} was lost"),
        ([ballot(3), ballot(3, 9)], 0, f"{IN_ORDER} holds 1 scores for 2 candidates"),
        ([None, None], 0, f"{IN_ORDER} was lost; {IN_REVERSE} was lost"),
        ([], 0, "the judge was not asked"),
    ],
)
def test_half_a_judgement_accepts_nothing_and_says_what_is_missing(
    replies: list[str | None], winner: int, reason: str
) -> None:
    verdict = GATE.verdict(QUESTION, replied("a", "b"), replies)
    assert (verdict.confidence, verdict.winner, verdict.explanation) == (None, winner, reason)
    assert verdict.answer == f"answer: {'ab'[winner]}"
    for tau in (0.0, 1.0):
        threshold = Threshold(tau, strict=False)
        then = decide(verdict, threshold, n=2, missing=(), onward="escalate")
        assert then == ("escalate", False)


def test_the_only_candidate_without_a_readable_score_is_not_accepted() -> None:
    verdict = GATE.verdict(QUESTION, replied("a"), ["nice"])
    assert (verdict.confidence, verdict.winner) == (None, 0)
    assert verdict.explanation == "the judge's reply holds no scores as JSON: 'nice'"


@pytest.mark.parametrize(("score", "confidence"), [(1, 0.0), (10, 1.0)])
def test_confidence_is_the_score_between_0_and_1(score: int, confidence: float) -> None:
    verdict = judged(GATE, by_worth({"a": score, "b": 1}), replied("b", "a"))
    assert verdict.confidence == confidence


def test_a_threshold_is_a_score() -> None:
    for scores, accepted in (((7, 8), False), ((8, 8), True), ((6, 10), True)):
        reverse = ballot(1, scores[1])
        verdict = GATE.verdict(QUESTION, replied("a", "b"), [ballot(scores[0], 1), reverse])
        decision = decide(verdict, Threshold(0.75), n=2, missing=(), onward="escalate")
        assert decision[1] is accepted


WORTH = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10), min_size=1, max_size=8)


@given(WORTH, st.data())
def test_the_order_of_the_samples_decides_nothing_but_between_equals(
    worth: dict[str, int], data: st.DataObject
) -> None:
    texts = [*worth]
    others = data.draw(st.permutations(texts))
    one = judged(GATE, by_worth(worth), replied(*texts))
    other = judged(GATE, by_worth(worth), replied(*others))
    assert (one.confidence, one.explanation) == (other.confidence, other.explanation)
    assert worth[str(one.answer)[-1]] == worth[str(other.answer)[-1]] == max(worth.values())


@given(st.integers(1, 10), st.integers(1, 10), st.integers(0, 9))
def test_of_two_a_liking_for_the_first_place_never_lifts_the_worse_one(
    a: int, b: int, first: int
) -> None:
    verdict = judged(GATE, by_worth({"a": a, "b": b}, first), replied("a", "b"))
    assert verdict.winner == (1 if b > a else 0)
    assert verdict.explanation.endswith("tied with 1") is (abs(a - b) <= first)


@given(st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=2, max_size=8))
def test_the_winner_is_never_below_another_in_both_orders(scores: list[tuple[int, int]]) -> None:
    samples = replied(*(f"text {index}" for index in range(len(scores))))
    forward, reverse = zip(*scores, strict=True)
    verdict = GATE.verdict(QUESTION, samples, [ballot(*forward), ballot(*reverse[::-1])])
    assert verdict.winner is not None
    best = scores[verdict.winner]
    assert verdict.confidence == (sum(best) / 2 - 1) / 9
    assert not any(a > best[0] and b > best[1] for a, b in scores)


@given(st.lists(st.sampled_from(["a", "b", " b", "c", None]), max_size=8), st.data())
def test_whatever_a_judge_writes_there_is_a_verdict(
    texts: list[str | None], data: st.DataObject
) -> None:
    samples = replied(*texts)
    asked = len(GATE.prompts(QUESTION, samples))
    said = data.draw(st.lists(st.text() | st.none(), min_size=asked, max_size=asked))
    verdict = GATE.verdict(QUESTION, samples, said)
    assert (verdict.winner is None) is all(text is None for text in texts)
    assert (verdict.confidence, verdict.passes) == (None, None)
    assert len(verdict.explanation) < 400


@pytest.mark.parametrize("rubric", ["", " \n", None, 7, ["be good"]])
def test_an_empty_rubric_is_refused_with_the_fix(rubric: Any) -> None:
    with pytest.raises(InputError, match="write one in place of"):
        judge(rubric=rubric)


@pytest.mark.parametrize("most", [0, -1, True, 2.5, "9"])
def test_a_limit_that_is_none_is_refused(most: Any) -> None:
    with pytest.raises(InputError, match=re.escape(f"not {most!r}")):
        judge(max_tokens=most)


@pytest.mark.parametrize("temperature", [-0.1, 2.5, float("nan"), True, "0"])
def test_a_temperature_that_is_none_is_refused(temperature: Any) -> None:
    with pytest.raises(InputError, match=f"0 to 2 or None, not {temperature!r}"):
        judge(temperature=temperature)


def test_who_is_asked_and_how_long_a_reply_may_be_is_kept() -> None:
    model = FakeListChatModel(responses=[""])
    assert (judge().model, judge().max_tokens) == (None, None)
    assert judge("openai:gpt-4o").model == "openai:gpt-4o"
    assert judge(model, max_tokens=200).model is model
    assert judge(max_tokens=200).max_tokens == 200
    assert (judge().temperature, judge(temperature=None).temperature) == (0.0, None)
