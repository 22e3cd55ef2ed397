from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.evaluation.records import Row
from cope_graph.evaluation.replaying.frontier import frontier, sizes, swept
from cope_graph.evaluation.replaying.methods import COPE
from cope_graph.evaluation.replaying.replay import Replay, replay
from cope_graph.evaluation.replaying.sweep import LEVELS, Sweep, levels, sweep
from cope_graph.evaluation.replaying.walk import Thresholds, Walk, walk
from tests.unit_tests.evaluation.recorded import records, row, stage

LETTERS = st.sampled_from(["a", "b", "c", None])
VOTES = st.lists(LETTERS, min_size=4, max_size=4)
TAUS = (0.0, 0.25, 0.5, 0.6, 0.75, 1.0)


def run(rows: list[Row], n: int = 4) -> Replay:
    return replay(records(rows), n=n)


def over(found: Replay, *, strict: bool = True) -> Sweep:
    at = found.at(4)
    return sweep([at["cope", s, False] for s in (1, 2, 3)], TAUS, TAUS, strict=strict)


ITEMS = st.lists(st.tuples(VOTES, VOTES, LETTERS), min_size=1, max_size=8).map(
    lambda items: [row(str(i), "cope", {1: a, 2: b, 3: [c]}) for i, (a, b, c) in enumerate(items)]
)


@settings(deadline=None)  # NumPy takes its time at first
@given(ITEMS, st.booleans())
def test_every_cell_is_what_a_walk_at_its_thresholds_finds(rows: list[Row], strict: bool) -> None:
    found = run(rows)
    grid = over(found, strict=strict)
    for i, tau1 in enumerate(TAUS):
        for j, tau2 in enumerate(TAUS):
            one = walk(COPE, found.at(4), Thresholds(tau1, tau2, strict))
            assert isinstance(one, Walk)
            assert grid.known[i, j]
            assert grid.accuracy[i, j] == pytest.approx(one.right.mean())
            assert grid.right([(i, j)])[:, 0].tolist() == one.right.astype(bool).tolist()
            assert grid.usd[i, j] == pytest.approx(one.usd.sum(axis=(1, 2)).mean())
            assert grid.tokens[i, j] == pytest.approx(one.tokens.sum(axis=(1, 2)).mean())
            assert grid.ends[i, j] == pytest.approx(one.ends.mean(axis=0))


def test_intervals_hold_the_accuracies_and_come_in_the_cells_order() -> None:
    grid = over(
        run([row(str(i), "cope", {1: "aabb", 2: "abcc", 3: "ab"[i % 2]}) for i in range(40)])
    )
    cells = [(0, 0), (5, 5)]
    low, high = grid.intervals(cells, seed=0)
    assert 0.85 < low[0] < high[0] == 1  # stage 1 accepts all, and all are right
    assert low[1] < grid.accuracy[5, 5] == 0.5 < high[1]


def test_a_price_that_is_unknown_where_no_item_comes_is_no_matter() -> None:
    one = row("x", "cope", {1: "aaaa", 2: "aaaa", 3: "a"})
    one["lines"][-1]["usd"] = None
    grid = over(run([one]))
    assert grid.usd[0, 0] == pytest.approx(0.8)
    assert np.isnan(grid.usd[5, 5])


def test_cells_that_runs_which_ended_early_cannot_fill_are_unknown() -> None:
    rows = [
        row("x", "cope", {}, stages=[stage(1, "aaab", accepted=True)]),
        row("y", "cope", {1: "abcd", 2: "aabc", 3: "a"}),
    ]
    grid = over(replay(records(rows, made_by="solve"), n=4))
    assert grid.known.tolist() == [[tau < 0.75] * 6 for tau in TAUS]


def test_levels_are_those_that_differ_in_effect_with_the_threshold_in_use() -> None:
    first = run([row(str(i), "cope", {1: a}) for i, a in enumerate(["aaab", "aabc"])]).at(4)
    one = first["cope", 1, False]
    assert levels(one, 0.6, strict=True) == (0.0, 0.6, 0.75)
    assert levels(one, 0.6, strict=False) == (0.5, 0.6, 1.0)
    assert levels(one, 0.5, strict=True) == (0.0, 0.5, 0.75)
    assert levels(one, 1.0, strict=True) == (0.0, 0.5, 1.0)


@settings(deadline=None)  # NumPy takes its time at first
@given(ITEMS, st.floats(0, 1), st.booleans())
def test_any_threshold_does_what_one_of_the_levels_does(
    rows: list[Row], tau: float, strict: bool
) -> None:
    one = run(rows).at(4)["cope", 1, False]
    found = [
        one.accepts(level, strict=strict).tolist() for level in levels(one, 0.5, strict=strict)
    ]
    assert one.accepts(tau, strict=strict).tolist() in found
    # With no answer at all, and where none is as sure as 1, two levels may do the same.
    assert len(found) - len({tuple(each) for each in found}) <= 1


def test_confidences_without_number_make_few_levels() -> None:
    rows = [
        row(str(i), "cope", {}, stages=[stage(1, "ab", votes=False, confidence=i / 1000)])
        for i in range(1, 1000)
    ]
    found = levels(run(rows, n=2).at(2)["cope", 1, False], 0.5, strict=True)
    assert len(found) == LEVELS
    assert (found[0], found[-1]) == (0.0, 0.999)
    assert 0.5 in found


def test_sizes_are_powers_of_two_and_n() -> None:
    assert [sizes(n) for n in (1, 2, 8, 10)] == [(1,), (2,), (2, 4, 8), (2, 4, 8, 10)]


@settings(deadline=None)  # NumPy takes its time at first
@given(ITEMS)
def test_no_setting_beats_one_of_the_frontier(rows: list[Row]) -> None:
    one = swept("COPE", 4, run(rows).at(4), Thresholds(0.5, 0.5, strict=True))
    assert one is not None
    points = frontier([one], base=1.0, seed=0)
    usd, right = one.over.usd.ravel(), one.over.accuracy.ravel()
    for point in points:
        assert point.usd is not None
        assert point.share == point.usd
        cheaper, righter = usd < point.usd - 1e-9, right > point.accuracy.value + 1e-9
        assert not (cheaper & (right >= point.accuracy.value - 1e-9)).any()
        assert not (righter & (usd <= point.usd + 1e-9)).any()
        assert point.accuracy.low <= point.accuracy.value <= point.accuracy.high
        assert sum(point.accepted) == pytest.approx(1)
    costs = [point.usd for point in points if point.usd is not None]
    assert costs == sorted(costs)
    assert max(point.accuracy.value for point in points) == pytest.approx(right.max())


def test_a_frontier_goes_by_tokens_where_usd_are_unknown_or_all_0() -> None:
    for usd in (None, "0"):
        one = row("x", "cope", {1: "bbbb", 2: "bbbb", 3: "a"})
        for line in one["lines"]:
            line["usd"] = usd
        at = Thresholds(0.5, 0.5, strict=True)
        found = swept("COPE", 4, run([one]).at(4), at)
        assert found is not None
        points = frontier([found], base=None, seed=0)
        assert [point.accuracy.value for point in points] == [0, 1]
        assert points[0].tokens < points[1].tokens
