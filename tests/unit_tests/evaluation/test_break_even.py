"""Whether stage 2 pays, against the cost of both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.break_even import break_even

COSTS = st.integers(0, 1000).map(lambda micro: micro / 1e6)


@given(st.integers(0, 100).map(lambda share: share / 100), COSTS, COSTS, COSTS)
def test_it_pays_exactly_where_both_stages_cost_no_more_than_the_third_alone(
    accepts: float, second: float, third: float, without: float
) -> None:
    found = break_even(accepts=accepts, usd_stage2=second, usd_stage3=third, usd_without=without)
    if not third:
        assert found is None
        return
    assert found is not None
    gain = without - (second + (1 - accepts) * third)
    if abs(gain) > 1e-9:
        assert found.pays == (gain > 0)
    assert second + (1 - found.needed) * third == pytest.approx(without, abs=1e-12)


def test_a_plan_that_costs_a_fourth_of_an_answer_needs_a_fourth_accepted() -> None:
    found = break_even(accepts=0.3, usd_stage2=0.001, usd_stage3=0.004, usd_without=0.004)
    assert found is not None
    assert found.pays
    assert found.needed == pytest.approx(0.25)
    assert (found.usd_stage2, found.usd_saved) == (0.001, 0.004)


@pytest.mark.parametrize("missing", ["usd_stage2", "usd_stage3", "usd_without"])
def test_a_cost_that_is_not_known_leaves_it_open(missing: str) -> None:
    costs: dict[str, float | None] = {
        "usd_stage2": 0.001,
        "usd_stage3": 0.004,
        "usd_without": 0.004,
    }
    assert break_even(accepts=0.5, **{**costs, missing: None}) is None


@pytest.mark.parametrize(("accepts", "cost"), [(1.1, 1.0), (float("nan"), 1.0), (0.5, -1.0)])
def test_what_is_no_share_or_no_cost_is_refused(accepts: float, cost: float) -> None:
    with pytest.raises(InputError, match="Break-even needs"):
        break_even(accepts=accepts, usd_stage2=cost, usd_stage3=1.0, usd_without=1.0)
