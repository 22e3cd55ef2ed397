"""Scripted policies err as often, and as much together, as is stated."""

from __future__ import annotations

from itertools import pairwise
from statistics import correlation, fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.alfworld_policies import (
    CORRELATIONS,
    ScriptedPolicy,
    difficulty,
    large_rate,
    small_rate,
)

STEPS = 8_000
COMMANDS = [f"go to shelf {number}" for number in range(27)]
RIGHT = COMMANDS[3]


def proposed(policy: ScriptedPolicy, n: int) -> list[list[str]]:
    return [policy.proposals("a game", step, RIGHT, COMMANDS, n) for step in range(STEPS)]


def errors(policy: ScriptedPolicy, n: int) -> list[list[float]]:
    """Of each proposal, whether it errs, by step."""
    steps = proposed(policy, n)
    return [[float(step[index] != RIGHT) for step in steps] for index in range(n)]


@pytest.mark.parametrize("level", CORRELATIONS)
def test_errors_are_as_frequent_and_as_correlated_as_stated(level: float) -> None:
    one, two, three = errors(ScriptedPolicy("small", lambda _: 0.3, level, 0), 3)
    for each in (one, two, three):
        # Four standard errors of a mean, 0.0205.
        assert fmean(each) == pytest.approx(0.3, abs=0.0205)
    for first, second in pairwise([one, two, three]):
        assert correlation(first, second) == pytest.approx(level, abs=0.045)


@pytest.mark.parametrize(("rate", "mean"), [(small_rate, 0.2), (large_rate, 0.05)])
def test_the_rates_of_the_two_policies(rate: object, mean: float) -> None:
    assert callable(rate)
    [errs] = errors(ScriptedPolicy("a policy", rate, 0.0, 1), 1)
    assert fmean(errs) == pytest.approx(mean, abs=0.018)


def test_hard_steps_are_where_the_small_policy_errs() -> None:
    [errs] = errors(ScriptedPolicy("small", small_rate, 0.0, 2), 1)
    hard = [difficulty(2, "a game", step) > 0.5 for step in range(STEPS)]
    in_hard = fmean(err for err, is_hard in zip(errs, hard, strict=True) if is_hard)
    in_easy = fmean(err for err, is_hard in zip(errs, hard, strict=True) if not is_hard)
    # The means of d^4 over either half: 31/80 and 1/80.
    assert in_hard == pytest.approx(0.3875, abs=0.035)
    assert in_easy == pytest.approx(0.0125, abs=0.008)


def test_at_full_correlation_all_proposals_are_one() -> None:
    assert {len(set(step)) for step in proposed(ScriptedPolicy("s", small_rate, 1.0, 0), 5)} == {1}


def test_independent_errors_seldom_agree() -> None:
    steps = proposed(ScriptedPolicy("small", lambda _: 1.0, 0.0, 0), 2)
    # One of 26 others each.
    assert fmean(one == two for one, two in steps) == pytest.approx(1 / 26, abs=0.01)


@given(
    seed=st.integers(0, 99),
    step=st.integers(0, 49),
    level=st.sampled_from(CORRELATIONS),
    n=st.integers(1, 5),
)
def test_the_first_of_more_proposals_are_the_same_and_all_are_possible(
    seed: int, step: int, level: float, n: int
) -> None:
    policy = ScriptedPolicy("small", small_rate, level, seed)
    more = policy.proposals("a game", step, RIGHT, COMMANDS, 6)
    assert policy.proposals("a game", step, RIGHT, COMMANDS, n) == more[:n]
    assert set(more) <= set(COMMANDS)


def test_policies_of_different_names_draw_apart() -> None:
    [small] = errors(ScriptedPolicy("small", lambda _: 0.5, 0.0, 0), 1)
    [large] = errors(ScriptedPolicy("large", lambda _: 0.5, 0.0, 0), 1)
    assert correlation(small, large) == pytest.approx(0, abs=0.045)


def test_games_and_seeds_are_of_different_difficulty() -> None:
    drawn = {difficulty(seed, game, 0) for seed in (0, 1) for game in ("a", "b")}
    assert len(drawn) == 4
    assert difficulty(0, "a", 0) == difficulty(0, "a", 0)
