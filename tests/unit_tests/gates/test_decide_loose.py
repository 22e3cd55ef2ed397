"""Early decisions of a vote whose equality is not transitive: those of the full draw all the same.

Answers are compared with first members in order, so a sample that comes late, and stands early, may
take away members of a class behind it, or join two.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question
from cope_graph.state import Decision
from tests.unit_tests.gates.closeness import answered

Pairs = frozenset[tuple[int, int]]
"""Which samples are alike, the lower index first."""


def look(
    n: int,
    alike: Pairs,
    threshold: Threshold,
    onward: Onward,
    missing: Collection[int] = (),
    *,
    loose: bool = True,
) -> tuple[Decision, bool, str | None]:
    """Decide on n different samples while some have not come."""

    def equal(one: str, other: str) -> bool:
        return (min(int(one), int(other)), max(int(one), int(other))) in alike

    answers = [None if index in missing else str(index) for index in range(n)]
    verdict = replace(vote(equal)(Question("q"), answered(*answers)), loose=loose)
    decision, accepted = decide(verdict, threshold, n=n, missing=sorted(missing), onward=onward)
    return decision, accepted, verdict.answer


def decided_early(
    n: int, alike: Pairs, threshold: Threshold, onward: Onward, missing: Collection[int]
) -> bool:
    """Tell whether the decision fell early, after checking that it is that of the full draw."""
    early = look(n, alike, threshold, onward, missing)
    if early[0] == "undecided":
        return False
    full = look(n, alike, threshold, onward)
    assert early[:2] == full[:2]
    if early[0] == "accept":
        assert early[2] == full[2]
    return True


def test_a_late_sample_that_stands_first_may_take_a_member_away() -> None:
    alike: Pairs = frozenset({(0, 1), (1, 2), (1, 3), (2, 3)})
    assert look(4, alike, Threshold(0.7), "escalate")[0] == "escalate"
    assert look(4, alike, Threshold(0.7), "escalate", {0}, loose=False)[0] == "accept"  # wrong
    assert look(4, alike, Threshold(0.7), "escalate", {0})[0] == "undecided"


def test_a_late_sample_that_stands_first_may_join_two_classes() -> None:
    alike: Pairs = frozenset({(0, 1), (0, 2)})
    assert look(3, alike, Threshold(0.7), "escalate")[0] == "accept"
    assert look(3, alike, Threshold(0.7), "escalate", {0}, loose=False)[0] == "escalate"  # wrong
    assert look(3, alike, Threshold(0.7), "escalate", {0})[0] == "undecided"


def test_samples_that_come_in_order_are_decided_as_early_as_ever() -> None:
    alike: Pairs = frozenset({(0, 1), (0, 2)})
    for missing in ({3}, {2, 3}, {1, 2, 3}):
        for onward in ("escalate", "nothing"):
            given_order = look(4, alike, Threshold(0.5), onward, missing)
            assert given_order == look(4, alike, Threshold(0.5), onward, missing, loose=False)
    assert look(4, alike, Threshold(0.5), "escalate", {3})[:2] == ("accept", True)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_no_subset_of_few_samples_decides_otherwise_than_all_of_them(n: int) -> None:
    pairs = list(combinations(range(n), 2))
    subsets = [set(m) for size in range(1, n + 1) for m in combinations(range(n), size)]
    early = 0
    for chosen in product([True, False], repeat=len(pairs)):
        alike = frozenset(pair for pair, is_in in zip(pairs, chosen, strict=True) if is_in)
        for tau, strict in product((0.0, 0.25, 0.5, 0.75), (True, False)):
            for onward in ("escalate", "nothing"):
                threshold = Threshold(tau, strict=strict)
                early += sum(
                    decided_early(n, alike, threshold, onward, missing) for missing in subsets
                )
    assert early > 0


@given(
    st.integers(5, 9),
    st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=24),
    st.floats(0, 1),
    st.booleans(),
    st.sampled_from(["escalate", "hand_over", "nothing"]),
    st.sets(st.integers(0, 8), min_size=1, max_size=5),
)
def test_stopping_early_gives_the_decision_and_the_answer_of_the_full_draw(
    n: int, pairs: set[tuple[int, int]], tau: float, strict: bool, onward: Onward, late: set[int]
) -> None:
    alike = frozenset((min(pair), max(pair)) for pair in pairs)
    missing = {index for index in late if index < n}
    if missing:
        decided_early(n, alike, Threshold(tau, strict=strict), onward, missing)
