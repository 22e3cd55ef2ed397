"""Where a run is cheapest to begin."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.routing import Costs
from cope_graph.routing.expected import by_start, cheapest

SHARES = st.floats(0, 1)
USD = st.floats(0, 10)
SOME = [list(some) for k in (1, 2, 3) for some in combinations([1, 2, 3], k)]


def test_the_expected_costs_are_those_of_the_formula() -> None:
    expected = Costs(1.0, 2.0, 8.0, 0.25).expected(0.5)
    assert expected == {1: 1 + 0.5 * (2 + 0.75 * 8), 2: 2 + 0.75 * 8, 3: 8}


def test_a_stage_that_does_not_run_has_no_term() -> None:
    assert Costs(1.0, None, 8.0, None).expected(0.5) == {1: 1 + 0.5 * 8, 3: 8}
    assert Costs(1.0, 2.0, None, 0.25).expected(0.5) == {1: 1 + 0.5 * 2, 2: 2}


@given(stages=st.sampled_from(SOME), usd=st.tuples(USD, USD, USD), p=st.tuples(SHARES, SHARES))
def test_the_chosen_start_is_one_of_the_stages_and_none_is_cheaper(
    stages: Any, usd: Any, p: Any
) -> None:
    costs = by_start(stages, dict(zip([1, 2, 3], usd, strict=True)), {1: p[0], 2: p[1]})
    start = cheapest(costs)
    assert list(costs) == stages
    assert all(costs[start] < costs[stage] for stage in stages if stage < start)
    assert all(costs[start] <= costs[stage] for stage in stages)


@given(costs=st.tuples(USD, USD, USD, SHARES), p=SHARES)
def test_a_surer_stage_1_never_makes_a_run_dearer(costs: Any, p: float) -> None:
    known = Costs(*costs)
    assert known.expected(1.0)[1] <= known.expected(p)[1] + 1e-9
    assert known.expected(p)[1] <= known.expected(0.0)[1] + 1e-9


@pytest.mark.parametrize("usd", [{1: 2.0, 3: 2.0}, {1: 0.0, 2: 0.0, 3: 0.0}])
def test_of_equals_the_earliest_stage_begins(usd: Any) -> None:
    assert cheapest(usd) == 1
    assert cheapest(dict(reversed(usd.items()))) == 1
