"""A gate that behaves as calibrated raises no alarm; one that changed does, once."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from cope_graph.calibration import DriftWatch, Thresholds, calibrate
from cope_graph.calibration.exact_share import exact_interval
from cope_graph.calibration.wagers import joining, wagers
from cope_graph.errors import InputError
from cope_graph.gates.decide import Threshold
from tests.unit_tests.calibration.outcomes import table, voters
from tests.unit_tests.gates.stopping import draw, seen

MADE = calibrate(table(600), max_loss=0.05).thresholds


def confidences(runs: int, seed: int) -> list[float]:
    found: list[float] = table(runs, seed).small[1].confidence.tolist()
    return found


def watch(thresholds: Thresholds, seen: list[float]) -> DriftWatch:
    watching = DriftWatch(thresholds)
    for one in seen:
        watching.add(accepted=one > thresholds.tau1, agreement=one)
    return watching


def test_runs_like_the_calibration_raise_hardly_an_alarm() -> None:
    drifted = 0
    for trial in range(40):
        made = calibrate(table(200, trial), max_loss=0.05).thresholds
        drifted += watch(made, confidences(800, 1000 + trial)).report().drifted
    assert drifted <= 4


def test_a_gate_that_accepts_far_less_is_noticed_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = confidences(500, 5) + [one / 2 for one in confidences(1500, 6)]
    with caplog.at_level(logging.WARNING, logger="cope_graph"):
        report = watch(MADE, [round(one * 8) / 8 for one in seen]).report()
    assert report.drifted
    assert report.since is not None
    assert 500 < report.since < 1200
    assert [record.name for record in caplog.records] == ["cope_graph"]
    assert "no longer behaves as calibrated: drift at run" in caplog.text


def test_agreement_that_changes_at_an_equal_accept_rate_is_noticed() -> None:
    tau = MADE.tau1
    seen = [one if one > tau else 0.0 for one in confidences(2000, 7)]
    report = watch(MADE, seen).report()
    assert report.drifted
    assert report.what is not None
    assert report.what.startswith("agreement <= ")


def test_the_stakes_are_a_fair_game_at_the_edge_of_the_band() -> None:
    assert MADE.reference is not None
    _, high = exact_interval(
        round(MADE.reference.accepted * MADE.reference.items), MADE.reference.items, 0.0125
    )
    more = wagers(MADE.reference, 0.025)[0]
    for won, lost in zip(more.won, more.lost, strict=True):
        assert high * won + (1 - high) * lost == pytest.approx(1)
        assert won > 1 > lost


def test_all_that_ever_joins_is_the_capital() -> None:
    assert MADE.reference is not None
    assert sum(wager.share for wager in wagers(MADE.reference, 0.025)) == pytest.approx(1)
    assert sum(joining(run) for run in range(1, 100_001)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (81, 263, 0.2527, 0.3676),
    ],
)
def test_the_exact_interval_is_the_published_one(
    count: int, n: int, low: float, high: float
) -> None:
    assert exact_interval(count, n, 0.05) == pytest.approx((low, high), abs=5e-5)


def visit(**given: Any) -> dict[str, Any]:
    return {"stage": 1, "samples": 8, "confidence": 0.75, "accepted": True, **given}


def test_a_runs_output_is_read_by_its_last_look_at_the_first_stage() -> None:
    looks = [visit(), visit(stage=3, confidence=None)]
    report = DriftWatch(MADE).feed({"visits": looks, "stopped_by": None})
    assert (report.runs, report.accepted, dict(report.agreement)) == (1, 1.0, {0.75: 1})


@pytest.mark.parametrize(
    "looks",
    [[visit(samples=5)], [visit(samples=4, accepted=False), visit()]],
    ids=["stopped early", "drawn in full, in waves"],
)
def test_agreement_of_samples_in_waves_is_not_compared(looks: list[dict[str, Any]]) -> None:
    report = DriftWatch(MADE).feed({"visits": looks, "stopped_by": None})
    assert (report.runs, report.accepted, dict(report.agreement)) == (1, 1.0, {})


def test_early_stopping_is_no_drift() -> None:
    drifted = 0
    for trial in range(10):
        made = calibrate(table(400, trial), max_loss=0.05).thresholds
        watching = DriftWatch(made)
        for place, confidence in enumerate(confidences(600, 1000 + trial)):
            watching.feed({"visits": stopped_early(confidence, made.tau1, place)})
        drifted += watching.report().drifted
    assert drifted <= 1


def stopped_early(confidence: float, tau: float, seed: int) -> list[dict[str, Any]]:
    """Give the looks of a run whose full draw would have this confidence, samples shuffled."""
    alike = round(confidence * 8)
    answers = [*["1"] * alike, *(f"other {place}" for place in range(8 - alike))]
    Random(seed).shuffle(answers)  # noqa: S311 - no secret
    looks, drawn = [], 0
    for size in draw(answers, Threshold(tau), "hand_over").waves:
        drawn += size
        share = seen(answers[:drawn]).confidence
        passed = round((share or 0) * drawn) / 8 > tau
        looks.append(visit(samples=drawn, confidence=share, accepted=passed))
    return looks


@pytest.mark.parametrize("out", [{}, {"visits": "none"}, "text"])
def test_what_is_no_output_of_a_cascade_is_refused(out: Any) -> None:
    with pytest.raises(InputError, match="no output of a cascade: feed what graph"):
        DriftWatch(MADE).feed(out)


@pytest.mark.parametrize(
    "out",
    [
        {"visits": [visit(stage=3)], "stopped_by": None},
        {"visits": [visit()], "stopped_by": "budget"},
        {"visits": [], "stopped_by": None},
    ],
)
def test_runs_that_say_nothing_are_counted_as_left_out(out: dict[str, Any]) -> None:
    report = DriftWatch(MADE).feed(out)
    assert (report.runs, report.left_out, report.accepted) == (0, 1, None)
    assert "no run was watched yet (1 left out)" in str(report)


def test_a_quorum_is_watched_by_its_accept_rate_alone() -> None:
    made = calibrate(voters(400), max_loss=0.05).thresholds
    watching = DriftWatch(made)
    for _ in range(1000):
        report = watching.feed({"visits": [visit(samples=2, accepted=False)], "stopped_by": None})
    assert report.drifted
    assert report.what == "accept rate"


def test_memory_does_not_grow_with_runs_of_any_score() -> None:
    watching = DriftWatch(MADE)
    for score in np.random.default_rng(0).random(3000).tolist():
        report = watching.add(accepted=True, agreement=score)
    assert len(report.agreement) < 300
    assert sum(report.agreement.values()) == report.runs == 3000


def test_threads_feed_one_watch_and_no_run_is_lost() -> None:
    watching = DriftWatch(MADE)

    def feed(_: int) -> None:
        for one in confidences(200, 3):
            watching.add(accepted=one > MADE.tau1, agreement=one)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(feed, range(8)))
    report = watching.report()
    assert report.runs == sum(report.agreement.values()) == 1600


def test_without_a_reference_or_a_level_nothing_is_watched() -> None:
    with pytest.raises(InputError, match="calibrate anew"):
        DriftWatch(replace(MADE, reference=None))
    with pytest.raises(InputError, match="not 1"):
        DriftWatch(MADE, level=1)
