"""Bootstrap intervals: where they lie, that they repeat, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying import intervals
from cope_graph.evaluation.replaying.intervals import DIFFERENCES, mean_interval, mean_intervals


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40), st.integers(0, 3))
def test_the_ends_stay_within_the_span_and_around_the_mean(values: list[float], seed: int) -> None:
    found = mean_interval(values, seed=seed, draws=200, span=DIFFERENCES)
    assert -1 <= found.low < found.value + 1e-9
    assert found.value - 1e-9 < found.high <= 1
    assert found.value == pytest.approx(np.mean(values))


@pytest.mark.parametrize(("items", "points"), [(4, 46.2), (40, 6.6), (137, 2.0)])
def test_items_without_any_difference_do_not_rule_one_out(items: int, points: float) -> None:
    found = mean_interval(np.zeros(items), span=DIFFERENCES)
    assert (found.value, found.low) == (0, -found.high)
    assert 100 * found.high == pytest.approx(points, abs=0.05)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_nothing_or_all_has_a_width(share: float) -> None:
    found = mean_interval(np.full(10, share))
    assert found.high - found.low == pytest.approx(0.33, abs=0.02)


@pytest.mark.parametrize(("items", "apart"), [(10, 0.1), (30, 0.02), (100, 0.05)])
def test_intervals_of_few_items_hold_the_true_difference(items: int, apart: float) -> None:
    rng = np.random.default_rng(1)
    values = rng.choice([-1, 0, 1], (items, 2000), p=[apart, 1 - 1.5 * apart, apart / 2])
    low, high = mean_intervals(values, draws=500, span=DIFFERENCES)
    true = -apart / 2
    assert ((low <= true) & (true <= high)).mean() >= 0.94


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
    paired = mean_interval(cope.astype(float) - large, span=DIFFERENCES)
    alone = mean_interval(cope)
    assert paired.value == pytest.approx(0.005)
    assert paired.high - paired.low < (alone.high - alone.low) / 3


def test_the_seed_alone_decides_what_is_drawn() -> None:
    values = np.random.default_rng(3).random(300) ** 0.1
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


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], [1.0, float("nan")], [float("inf")], [1.5]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(InputError, match="An interval needs"):
        mean_interval(values)
