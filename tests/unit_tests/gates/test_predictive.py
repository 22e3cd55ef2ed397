"""Lossy early stopping: the probabilities are right, and decisions are those of the full draw."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.predictive import chances, foreseen
from cope_graph.gates.verdict import Verdict
from tests.unit_tests.gates.stopping import draw, seen


def _chance(count: int, seen_: int, missing: int, joining: int) -> Fraction:
    """The probability of a number that joins, drawn one after another from Polya's urn."""
    half = Fraction(1, 2)
    hits = prod((count + half + i for i in range(joining)), start=Fraction(1))
    misses = range(missing - joining)
    others = prod((seen_ - count + half + i for i in misses), start=Fraction(1))
    total = prod((seen_ + 1 + i for i in range(missing)), start=Fraction(1))
    return comb(missing, joining) * hits * others / total


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 24))
def test_the_chances_are_those_of_an_urn_that_starts_with_halves(
    count: int, others: int, missing: int
) -> None:
    found = chances(count, count + others, missing)
    exact = [_chance(count, count + others, missing, j) for j in range(missing + 1)]
    assert found == pytest.approx([float(one) for one in exact], rel=1e-9)
    assert min(found) > 0


@pytest.mark.parametrize("n", [5, 8, 10])
@pytest.mark.parametrize("tau", [0.5, 0.75])
@pytest.mark.parametrize("guard", [0.99, 0.9])
def test_over_all_agreement_rates_the_share_decided_otherwise_is_below_what_the_guard_leaves(
    n: int, tau: float, guard: float
) -> None:
    # Summed over all ways a draw can go, rates being as the prior says: nothing is left to chance.
    threshold, different, saved = Threshold(tau), Fraction(0), Fraction(0)
    for joins in range(n + 1):
        weight = _chance(0, 0, n, joins) / comb(n, joins)
        for where in _orders(n, joins):
            answers = ["1" if hit else None for hit in where]
            early = draw(answers, threshold, "escalate", wave=1, guard=guard)
            full = draw(answers, threshold, "escalate", wave=n)
            different += weight * (early.outcome[:2] != full.outcome[:2])
            saved += weight * Fraction(n - early.drawn, n)
    assert different <= 1 - guard
    assert saved > 0


def _orders(n: int, joins: int) -> list[tuple[bool, ...]]:
    return [bits for bits in product((False, True), repeat=n) if sum(bits) == joins]


@pytest.mark.parametrize("tau", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("strict", [True, False])
def test_a_simulated_model_with_many_answers_is_decided_alike_in_99_of_100_runs(
    tau: float, strict: bool
) -> None:
    lot, threshold, runs = random.Random(3), Threshold(tau, strict=strict), 1000  # noqa: S311
    alike = saved = 0
    for _ in range(runs):
        # One answer as often as the prior says, and others in its place, each at its own rate.
        often = lot.betavariate(0.5, 0.5)
        others = [lot.gammavariate(0.5, 1) for _ in range(5)]
        shares = [often, *((1 - often) * one / sum(others) for one in others)]
        answers = lot.choices(["1", "2", "3", "4", "5", None], shares, k=10)
        early = draw(answers, threshold, "escalate", guard=0.99)
        full = draw(answers, threshold, "escalate", wave=10)
        alike += early.outcome == full.outcome
        saved += draw(answers, threshold, "escalate").drawn - early.drawn
    assert alike / runs >= 0.99
    assert saved > 0


def test_it_stops_earlier_than_exact_stopping_and_may_be_wrong() -> None:
    answers = ["1"] * 4 + ["2"] * 5 + ["3"]
    exact = draw(answers, Threshold(0.5), "escalate")
    lossy = draw(answers, Threshold(0.5), "escalate", guard=0.99)
    assert (exact.outcome, exact.drawn) == (("escalate", False, None), 10)
    assert (lossy.outcome, lossy.drawn) == (("accept", True, "1"), 4)


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(0.9, 0, "1", "a score"),
        Verdict(0.0, 0, "1", "tests", passes=False, preferred=(0, 1)),
        Verdict(None, 0, "1", "an answer that was not compared", by_share=True),
    ],
)
def test_of_gates_that_do_not_vote_nothing_is_foreseen(verdict: Verdict) -> None:
    for threshold in (Threshold(0.5), None):
        found = foreseen(verdict, threshold, n=64, missing=[63], onward="escalate", guard=0.5)
        assert found is None


def test_votes_that_late_samples_may_regroup_are_not_foreseen() -> None:
    verdict = replace(seen([None, *["1"] * 20, None]), loose=True)
    for missing, expected in (([0], "undecided"), ([21], "accept")):
        found = decide(verdict, Threshold(0.95), n=22, missing=missing, onward="nothing", guard=0.5)
        assert found[0] == expected


def test_with_nothing_behind_it_the_answer_has_to_be_the_same_too() -> None:
    # Below the threshold for certain, but the leader may change.
    verdict = seen(["1", "2", "3", "4"])
    assert decide(verdict, Threshold(0.9), n=8, missing=range(4, 8), onward="escalate")[0] == (
        "escalate"
    )
    found = decide(verdict, Threshold(0.9), n=8, missing=range(4, 8), onward="nothing", guard=0.5)
    assert found == ("undecided", False)
