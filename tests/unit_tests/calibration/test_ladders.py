"""Paths through thresholds: fixed before the outcomes are seen, and played as a run would."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.calibration import Schedule, StageOutcomes
from cope_graph.calibration.paths import Path, chain, levels_of
from cope_graph.calibration.voter_table import play
from cope_graph.gates.decide import Threshold
from tests.unit_tests.calibration.outcomes import N, table, voters


@pytest.mark.parametrize("plans", [False, True])
def test_the_steps_are_the_same_whatever_the_outcomes(plans: bool) -> None:
    one, other = table(50, 1, plans=plans).ladders(), table(90, 2, plans=plans).ladders()
    assert [ladder.steps for ladder in one] == [ladder.steps for ladder in other]


def test_the_quorums_are_the_same_whatever_the_outcomes() -> None:
    one, other = voters(50, 1).ladders(), voters(90, 2).ladders()
    assert [(x.schedule, x.steps) for x in one] == [(x.schedule, x.steps) for x in other]


@settings(deadline=None)
@given(st.sampled_from(get_args(Path)), st.integers(1, 40))
def test_each_step_lowers_one_threshold_by_one_level(path: Path, size: int) -> None:
    places = chain(path, size)
    assert places[0] == (0, 0)
    assert places[-1][0] == size
    for before, after in pairwise(places):
        moved = (after[0] - before[0], after[1] - before[1])
        assert moved in {(0, 1), (1, 0)}


def test_the_papers_thresholds_lie_on_a_path() -> None:
    ahead = next(x for x in table(20, plans=True).ladders() if x.path == "stage 2 ahead")
    assert (0.75, 0.5) in [(step.tau1, step.tau2) for step in ahead.steps]


@pytest.mark.parametrize("plans", [False, True])
def test_each_step_accepts_more_and_costs_no_more_on_every_item(plans: bool) -> None:
    for ladder in table(200, plans=plans).ladders():
        assert not ladder.accepted[0].any()
        assert (ladder.accepted[1:] >= ladder.accepted[:-1]).all()
        assert (ladder.usd[1:] <= ladder.usd[:-1] + 1e-12).all()


def test_the_first_step_without_plans_is_the_large_model() -> None:
    made = table(100)
    (ladder,) = made.ladders()
    assert ladder.exact
    assert (ladder.right[0] == made.alone.right).all()
    assert not any(ladder.exact for ladder in table(100, plans=True).ladders())


@pytest.mark.parametrize("path", get_args(Path))
def test_a_step_gives_what_the_cascade_would_give(path: Path) -> None:
    made = table(60, plans=True)
    ladder = next(x for x in made.ladders() if x.path == path)
    assert made.right3 is not None
    assert made.usd3 is not None
    for place, step in enumerate(ladder.steps):
        assert step.tau2 is not None
        for item in range(60):
            right, usd = bool(made.right3[item]), 0.0
            for stage, tau in ((1, step.tau1), (2, step.tau2)):
                outcomes = made.small[stage]
                usd += outcomes.usd[item]
                if Threshold(tau).passed(round(outcomes.confidence[item] * N), N):
                    right = bool(outcomes.right[item])
                    break
            else:
                usd += made.usd3[item]
            assert (ladder.right[place, item], ladder.usd[place, item]) == (
                right,
                pytest.approx(usd),
            )


@settings(deadline=None)
@given(st.integers(1, 64))
def test_every_threshold_parts_two_counts(n: int) -> None:
    for level, tau in enumerate(levels_of(n, votes=True)):
        accepted = [count for count in range(n + 1) if Threshold(tau).passed(count, n)]
        assert accepted == [*range(n - level + 1, n + 1)]


def test_scores_have_levels_of_their_own() -> None:
    score = StageOutcomes(np.array([0.97, 0.31]), np.array([True, False]), np.zeros(2))
    (ladder,) = table(2, small={1: score}, votes=False).ladders()
    assert len(ladder.steps) == 21
    assert ladder.accepted[1].tolist() == [True, False]


@settings(deadline=None)
@given(st.data())
def test_voters_are_asked_until_a_quorum_agrees_or_cannot_any_more(data: Any) -> None:
    size = data.draw(st.integers(2, 5))
    quorum = data.draw(st.integers(2, size))
    groups = data.draw(st.lists(st.integers(-1, 2), min_size=size, max_size=size))
    right = [group == 0 for group in groups]
    asked = 0
    counts: Counter[int] = Counter()
    while max(counts.values(), default=0) < quorum:
        if max(counts.values(), default=0) + size - asked < quorum:
            break
        if groups[asked] >= 0:
            counts[groups[asked]] += 1
        asked += 1
    reached = max(counts.values(), default=0) >= quorum
    arrays = np.array([groups]), np.array([right]), np.ones((1, size))
    agreed, answer, spent = play(*arrays, quorum)
    assert (bool(agreed[0]), float(spent[0])) == (reached, asked)
    if reached:
        assert bool(answer[0]) == (counts.most_common(1)[0][0] == 0)


def test_voters_are_picked_in_every_size_up_to_the_most() -> None:
    made = voters(40, most=3)
    schedules = [ladder.schedule for ladder in made.ladders()]
    assert len(schedules) == 6 + 4
    assert schedules[0] == Schedule(("a", "b"), "large", 2, (1, 3), "none", 2)
    assert max(len(one.small) for one in schedules) == 3
