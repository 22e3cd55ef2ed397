"""The bound holds as often as it says, whatever the values; more confidence costs width."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.calibration.betting import Floats, items_needed, rejects, upper_bound

SIGNED = {"low": -1.0, "high": 1.0}
UNIT = {"low": 0.0, "high": 1.0}
values = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=80).map(np.array)


def missed(draws: Floats, mean: float, delta: float, **scale: float) -> float:
    """Tell in which share of the rows the bound is below the true mean."""
    return float(np.mean([rejects(row, mean, delta=delta, **scale) for row in draws]))


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("n", [30, 300])
def test_a_true_mean_of_bernoulli_values_is_refuted_at_most_as_often_as_delta(
    p: float, n: int
) -> None:
    draws = np.random.default_rng(1).binomial(1, p, size=(2_000, n)).astype(float)
    # 0.1 plus three standard errors of 2,000 trials.
    assert missed(draws, p, 0.1, **UNIT) <= 0.1 + 3 * 0.0067


@pytest.mark.parametrize("shares", [(0.02, 0.96, 0.02), (0.3, 0.4, 0.3), (0.0, 0.98, 0.02)])
def test_a_true_mean_of_signed_losses_is_refuted_at_most_as_often_as_delta(
    shares: tuple[float, float, float],
) -> None:
    lot = np.random.default_rng(2)
    draws = lot.choice([-1.0, 0.0, 1.0], p=shares, size=(2_000, 200))
    assert missed(draws, shares[2] - shares[0], 0.1, **SIGNED) <= 0.1 + 3 * 0.0067


def test_the_level_is_used_and_not_given_away() -> None:
    draws = np.random.default_rng(3).binomial(1, 0.5, size=(2_000, 300)).astype(float)
    assert missed(draws, 0.5, 0.1, **UNIT) > 0.03


def test_a_mean_well_above_the_true_one_is_refuted() -> None:
    draws = np.random.default_rng(4).choice([-1.0, 0.0, 1.0], p=(0.03, 0.95, 0.02), size=(200, 800))
    assert missed(draws, 0.02, 0.1, **SIGNED) > 0.9


@settings(deadline=None)
@given(values, st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_the_bound_rises_with_the_confidence_asked_for(x: Floats, one: float, two: float) -> None:
    less, more = sorted((one, two))
    loose = upper_bound(x, **SIGNED, delta=more)
    assert loose <= upper_bound(x, **SIGNED, delta=less) + 1e-9


@settings(deadline=None)
@given(values, st.floats(0.01, 0.5))
def test_the_bound_is_within_the_range_and_never_at_its_lower_end(x: Floats, delta: float) -> None:
    assert -1 < upper_bound(x, **SIGNED, delta=delta) <= 1


@settings(deadline=None)
@given(values, st.floats(0.01, 0.5), st.floats(-0.9, 0.9))
def test_a_mean_is_refuted_just_where_it_is_above_the_bound(
    x: Floats, delta: float, mean: float
) -> None:
    bound = upper_bound(x, **SIGNED, delta=delta)
    if abs(mean - bound) > 1e-9:
        assert rejects(x, mean, **SIGNED, delta=delta) == (mean > bound)


def test_the_capital_is_the_formula_by_hand() -> None:
    x, m, delta = [0.0, 1.0, 0.0], 0.8, 0.2
    capital, most, mu_sum, spread, before = 1.0, 1.0, 0.5, 0.25, 0.25
    for t, value in enumerate(x, 1):
        stake = min((2 * log(1 / delta) / (3 * before)) ** 0.5, 0.75 / (1 - m))
        capital *= 1 - stake * (value - m)
        most = max(most, capital)
        mu_sum += value
        spread += (value - mu_sum / (t + 1)) ** 2
        before = spread / (t + 1)
    assert 1 < most < 5
    assert rejects(np.array(x), m, **UNIT, delta=1 / most + 1e-9) or most < 1 / delta
    assert rejects(np.array(x), m, **UNIT, delta=delta) == (most >= 1 / delta)


def test_the_items_needed_are_about_those_that_do() -> None:
    x = np.array([-1.0] * 3 + [0.0] * 95 + [1.0] * 2)
    needed = items_needed(x, 0.02, **SIGNED, delta=0.1)
    assert needed is not None
    lot = np.random.default_rng(5)
    power = {
        n: 1
        - np.mean([not rejects(lot.choice(x, n), 0.02, **SIGNED, delta=0.1) for _ in range(300)])
        for n in (needed // 3, needed, 3 * needed)
    }
    assert power[needed // 3] < 0.5 < power[3 * needed]
    assert 0.25 < power[needed] < 0.85


def test_no_number_of_items_shows_what_is_not_so() -> None:
    assert items_needed(np.array([0.0, 1.0]), 0.02, **SIGNED, delta=0.1) is None


def test_without_a_single_loss_the_items_needed_are_exact() -> None:
    needed = items_needed(np.zeros(50), 0.02, **SIGNED, delta=0.1)
    assert needed is not None
    assert rejects(np.zeros(needed), 0.02, **SIGNED, delta=0.1)
    assert not rejects(np.zeros(needed - 2), 0.02, **SIGNED, delta=0.1)
