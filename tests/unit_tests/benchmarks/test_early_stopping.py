"""What stopping early saves is counted twice, by the package and by hand, on the record too."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from benchmarks.early_stopping import _SETS, _errors, _outcome, _read, bound, stopped
from cope_graph.gates.decide import Threshold


@pytest.mark.parametrize("tau", [0.5, 0.6, 0.75])
def test_every_short_draw_stops_where_counting_by_hand_says(tau: float) -> None:
    for answers in product(["1", "2", "3", None], repeat=6):
        assert stopped(answers, Threshold(tau)).drawn == bound(answers, tau)


def test_eight_that_agree_save_an_eighth_above_three_quarters() -> None:
    assert bound(["1"] * 8, 0.75) == stopped(["1"] * 8, Threshold(0.75)).drawn == 7


def test_errors_by_rate_are_what_they_are_worked_out_by_hand() -> None:
    # n = 4, above half, guard 0.5: one that agrees is enough, one without an answer too.
    row = _errors(4, 0.5, 0.5, rival=False)
    assert row[:4] == ["have no answer", "4", "0.5", "0.5"]
    # Decided after one sample: 3 of 4 saved; at rate q wrong in q P(< 2 of 3) + (1 - q) P(3 of 3).
    wrong = [q * ((1 - q) ** 3 + 3 * q * (1 - q) ** 2) + (1 - q) * q**3 for q in _grid()]
    assert float(row[4]) == 0.75
    assert float(row[6]) == pytest.approx(max(wrong), abs=6e-4)


def _grid() -> list[float]:
    return [k / 200 for k in range(201)]


@pytest.mark.parametrize("name", _SETS)
@pytest.mark.parametrize("tau", [0.5, 0.75])
def test_recorded_draws_stop_at_the_bound_and_decide_alike(name: str, tau: float) -> None:
    data = Path(os.environ.get("COPE_DATA", ""))
    file, column = _SETS[name]
    if not (data / "recorded" / f"{file}.jsonl.gz").exists():
        pytest.skip(f"COPE_DATA names no folder with recorded/{file}.jsonl.gz")
    items = _read(data, file, column)
    threshold, alike = Threshold(tau), 0
    for answers in items:
        exact = stopped(answers, threshold)
        assert (exact.drawn, exact.outcome) == (bound(answers, tau), _outcome(answers, threshold))
        lossy = stopped(answers, threshold, 0.99)
        assert lossy.drawn <= exact.drawn
        alike += lossy.outcome == exact.outcome
    assert alike / len(items) >= 0.99
