"""Wins, ties and losses from scores with positions swapped."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.contests import Scores, Tally, best_of, contest, tally

PAIRS = st.tuples(st.integers(1, 10), st.integers(1, 10))
CONTESTS = st.lists(st.tuples(PAIRS, PAIRS))
FIELD = st.lists(PAIRS, min_size=1, max_size=7)


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        ((8, 8), (7, 7), "win"),
        ((10, 2), (9, 1), "win"),
        ((7, 7), (8, 8), "loss"),
        ((8, 8), (8, 8), "tie"),
        ((8, 7), (7, 8), "tie"),  # whoever stands first is ahead
        ((10, 5), (1, 5), "tie"),  # a lead in one order alone
        ((10, 4), (1, 5), "tie"),
    ],
)
def test_only_a_lead_in_both_orders_is_a_win(ours: Scores, theirs: Scores, outcome: str) -> None:
    assert contest(ours, theirs) == outcome


@given(CONTESTS)
def test_each_contest_is_counted_once(contests: list[tuple[Scores, Scores]]) -> None:
    counts = tally(contests)
    assert counts.wins + counts.ties + counts.losses == len(contests)


@given(CONTESTS)
def test_with_sides_exchanged_wins_and_losses_are(contests: list[tuple[Scores, Scores]]) -> None:
    ours, theirs = tally(contests), tally([(b, a) for a, b in contests])
    assert theirs == Tally(ours.losses, ours.ties, ours.wins)


@given(CONTESTS)
def test_with_orders_exchanged_nothing_changes(contests: list[tuple[Scores, Scores]]) -> None:
    assert tally(contests) == tally([(a[::-1], b[::-1]) for a, b in contests])


@given(FIELD)
def test_nobody_beats_the_best(candidates: list[Scores]) -> None:
    best, standing = best_of(candidates)
    assert standing.losses == 0
    assert not any(a > candidates[best][0] and b > candidates[best][1] for a, b in candidates)


@given(FIELD)
def test_the_best_does_not_depend_on_who_came_first_but_among_equals(
    candidates: list[Scores],
) -> None:
    best, standing = best_of(candidates)
    for order in list(permutations(candidates))[:24]:
        other, its = best_of([*order])
        assert its == standing
        assert sum(order[other]) == sum(candidates[best])


@pytest.mark.parametrize(
    ("candidates", "best"),
    [
        ([(5, 5)], 0),
        ([(10, 5), (6, 6), (5, 5), (4, 5)], 1),  # two wins go before a mean of 7.5
        ([(7, 8), (9, 7), (8, 7)], 1),  # no wins: the higher mean
        ([(8, 7), (7, 8), (6, 6)], 0),  # alike in all: the first
    ],
)
def test_wins_go_before_the_mean_and_the_mean_before_the_place(
    candidates: list[Scores], best: int
) -> None:
    assert best_of(candidates)[0] == best
