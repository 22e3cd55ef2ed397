"""What routing would have saved on recorded runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.routing import Predictor, RoutingRecord, fit_router, proven
from cope_graph.routing.evidence import crossed, interval
from tests.unit_tests.routing.made_up import HARD, by_length, records


def test_routing_pays_where_hard_questions_are_known_by_their_text() -> None:
    shown = fit_router(records()).evidence
    assert shown.pays
    assert shown.saved == pytest.approx(shown.usd_before - shown.usd_after)
    assert shown.low < shown.saved < shown.high
    assert shown.starts == (60, 0, 60)
    assert shown.brier < shown.brier_base


def test_it_does_not_pay_where_stage_1_is_cheap() -> None:
    shown = fit_router(records(usd1=0.000_1)).evidence
    assert (shown.saved, shown.low, shown.high) == (0, 0, 0)
    assert shown.starts == (120, 0, 0)
    assert not shown.pays


def test_a_text_that_says_nothing_of_the_outcome_gives_the_base_rate() -> None:
    found = records(400, easy=0.5, hard=0.5)
    router = fit_router(found)
    base = fmean(record.accepted for record in found)
    assert router.predict(HARD) == pytest.approx(base, abs=0.06)
    assert router.evidence.calibration_error < 0.06
    assert router.predict(HARD) == router.predict("Why?")


def test_a_predictor_that_is_wrong_is_shown_to_cost() -> None:
    shown = proven(lambda question: 1 - by_length(question), records()).evidence
    assert shown.high < 0
    assert not shown.pays


def test_no_record_is_routed_by_a_predictor_that_has_seen_it() -> None:
    found, asked = records(), []

    def make(others: Sequence[RoutingRecord]) -> Predictor:
        seen = {record.question for record in others}
        assert len(seen) == 96

        def predict(question: str) -> float:
            assert question not in seen
            asked.append(question)
            return 0.5

        return predict

    crossed(found, make, seed=3)
    assert sorted(asked) == sorted(record.question for record in found)


def test_what_a_run_did_not_pay_counts_as_the_mean_of_those_that_did() -> None:
    found = [
        RoutingRecord(f"q{i}", i % 2 == 0, 1, usd_stage3=None if i % 2 == 0 else i)
        for i in range(60)
    ]
    routed = crossed(found, lambda _: lambda _: 0.0, seed=0)
    assert set(routed.starts) == {3}
    mean = fmean(range(1, 60, 2))
    assert routed.before[:4] == [1, 2, 1, 4]
    assert routed.after[:4] == [mean, 1, mean, 3]


def test_stage_2_is_begun_at_where_it_mostly_accepts() -> None:
    shown = fit_router(records(400, usd2=0.002)).evidence
    assert shown.starts == (200, 200, 0)
    assert shown.pays


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), p=st.floats(0, 1))
def test_the_same_seed_gives_the_same_evidence(seed: int, p: float) -> None:
    found = records(60)
    first, second = (proven(lambda _: p, found, seed=seed).evidence for _ in range(2))
    assert first == second


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    lot, covered = random.Random(5), 0  # noqa: S311 - no secret
    for i in range(60):
        low, high = interval([lot.gauss(1, 2) for _ in range(100)], i)
        covered += low <= 1 <= high
    assert 52 <= covered <= 60  # 57 of 60 are expected


def test_a_certain_difference_has_no_width() -> None:
    assert interval([2.0] * 50, 0) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("predict", "said"),
    [
        (lambda _: 1.5, "gave 1.5, which is no probability"),
        (lambda _: -0.1, "gave -0.1"),
        (lambda _: float("nan"), "gave nan"),
        (lambda _: None, "gave None"),
        (lambda _: "0.5", "gave a str, which is no"),
        (lambda question: 1 / question.count("%"), "raised ZeroDivisionError"),
        ("0.5", "gives 0 to 1 for a question's text; '0.5' is no function"),
    ],
)
def test_a_predictor_of_nonsense_is_refused(predict: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        proven(predict, records())
