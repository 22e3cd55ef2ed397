"""Where a run begins follows from its settings, its question and the router alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from cope_graph import CopeContext, tasks
from cope_graph.models.bound import bind
from cope_graph.routing import Costs
from cope_graph.stages.route import route_of, routed
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.stages.worst import worst_rest
from tests.scripted import ScriptedChat
from tests.unit_tests.routing.graphs import router

SOME = [stages for k in (1, 2, 3) for stages in combinations((1, 2, 3), k)]
LIMITED = {"max_plan_tokens": 50, "max_answer_tokens": 100}
USD = st.floats(0, 10)


def run_of(made: Any, stages: Any = (1, 2, 3), **settings: Any) -> Run:
    small = bind(ScriptedChat(replies=[]), "small", {})
    large = bind(ScriptedChat(replies=[]), "large", {})
    asked = CopeContext(stages=stages, **settings)
    cascade = Cascade(small, large, tasks.math(), asked, router=made)
    state: Any = {**FRESH, "run": "r", "messages": [HumanMessage("How many?")], "stage": stages[0]}
    return Run(cascade, state, asked)


@given(
    p=st.floats(0, 1), usd=st.tuples(USD, USD, USD, st.floats(0, 1)), stages=st.sampled_from(SOME)
)
def test_a_run_begins_at_one_of_its_stages_and_nowhere_else_is_cheaper(
    p: float, usd: Any, stages: Any
) -> None:
    two, three = (usd[1] if 2 in stages else None), (usd[2] if 3 in stages else None)
    costs = Costs(usd[0], two, three, usd[3] if 2 in stages else None)
    if costs.stages != stages:
        return  # `create_cope` refuses it
    route = route_of(run_of(router(p, costs), stages))
    assert route is not None
    assert route["stage"] in stages
    expected = costs.expected(p)
    assert expected[route["stage"]] == min(expected.values())


@given(p=st.one_of(st.floats(), st.none(), st.text(), st.integers()))
def test_whatever_a_predictor_says_the_run_begins(p: Any) -> None:
    route = route_of(run_of(router(p)))
    assert route is not None
    assert route["stage"] in (1, 2, 3)
    is_probability = isinstance(p, int | float) and 0 <= p <= 1
    assert (route["p_accept"] is not None) == is_probability


@pytest.mark.parametrize("own_plan", [False, True])
@pytest.mark.parametrize(
    ("start", "node"),
    [(1, "small_plan"), (2, "large_plan"), (3, "large_execute"), (3, "large_plan")],
)
def test_what_a_routed_run_may_cost_is_bounded_as_if_its_settings_began_there(
    start: Any, node: str, own_plan: bool
) -> None:
    whole = run_of(None, own_plan=own_plan, **LIMITED)
    own = run_of(None, tuple(range(start, 4)), own_plan=own_plan, **LIMITED).settings
    late = replace(whole, settings=own)
    run = replace(whole, settings=routed(whole.settings, {"stage": start}))
    assert worst_rest(run, node, start) == worst_rest(late, node, start)
    assert run.models_used() == late.models_used()
    assert (worst_rest(run, node, start).tokens or 0) > 0


@given(
    st.one_of(st.none(), st.text(), st.integers(), st.lists(st.integers())),
    st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.lists(st.integers())),
)
def test_what_is_no_route_leaves_stages_to_run(route: Any, stage: Any) -> None:
    settings = CopeContext()
    for given_route in (route, {"stage": stage}):
        kept = routed(settings, given_route).stages
        assert kept
        assert kept == settings.stages[-len(kept) :]
