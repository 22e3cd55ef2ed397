"""What is certified, what is not, and that the promise is kept as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cope_graph.calibration import Calibration, StageTable, calibrate
from cope_graph.calibration.choose import dealt
from cope_graph.calibration.ladder import Alone
from cope_graph.calibration.stage_table import StageOutcomes
from tests.unit_tests.calibration.outcomes import names, table, voters

DATE = "2026-01-01T00:00:00+00:00"


def made(items: int, *, max_loss: float = 0.05, confidence: float = 0.9) -> Calibration:
    return calibrate(table(items), date=DATE, max_loss=max_loss, confidence=confidence)


def test_enough_items_certify_thresholds_that_accept() -> None:
    got = made(600).thresholds
    assert got.shown.certified
    assert got.tau1 < 1
    assert got.shown.bound is not None
    assert got.shown.loss < got.shown.bound <= 0.05
    assert got.shown.usd < got.shown.usd_large
    assert (got.origin.certified_on, got.origin.chosen_on) == (600, 0)


def test_too_few_items_escalate_everything_and_say_how_many_would_do() -> None:
    got = made(25).thresholds
    assert not got.shown.certified
    assert (got.tau1, got.shown.loss) == (1.0, 0.0)
    assert got.shown.needs is not None
    assert got.shown.needs > 25


def test_where_the_small_model_loses_too_much_no_number_would_do() -> None:
    base = table(300)
    wrong = StageOutcomes(base.small[1].confidence, np.arange(300) < 3, base.small[1].usd)
    got = calibrate(table(300, small={1: wrong}), max_loss=0.02).thresholds
    assert not got.shown.certified
    assert got.shown.needs is None


def test_a_promise_that_is_harder_is_never_met_by_lower_thresholds() -> None:
    taus = [made(600, max_loss=loss).thresholds.tau1 for loss in (0.01, 0.03, 0.1, 0.3)]
    assert taus == sorted(taus, reverse=True)
    sure = [made(600, confidence=sure).thresholds.tau1 for sure in (0.5, 0.9, 0.99)]
    assert sure == sorted(sure)


def test_the_order_of_the_items_does_not_matter_and_the_seed_is_kept() -> None:
    base = table(300, plans=True)
    turned = np.random.default_rng(0).permutation(300)
    assert base.right3 is not None
    assert base.usd3 is not None
    other = StageTable(
        base.schedule,
        Alone(
            tuple(base.alone.items[i] for i in turned),
            base.alone.right[turned],
            base.alone.usd[turned],
        ),
        {
            stage: StageOutcomes(one.confidence[turned], one.right[turned], one.usd[turned])
            for stage, one in base.small.items()
        },
        base.right3[turned],
        base.usd3[turned],
    )
    one, two = (calibrate(x, max_loss=0.05, seed=3, date=DATE) for x in (base, other))
    assert one == two
    assert one.thresholds.origin.seed == 3


def test_other_outcomes_have_another_hash() -> None:
    assert (
        made(100).thresholds.origin.data
        != calibrate(table(100, 1), max_loss=0.05).thresholds.origin.data
    )


def test_schedules_are_chosen_on_other_items_than_the_test() -> None:
    got = calibrate([table(400), table(400, plans=True)], max_loss=0.05, split=0.25)
    origin = got.thresholds.origin
    assert (origin.chosen_on, origin.certified_on, got.candidates) == (100, 300, 4)


def test_what_the_tested_items_say_does_not_change_the_choice() -> None:
    base = voters(400)
    got = calibrate(base, max_loss=0.05, split=0.5, seed=1)
    chosen = got.thresholds.schedule
    _, tested = dealt(base.alone.items, 0.5, 1, choice=True)
    right = base.right.copy()
    right[tested] = False  # on the tested items every voter is wrong
    other = calibrate(replace(base, right=right), max_loss=0.05, split=0.5, seed=1).thresholds
    assert other.schedule.small == chosen.small
    assert not other.shown.certified


def test_what_the_tested_items_cost_does_not_change_the_order_of_the_voters() -> None:
    base = voters(400)
    free = replace(base, usd=base.usd[:, ::-1], by_cost=True)  # the last one is the cheapest
    got = calibrate(free, max_loss=0.3, split=0.5, seed=1).thresholds.schedule.small
    assert list(got) == sorted(got, reverse=True)
    _, tested = dealt(base.alone.items, 0.5, 1, choice=True)
    turned = free.usd.copy()
    turned[tested] = base.usd[tested]
    other = calibrate(replace(free, usd=turned), max_loss=0.3, split=0.5, seed=1).thresholds
    assert other.schedule.small == got


def test_two_voters_of_a_free_order_are_ordered_on_other_items_than_the_test() -> None:
    base = voters(100)
    pair = {name: getattr(base, name)[:, :2] for name in ("groups", "right", "usd")}
    two = replace(base, voters=("a", "b"), by_cost=True, **pair)
    assert calibrate(two, max_loss=0.1).thresholds.origin.chosen_on == 30
    assert calibrate(replace(two, by_cost=False), max_loss=0.1).thresholds.origin.chosen_on == 0


def test_a_quorum_is_certified_with_its_voters_in_order() -> None:
    got = calibrate(voters(1500), max_loss=0.05).thresholds
    assert got.shown.certified
    quorum = got.schedule.quorum
    assert quorum is not None
    assert list(got.schedule.small) == sorted(got.schedule.small)
    assert got.tau1 == (quorum - 1) / len(got.schedule.small)
    assert got.settings()["quorum"] == quorum


def test_plans_that_were_not_shown_to_keep_the_promise_become_the_large_model_alone() -> None:
    base = table(200, plans=True)
    got = calibrate(replace(base, right3=np.zeros(200, np.bool_)), max_loss=0.02).thresholds
    assert not got.shown.certified
    assert got.settings()["stages"] == (3,)
    assert (got.shown.loss, got.shown.bound, got.shown.usd) == (0.0, 0.0, got.shown.usd_large)
    assert got.shown.accuracy == got.shown.accuracy_large


def test_a_quorum_that_was_not_shown_becomes_the_large_model_alone() -> None:
    got = calibrate(voters(20), max_loss=0.01).thresholds
    assert not got.shown.certified
    assert got.settings()["stages"] == (3,)


@pytest.mark.parametrize("plans", [False, True])
def test_the_promise_is_broken_at_most_as_often_as_it_says(plans: bool) -> None:
    whole = table(40_000, 9, plans=plans)
    ladders = {ladder.path: ladder for ladder in whole.ladders()}
    broken, accepting = 0, 0
    for trial in range(120):
        index = np.random.default_rng(trial).integers(40_000, size=250)
        got = calibrate(part(whole, index), max_loss=0.03, confidence=0.8, seed=trial)
        if got.thresholds.shown.certified:
            accepting += 1
            ladder = ladders[got.path]
            taus = [(step.tau1, step.tau2) for step in ladder.steps]
            at = taus.index((got.thresholds.tau1, got.thresholds.tau2))
            loss = whole.alone.right.mean() - ladder.right[at].mean()
            broken += bool(loss > 0.03)
    assert accepting > 30
    assert broken <= 0.2 * 120 + 3 * (0.2 * 0.8 * 120) ** 0.5


def part(whole: StageTable, index: np.ndarray) -> StageTable:
    small = {
        stage: StageOutcomes(one.confidence[index], one.right[index], one.usd[index])
        for stage, one in whole.small.items()
    }
    alone = Alone(names(len(index)), whole.alone.right[index], whole.alone.usd[index])
    third = None if whole.right3 is None else whole.right3[index]
    usd3 = None if whole.usd3 is None else whole.usd3[index]
    return StageTable(whole.schedule, alone, small, third, usd3)


def test_a_cost_is_certified_where_an_item_has_a_most() -> None:
    got = calibrate(table(500), max_usd=0.009, most_usd=0.011).thresholds
    assert got.shown.certified
    assert got.shown.bound is not None
    assert got.shown.usd < got.shown.bound <= 0.009


def test_a_cost_without_a_most_is_an_estimate() -> None:
    got = calibrate(table(500), max_usd=0.009).thresholds
    assert (got.shown.certified, got.shown.bound) == (False, None)
    assert got.shown.usd <= 0.009


def test_of_what_is_cheap_enough_the_most_accurate_is_taken() -> None:
    base = table(500)
    got = calibrate(base, max_usd=0.009).thresholds
    (ladder,) = base.ladders()
    cheap = ladder.right[ladder.usd.mean(axis=1) <= 0.009].mean(axis=1)
    assert got.shown.accuracy == pytest.approx(cheap.max())
