"""Signals are what their definitions say, by hand and as laws."""

from __future__ import annotations

from math import inf, log, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.majority import vote
from cope_graph.gates.signals import Signals, signals
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.state import Sample
from tests.unit_tests.gates.closeness import answered

GATE = vote(str.__eq__)
ANSWERS = st.lists(st.sampled_from(["1", "2", "3", None]), min_size=1, max_size=12)


def of(*answers: str | None) -> Signals:
    samples = answered(*answers)
    return signals(GATE(Question("q"), samples), samples)


def scored(*pairs: tuple[str | None, float]) -> list[Sample]:
    samples = answered(*(answer for answer, _ in pairs))
    for sample, (_, mean) in zip(samples, pairs, strict=True):
        sample["log_probs"] = {"tokens": 9, "mean": mean, "tail": 2 * mean, "window": 3 * mean}
    return samples


def test_five_of_eight_two_others_and_one_unreadable_by_hand() -> None:
    found = of("1", "1", "2", "1", None, "2", "1", "1")
    assert (found["agreement"], found["margin"]) == (5 / 8, 3 / 8)
    by_hand = -(5 / 8 * log(5 / 8) + 2 / 8 * log(2 / 8) + 1 / 8 * log(1 / 8)) / log(8)
    assert found["entropy"] == pytest.approx(by_hand)
    assert (found["mean_log_prob"], found["tail_log_prob"]) == (None, None)


def test_unreadable_answers_count_together_as_one_more() -> None:
    assert of("1", None, None)["entropy"] == of("1", "2", "2")["entropy"]
    assert of(None, None) == {
        "agreement": 0,
        "margin": 0,
        "entropy": 0,
        "mean_log_prob": None,
        "tail_log_prob": None,
    }


@given(ANSWERS)
def test_agreement_bounds_margin_and_entropy_is_zero_when_all_say_the_same(
    answers: list[str | None],
) -> None:
    found = of(*answers)
    agreement, margin, entropy = found["agreement"], found["margin"], found["entropy"]
    assert agreement is not None
    assert margin is not None
    assert entropy is not None
    assert 0 <= margin <= agreement <= 1
    assert 0 <= entropy <= 1 + 1e-12
    assert (entropy == 0) is (len(set(answers)) == 1)
    assert agreement == (GATE(Question("q"), answered(*answers)).confidence or 0)


@given(st.permutations(["1", "1", "1", "2", "2", None]))
def test_the_order_of_samples_does_not_matter(answers: list[str | None]) -> None:
    assert of(*answers) == of("1", "1", "1", "2", "2", None)


def test_log_probs_are_those_of_the_samples_behind_the_answer() -> None:
    samples = scored(("1", -0.25), ("2", -9.0), ("1", -0.75))
    found = signals(GATE(Question("q"), samples), samples)
    assert (found["mean_log_prob"], found["tail_log_prob"]) == (-0.5, -1.0)


def test_a_sample_without_log_probs_or_with_impossible_ones_is_left_out() -> None:
    samples = [*scored(("1", -0.5), ("1", -inf), ("1", nan)), *answered("1")]
    found = signals(GATE(Question("q"), samples), samples)
    assert (found["mean_log_prob"], found["tail_log_prob"]) == (-0.5, -1.0)


def test_a_gate_that_does_not_vote_has_the_log_probs_of_its_winner_alone() -> None:
    samples = scored(("1", -0.5), ("2", -0.125))
    found = signals(Verdict(0.88, 1, "2", "the lowest perplexity"), samples)
    assert found == {
        "agreement": None,
        "margin": None,
        "entropy": None,
        "mean_log_prob": -0.125,
        "tail_log_prob": -0.25,
    }
