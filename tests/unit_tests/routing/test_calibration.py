"""How far probabilities are from what happened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.routing.calibration import brier, calibration_error


def test_the_brier_score_is_the_mean_squared_error() -> None:
    assert brier([0.9, 0.2], [True, False]) == pytest.approx((0.01 + 0.04) / 2)


def test_the_calibration_error_weighs_bins_by_their_questions() -> None:
    # Three questions at 0.85, two of which happened; one at 0.05, which did.
    chances, happened = [0.85, 0.85, 0.85, 0.05], [True, True, False, True]
    expected = 3 / 4 * abs(0.85 - 2 / 3) + 1 / 4 * abs(0.05 - 1)
    assert calibration_error(chances, happened) == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_both_lie_between_0_and_1(pairs: list[tuple[float, bool]]) -> None:
    chances, happened = [p for p, _ in pairs], [y for _, y in pairs]
    assert 0 <= brier(chances, happened) <= 1
    assert 0 <= calibration_error(chances, happened) <= 1 + 1e-12


def test_certainty_that_is_right_has_no_error() -> None:
    assert calibration_error([1.0, 0.0, 1.0], [True, False, True]) == 0
