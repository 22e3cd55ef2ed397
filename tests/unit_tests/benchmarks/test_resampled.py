"""AUROC and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.resampled import auroc, interval, shown

scores = st.integers(0, 4).map(float)
pairs = st.lists(st.tuples(scores, st.sampled_from([0.0, 0.25, 0.5, 1.0])), max_size=12)


def slow(pairs: Sequence[tuple[float, float]]) -> float:
    """Compare every right one with every wrong one."""
    won = total = 0.0
    for score, right in pairs:
        for other, share in pairs:
            weight = right * (1 - share)
            total += weight
            won += weight * (1.0 if score > other else 0.5 if score == other else 0.0)
    return won / total


@given(pairs)
def test_auroc_is_the_chance_that_right_scores_above_wrong(
    pairs: list[tuple[float, float]],
) -> None:
    value = auroc(pairs)
    if value is None:
        assert all(share == 0 for _, share in pairs) or all(share == 1 for _, share in pairs)
    else:
        assert value == pytest.approx(slow(pairs))


def test_auroc_of_a_perfect_a_useless_and_a_perverse_score() -> None:
    assert auroc([(0.9, 1), (0.1, 0)]) == 1
    assert auroc([(0.5, 1), (0.5, 0)]) == 0.5
    assert auroc([(0.1, 1), (0.9, 0)]) == 0
    assert auroc([(0.1, 1), (0.9, 1)]) is None


def test_an_interval_is_that_of_the_normal_law_where_rows_are_many() -> None:
    ends = interval([[float(at % 2)] for at in range(400)], fmean)
    assert ends is not None
    assert ends[0] == pytest.approx(0.5 - 1.96 * 0.5 / 20, abs=0.01)
    assert ends[1] == pytest.approx(0.5 + 1.96 * 0.5 / 20, abs=0.01)


def test_rows_that_belong_together_are_drawn_together() -> None:
    alone = interval([[float(at % 2)] for at in range(100)], fmean)
    together = interval([[float(at % 2)] * 10 for at in range(10)], fmean)
    assert alone is not None
    assert together is not None
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_an_interval_is_the_same_each_time_and_none_without_values() -> None:
    groups = [[float(at)] for at in range(9)]
    assert interval(groups, fmean, draws=50) == interval(groups, fmean, draws=50)
    assert interval(groups, lambda _: None, draws=50) is None
    assert interval([], fmean) is None


def test_a_figure_is_written_with_what_is_known_of_it() -> None:
    assert shown(0.5, (0.25, 0.75)) == "0.500 [0.250, 0.750]"
    assert shown(0.5, None) == "0.500"
    assert shown(None, None) == "-"
