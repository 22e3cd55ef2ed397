"""From agreement to P(correct): on whom each stage's is fitted, and where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cope_graph.calibration import Alone, StageOutcomes, calibrate
from cope_graph.calibration.ladder import Step
from cope_graph.calibration.platt import Platt, agreeing, fit_platt
from cope_graph.calibration.scaling import scalings
from tests.unit_tests.calibration.outcomes import N, names, schedule, table, voters


def fitted(agreement: Any, right: Any) -> dict[str, Any]:
    pairs = sorted(zip(agreement.tolist(), right.tolist(), strict=True))
    return fit_platt([agreeing(one) for one, _ in pairs], [it for _, it in pairs]).to_json()


def test_each_stage_is_fitted_on_the_answers_that_come_to_it() -> None:
    made = table(600, plans=True)
    first, second = made.small[1], made.small[2]
    found = scalings(made, ("small",), Step(0.75, 0.5), alone=False)
    assert found is not None
    rest = first.confidence <= 0.75
    there = rest & (second.confidence > 0)
    assert found["1"] == fitted(
        first.confidence[first.confidence > 0], first.right[first.confidence > 0]
    )
    assert found["2"] == fitted(second.confidence[there], second.right[there])
    assert found["2"]["records"] < found["1"]["records"] < 600
    last = rest & (second.confidence <= 0.5)
    assert made.right3 is not None
    share = float(made.right3[last].mean())
    assert Platt.from_json(found["3"]).of(agreeing(1.0)) == pytest.approx(share, abs=0.02)


def test_a_quorum_is_fitted_on_the_share_of_those_that_were_asked() -> None:
    made = voters(800)
    found = scalings(made, ("a", "b", "c"), Step(1 / 3, None, 2), alone=False)
    assert found is not None
    two = made.groups[:, 0] == made.groups[:, 1]
    three = ~two & np.any(made.groups[:, :2] == made.groups[:, [2]], axis=1)
    agreement = np.concatenate([np.full(two.sum(), 1.0), np.full(three.sum(), 2 / 3)])
    right = np.concatenate([made.right[two, 0], made.right[three, 2]])
    assert found["1"] == fitted(agreement, right)
    assert found["3"]["records"] == 800 - two.sum() - three.sum()


def test_the_large_model_alone_has_the_share_of_all() -> None:
    made = table(300, plans=True)
    found = scalings(made, ("small",), Step(1.0, 1.0), alone=True)
    assert found is not None
    assert (list(found), found["3"]["records"]) == (["3"], 300)


def test_too_few_answers_or_one_kind_of_them_are_not_scaled() -> None:
    rights = np.array([False] + [True] * 29)
    small = {1: StageOutcomes(np.full(30, 1 / N), rights, np.ones(30))}
    alone = Alone(names(30), np.ones(30, np.bool_), np.ones(30))
    one_kind = table(30, alone=alone, small=small)
    found = scalings(one_kind, ("small",), Step(0.5, None), alone=False)
    assert found is not None
    assert set(found) == {"1"}  # the large model is always right: nobody knows how often
    few = table(19)
    assert scalings(few, ("small",), Step(1.0, None), alone=False) is None


def test_scores_are_not_scaled_as_agreement() -> None:
    made = replace(table(300), votes=False, schedule=schedule(n=3))
    assert scalings(made, ("small",), Step(0.5, None), alone=False) is None


def test_it_is_fitted_on_all_items_those_that_chose_too() -> None:
    made = calibrate([table(400), table(400)], max_loss=0.1, split=0.5).thresholds
    assert made.origin.certified_on == 200
    found = scalings(table(400), ("small",), Step(made.tau1, None), alone=False)
    assert made.platt == found
