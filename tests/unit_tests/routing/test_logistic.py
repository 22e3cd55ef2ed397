"""The fit is the minimum it should be, and what it gives are probabilities."""

from __future__ import annotations

import random
from statistics import fmean, pstdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.routing.features import FEATURES
from cope_graph.routing.logistic import Logistic, fit_logistic, sigmoid


def drawn(seed: int, n: int = 80, width: int = 3) -> tuple[list[list[float]], list[bool]]:
    lot = random.Random(seed)  # noqa: S311 - no secret
    rows = [[lot.gauss(0, 10.0**k) + k for k in range(width)] for _ in range(n)]
    labels = [lot.random() < sigmoid(row[0] - 0.5) for row in rows]
    return rows, [True, False, *labels[2:]]


def slopes(model: Logistic, rows: Any, labels: Any, ridge: float) -> list[float]:
    """The derivatives of the penalised loss, worked out from its definition."""
    wrong = [model.of(row) - y for row, y in zip(rows, labels, strict=True)]
    found = [sum(wrong)]
    for column, weight in zip(zip(*rows, strict=True), model.weights, strict=True):
        mean, scale = fmean(column), pstdev(column) or 1.0
        standard = [(x - mean) / scale for x in column]
        pull = ridge * weight * scale
        found.append(sum(w * x for w, x in zip(wrong, standard, strict=True)) + pull)
    return found


@given(seed=st.integers(0, 10_000), ridge=st.sampled_from([0.1, 1.0, 10.0, 1000.0]))
def test_the_slope_of_the_loss_is_zero_where_the_fit_ends(seed: int, ridge: float) -> None:
    rows, labels = drawn(seed)
    model = fit_logistic(rows, labels, ridge)
    assert slopes(model, rows, labels, ridge) == pytest.approx([0] * 4, abs=1e-5)


def test_labels_that_a_line_parts_are_fitted_all_the_same() -> None:
    rows = [[float(i), 1.0] for i in range(-20, 20)]
    labels = [row[0] >= 0 for row in rows]
    model = fit_logistic(rows, labels, 0.01)
    assert [model.of(row) > 0.5 for row in rows] == labels
    assert slopes(model, rows, labels, 0.01) == pytest.approx([0] * 3, abs=1e-5)
    assert model.weights[1] == 0  # a feature that is always the same says nothing


@pytest.mark.parametrize(("seed", "n"), [(34, 20), (8, 50), (8, 200)])
def test_a_rare_outcome_among_far_out_features_is_fitted(seed: int, n: int) -> None:
    # Where a full step of Newton's method goes so far that the next one has no curvature to go by.
    lot = random.Random(seed)  # noqa: S311 - no secret
    rows = [[lot.gauss(0, 1) ** 5, lot.gauss(0, 1) ** 5] for _ in range(n)]
    labels = [True, *[False] * (n - 1)]
    model = fit_logistic(rows, labels, 0.1)
    assert slopes(model, rows, labels, 0.1) == pytest.approx([0] * 3, abs=1e-5)


def test_a_strong_penalty_leaves_the_base_rate() -> None:
    rows, labels = drawn(7)
    model = fit_logistic(rows, labels, 1e12)
    assert [model.of(row) for row in rows] == pytest.approx([fmean(labels)] * len(rows))


@given(text=st.text(), weights=st.tuples(*[st.floats(-1e6, 1e6)] * len(FEATURES)))
def test_any_text_gets_a_probability(text: str, weights: Any) -> None:
    assert 0 <= Logistic(0.0, weights)(text) <= 1


def test_log_odds_far_out_do_not_overflow() -> None:
    assert (sigmoid(-1e308), sigmoid(0), sigmoid(1e308)) == (0, 0.5, 1)
