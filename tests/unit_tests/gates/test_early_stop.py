"""Exact early stopping: the full draw's decision and answer, with as few samples as prove it."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.decide import Onward, Threshold
from tests.unit_tests.gates.stopping import draw, seen

ANSWERS = st.lists(st.sampled_from(["1", "2", "3", None]), min_size=1, max_size=16)
LONG = st.lists(st.sampled_from(["1", "1", "1", "2", None]), min_size=17, max_size=64)
TAUS = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
ONWARD = st.sampled_from(get_args(Onward))
WAVES = st.none() | st.integers(1, 16)


@given(ANSWERS | LONG, TAUS, st.booleans(), ONWARD, WAVES)
def test_waves_of_any_size_decide_and_answer_as_the_full_draw(
    answers: list[str | None], tau: float, strict: bool, onward: Onward, wave: int | None
) -> None:
    threshold = Threshold(tau, strict=strict)
    full = draw(answers, threshold, onward, wave=len(answers))
    assert draw(answers, threshold, onward, wave=wave).outcome == full.outcome


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("strict", [True, False])
def test_no_short_draw_decides_otherwise_and_some_end_early(n: int, strict: bool) -> None:
    saved = 0
    for answers in product(["1", "2", None], repeat=n):
        for tau, onward in product((0.0, 0.25, 0.5, 0.75, 1.0), get_args(Onward)):
            threshold = Threshold(tau, strict=strict)
            full = draw(answers, threshold, onward, wave=n)
            for wave in (None, *range(1, n)):
                stopped = draw(answers, threshold, onward, wave=wave)
                assert stopped.outcome == full.outcome
                saved += n - stopped.drawn
    assert saved > 0 or n == 1


@given(ANSWERS, TAUS, st.booleans(), ONWARD, st.sampled_from([1.0, 0.99, 0.9]))
def test_computed_waves_draw_no_more_samples_than_one_by_one(
    answers: list[str | None], tau: float, strict: bool, onward: Onward, guard: float
) -> None:
    threshold = Threshold(tau, strict=strict)
    computed = draw(answers, threshold, onward, guard=guard)
    assert computed.drawn == draw(answers, threshold, onward, wave=1, guard=guard).drawn


@given(ANSWERS | LONG, TAUS, st.booleans(), ONWARD, WAVES)
def test_a_guard_of_one_stops_where_exact_stopping_would(
    answers: list[str | None], tau: float, strict: bool, onward: Onward, wave: int | None
) -> None:
    # What can still change the outcome, some completion changes: worked out without the package.
    threshold = Threshold(tau, strict=strict)
    stopped = draw(answers, threshold, onward, wave=1, guard=1.0)
    if len(answers) <= 16:
        before = answers[: max(stopped.drawn - 1, 0)]
        assert not before or _may_change(before, len(answers), threshold, onward)
    assert draw(answers, threshold, onward, wave=wave, guard=1.0).outcome == stopped.outcome


def _may_change(there: list[str | None], n: int, threshold: Threshold, onward: Onward) -> bool:
    """Tell whether completions that differ most come to different outcomes."""
    rest = n - len(there)
    names = [*dict.fromkeys(there), None, "new"]
    blocks = [
        [*there, *[one] * k, *[other] * (rest - k)]
        for one, other in product(names, repeat=2)
        for k in range(rest + 1)
    ]
    return len({draw(full, threshold, onward, wave=n).outcome for full in blocks}) > 1


@pytest.mark.parametrize(
    ("answers", "waves", "outcome"),
    [
        (["1"] * 8, (2, 2, 2, 1), ("accept", True, "1")),
        ([None] * 8, (2,), ("escalate", False, None)),
        (["1", "2", "3", "1", "1", "1", "1", "1"], (2, 1), ("escalate", False, None)),
        (["1", "2", "1", "1", "1", "1", "1", "1"], (2, 1, 1, 1, 1, 1, 1), ("accept", True, "1")),
    ],
)
def test_eight_samples_come_as_few_at_a_time_as_could_decide(
    answers: list[str | None], waves: tuple[int, ...], outcome: object
) -> None:
    stopped = draw(answers, Threshold(0.75), "escalate")
    assert (stopped.waves, stopped.outcome) == (waves, outcome)


@given(ANSWERS, st.integers(0, 16))
def test_the_full_draws_share_lies_within_the_bounds_and_both_can_be_reached(
    answers: list[str | None], drawn: int
) -> None:
    n, drawn = len(answers), min(drawn, len(answers))
    bounds = seen(answers[:drawn]).bounds(n, n - drawn)
    assert bounds is not None
    low, high = bounds
    assert low <= (seen(answers).confidence or 0.0) <= high
    leader = seen(answers[:drawn]).answer or "1"
    assert (seen([*answers[:drawn], *[leader] * (n - drawn)]).confidence or 0.0) == high
    assert (seen([*answers[:drawn], *[None] * (n - drawn)]).confidence or 0.0) == low
