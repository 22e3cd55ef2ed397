"""Bootstrap intervals: where they lie, that they repeat, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying import intervals
from cope_graph.evaluation.replaying.intervals import mean_interval, mean_intervals


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40), st.integers(0, 3))
def test_the_ends_stay_within_the_values_and_in_order(values: list[float], seed: int) -> None:
    found = mean_interval(values, seed=seed, draws=200)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.value == pytest.approx(np.mean(values))


def test_a_share_has_the_interval_of_the_normal_approximation() -> None:
    values = np.arange(1000) < 700
    found = mean_interval(values, seed=1)
    half = 1.96 * (0.7 * 0.3 / 1000) ** 0.5
    assert found.value == 0.7
    assert found.low == pytest.approx(0.7 - half, abs=0.004)
    assert found.high == pytest.approx(0.7 + half, abs=0.004)


def test_about_95_of_100_intervals_hold_the_true_mean() -> None:
    rng = np.random.default_rng(0)
    low, high = mean_intervals(rng.random((400, 300)) < 0.6, seed=2)
    covered = float(((low <= 0.6) & (high >= 0.6)).mean())
    assert 0.91 <= covered <= 0.98


def test_a_paired_difference_is_narrower_than_two_intervals_apart() -> None:
    large = np.arange(200) % 4 != 0
    cope = large.copy()
    cope[:4] = True  # right where the large model is, and on one item more
    paired = mean_interval(cope.astype(float) - large)
    alone = mean_interval(cope)
    assert paired.value == pytest.approx(0.005)
    assert paired.high - paired.low < (alone.high - alone.low) / 5


def test_the_seed_alone_decides_what_is_drawn() -> None:
    values = np.random.default_rng(3).random(50)
    assert mean_interval(values, seed=4) == mean_interval(values, seed=4)
    assert mean_interval(values, seed=4) != mean_interval(values, seed=5)


def test_blocks_of_columns_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.random.default_rng(6).random((30, 7)) < 0.5
    whole = mean_intervals(table, draws=100)
    one = mean_interval(table[:, 5], draws=100)
    monkeypatch.setattr(intervals, "_CELLS", 300)  # three columns, ten draws at once
    in_blocks = mean_intervals(table, draws=100)
    assert np.allclose(whole, in_blocks)
    assert (one.low, one.high) == pytest.approx((whole[0][5], whole[1][5]))


def test_no_columns_have_no_intervals() -> None:
    low, high = mean_intervals(np.zeros((3, 0)))
    assert low.shape == high.shape == (0,)


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], [1.0, float("nan")], [float("inf")]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(InputError, match="An interval needs"):
        mean_interval(values)
