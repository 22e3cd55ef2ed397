"""A gate's health: figures against their definitions, and the cases without one."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.health import auroc, health_of, one_class

EIGHTHS = st.integers(0, 8).map(lambda count: count / 8)
ITEMS = st.lists(st.tuples(EIGHTHS | st.just(math.nan), st.booleans()), min_size=1, max_size=30)


def _columns(items: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [one for one, _ in items], [right for _, right in items]


@given(ITEMS)
def test_auroc_is_the_share_of_pairs_in_order_and_half_the_ties(
    items: list[tuple[float, bool]],
) -> None:
    ranked = [(-1.0 if math.isnan(one) else one, right) for one, right in items]
    good = [one for one, right in ranked if right]
    bad = [one for one, right in ranked if not right]
    found = health_of(1, *_columns(items), 0.5, strict=True).auroc
    if not good or not bad:
        assert found is None
        return
    wins = sum((a > b) + (a == b) / 2 for a, b in product(good, bad))
    assert found == pytest.approx(wins / (len(good) * len(bad)))


@given(ITEMS, EIGHTHS)
def test_every_item_is_either_accepted_or_rejected(
    items: list[tuple[float, bool]], tau: float
) -> None:
    confidence, right = _columns(items)
    found = health_of(2, confidence, right, tau, strict=True)
    assert found.accept_rate is not None
    accepted = found.accept_rate * (found.accuracy_accepted or 0)
    rejected = (1 - found.accept_rate) * (found.accuracy_rejected or 0)
    assert accepted + rejected == pytest.approx(np.mean(right))
    assert sum(one.items for one in found.bins) == sum(not math.isnan(one) for one in confidence)


def test_a_confidence_at_tau_is_accepted_unless_it_has_to_be_above() -> None:
    strict = health_of(1, [0.5, 0.75], [True, True], 0.5, strict=True)
    at_tau = health_of(1, [0.5, 0.75], [True, True], 0.5, strict=False)
    assert (strict.accept_rate, at_tau.accept_rate) == (0.5, 1.0)


def test_the_errors_of_a_worked_example() -> None:
    found = health_of(1, [1.0, 1.0, 0.5, 0.5], [True, False, True, True], 0.75, strict=True)
    assert found.brier == pytest.approx((0 + 1 + 0.25 + 0.25) / 4)
    assert found.ece == pytest.approx((2 * 0.5 + 2 * 0.5) / 4)
    assert (found.accuracy_accepted, found.accuracy_rejected) == (0.5, 1.0)
    assert found.auroc == pytest.approx((1 / 2 + 0 + 0) / 3)


def test_a_share_at_an_edge_is_in_the_bin_below_it() -> None:
    shares = [count / 10 for count in range(11)]
    found = health_of(1, shares, [True] * 11, 0.5, strict=True)
    assert [one.items for one in found.bins] == [2, *[1] * 9]
    for one in found.bins:
        assert one.confidence is not None
        assert one.low <= one.confidence <= one.high


def test_a_calibrated_gate_has_no_calibration_error() -> None:
    right = [True] * 3 + [False]
    found = health_of(1, [0.75] * 4, right, 0.5, strict=True)
    assert found.ece == pytest.approx(0.0)
    assert found.brier == pytest.approx(0.75 * 0.25)


def test_without_a_confidence_an_item_is_rejected_and_claims_nothing() -> None:
    found = health_of(1, [math.nan, 1.0], [False, True], 0.0, strict=False)
    assert (found.accept_rate, found.auroc) == (0.5, 1.0)
    assert (found.ece, found.brier) == (0.0, 0.0)
    assert sum(one.items for one in found.bins) == 1


def test_one_class_has_no_auroc_and_is_named() -> None:
    right = health_of(1, [0.5, 1.0], [True, True], 0.75, strict=True)
    wrong = health_of(1, [0.5, 0.6], [False, False], 0.75, strict=True)
    both = health_of(1, [0.5, 1.0], [False, True], 0.75, strict=True)
    assert (right.auroc, wrong.auroc) == (None, None)
    assert (one_class(right), one_class(wrong), one_class(both)) == ("right", "wrong", None)


def test_no_items_have_no_figures() -> None:
    found = health_of(2, [], [], 0.5, strict=True)
    figures = (found.accept_rate, found.accuracy_accepted, found.accuracy_rejected)
    assert (*figures, found.auroc, found.ece, found.brier) == (None,) * 6
    assert (found.items, one_class(found)) == (0, None)


def test_auroc_does_not_look_at_the_scale() -> None:
    score, right = np.array([0.1, 0.2, 0.2, 0.9]), np.array([False, True, False, True])
    assert auroc(score, right) == auroc(score**3, right) == 0.875


@pytest.mark.parametrize("confidence", [[1.5, 0.2], [-0.1, 0.2], [math.inf, 0.2], [0.2]])
def test_what_is_no_confidence_is_refused(confidence: list[float]) -> None:
    with pytest.raises(InputError):
        health_of(1, confidence, [True, False], 0.5, strict=True)
