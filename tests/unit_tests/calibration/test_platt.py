"""Platt scaling: the fit is the minimum it should be, on smoothed targets; bad input is refused."""

from __future__ import annotations

import json
import random
from math import exp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.calibration.platt import Platt, fit_platt, p_correct
from cope_graph.errors import InputError
from cope_graph.gates.majority import vote
from cope_graph.gates.signals import SignalName, Signals
from cope_graph.gates.verdict import Question, Verdict
from tests.unit_tests.gates.closeness import answered


def told(agreement: float | None, margin: float | None = None) -> Signals:
    return {
        "agreement": agreement,
        "margin": margin,
        "entropy": None,
        "mean_log_prob": None,
        "tail_log_prob": None,
    }


def drawn(seed: int, n: int = 200) -> tuple[list[Signals], list[bool]]:
    """Answers that are right with the probability 1 / (1 + exp(-(6 s - 3)))."""
    lot = random.Random(seed)  # noqa: S311 - no secret
    given_ = [told(k / 8, lot.random()) for k in lot.choices(range(1, 9), k=n)]
    odds = [6 * (one["agreement"] or 0) - 3 for one in given_]
    return given_, [True, False, *(lot.random() < 1 / (1 + exp(-z)) for z in odds[2:])]


def slopes(platt: Platt, given_: list[Signals], correct: list[bool]) -> list[float]:
    """The derivatives of the log-loss against Platt's targets, from its definition."""
    right = sum(correct)
    wrong = len(correct) - right
    off = [
        (platt.of(one) or 0) - ((right + 1) / (right + 2) if it else 1 / (wrong + 2))
        for one, it in zip(given_, correct, strict=True)
    ]
    by_signal = (
        sum(x * (one[name] or 0) for x, one in zip(off, given_, strict=True))
        for name in platt.weights
    )
    return [sum(off), *by_signal]


@pytest.mark.parametrize("using", [("agreement",), ("agreement", "margin")])
@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_slope_of_the_loss_is_zero_where_the_fit_ends(
    using: tuple[SignalName, ...], seed: int
) -> None:
    given_, correct = drawn(seed)
    platt = fit_platt(given_, correct, using=using)
    assert tuple(platt.weights) == using
    assert slopes(platt, given_, correct) == pytest.approx([0] * (1 + len(using)), abs=1e-4)


def test_many_answers_bring_back_the_probabilities_they_were_drawn_with() -> None:
    platt = fit_platt(*drawn(1, 20_000))
    assert platt.weights["agreement"] == pytest.approx(6, abs=0.3)
    assert platt.intercept == pytest.approx(-3, abs=0.2)
    assert platt.records == 20_000


def test_a_signal_that_parts_right_from_wrong_makes_nothing_certain() -> None:
    given_ = [told(k / 8) for k in range(8)]
    platt = fit_platt(given_, [k >= 4 for k in range(8)])
    lowest, highest = platt.of(given_[0]), platt.of(given_[-1])
    # Four of each: targets 1/6 and 5/6.
    assert lowest is not None
    assert highest is not None
    assert 0.05 < lowest < 1 / 6 < 5 / 6 < highest < 0.95


def test_signals_that_say_the_same_share_the_weight() -> None:
    given_, correct = drawn(3)
    twice = [told(one["agreement"], one["agreement"]) for one in given_]
    platt = fit_platt(twice, correct, using=("agreement", "margin"))
    alone = fit_platt(given_, correct)
    assert [platt.of(one) for one in twice] == pytest.approx(
        [alone.of(one) for one in given_], abs=1e-5
    )


def test_a_signal_that_is_always_the_same_leaves_the_base_rate() -> None:
    platt = fit_platt([told(0.5)] * 10, [True] * 6 + [False] * 4)
    assert platt.of(told(0.5)) == pytest.approx((6 * 7 / 8 + 4 / 6) / 10)


@pytest.mark.parametrize(
    ("given_", "correct", "using", "message"),
    [
        ([told(0.5)] * 2, [True, True], ("agreement",), "All 2 answers are right.*Record more"),
        ([told(0.5)] * 2, [False, False], ("agreement",), "All 2 answers are wrong"),
        ([], [], ("agreement",), "There are no answers"),
        ([told(0.5)], [True, False], ("agreement",), "1 answers and 2 labels"),
        ([told(0.5), told(None)], [True, False], ("agreement",), "Answer 1 has no agreement"),
        ([told(0.5)] * 2, [True, False], (), "Name some of the signals"),
        ([told(0.5)] * 2, [True, False], ("agreement", "agreement"), "each once"),
        ([told(0.5)] * 2, [True, False], ("length",), "not \\['length'\\]"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_fix(
    given_: list[Signals], correct: list[bool], using: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fit_platt(given_, correct, using=using)


def test_a_verdict_gets_the_probability_of_its_signals_and_none_without_an_answer() -> None:
    platt, gate = Platt({"agreement": 6.0}, -3.0, 9), vote(str.__eq__)
    samples = answered("1", "1", "2", None)
    assert p_correct(platt, gate(Question("q"), samples), samples) == 0.5
    assert p_correct(platt, Verdict(0.9, 0, "1", "a score"), samples) is None
    nobody = answered(None, None)
    assert p_correct(platt, gate(Question("q"), nobody), nobody) is None


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["agreement", "entropy"]), st.floats(-1e6, 1e6), min_size=1),
    st.floats(-1e6, 1e6),
    st.integers(2, 10**6),
)
def test_json_gives_back_what_was_saved(weights: Any, intercept: float, records: int) -> None:
    platt = Platt(weights, intercept, records)
    assert Platt.from_json(json.loads(json.dumps(platt.to_json()))) == platt


@pytest.mark.parametrize(
    "change",
    [
        {"signals": {}},
        {"signals": {"length": 1.0}},
        {"signals": {"agreement": "1"}},
        {"intercept": float("nan")},
        {"records": 1},
        {"more": 1},
    ],
)
def test_other_json_is_refused(change: dict[str, Any]) -> None:
    content = {**Platt({"agreement": 1.0}, 0.0, 9).to_json(), **change}
    with pytest.raises(InputError, match="no Platt scaling"):
        Platt.from_json(content)
