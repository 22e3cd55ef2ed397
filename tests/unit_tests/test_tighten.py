"""What a run's context may ask for: less than the operator bound, never more or looser."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.graph import END, START, MessagesState, StateGraph
from typing_extensions import TypedDict

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.context import resolve
from cope_graph.errors import InputError
from cope_graph.tighten import looser
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
LIMITS: dict[str, tuple[Any, Any, Any]] = {
    "n": (4, 3, 5),
    "max_plan_tokens": (50, 49, 51),
    "max_answer_tokens": (50, 49, 51),
    "budget_usd": ("0.5", "0.4", "0.6"),
    "budget_tokens": (100, 99, 101),
    "deadline_s": (10, 9.5, 10.5),
    "timeout_s": (20, 19, 21),
    "retries": (1, 0, 2),
}
"""Each setting where more costs more: the operator's, a tighter one, a looser one."""

LOOSE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    *(({name: own}, {name: more}, name) for name, (own, _, more) in LIMITS.items()),
    *(
        ({name: own}, {name: None}, name)
        for name, (own, *_) in LIMITS.items()
        if name not in ("n", "timeout_s")
    ),
    ({"retries": 0}, {"retries": 1}, "retries"),
    ({"retries": 0}, {"retries": None}, "retries"),
    ({}, {"retries": 1}, "retries"),
    ({"tau1": 0.6}, {"tau1": 0.5}, "tau1"),
    ({"tau2": 0.4}, {"tau2": 0.3}, "tau2"),
    ({"strict": True}, {"strict": False}, "strict"),
    ({"last_resort": "abstain"}, {"last_resort": "answer"}, "last_resort"),
    ({"stages": (1, 2)}, {"stages": (1, 2, 3)}, "stages"),
    ({"stages": (1, 2)}, {"stages": (3,)}, "stages"),
    ({"small_plan": "none"}, {"small_plan": "goal"}, "small_plan"),
    ({"own_plan": False}, {"own_plan": True}, "own_plan"),
    ({}, {"wave": 1}, "wave"),
    ({"wave": 4}, {"wave": 2}, "wave"),
    ({}, {"early_stop": "exact"}, "early_stop"),
    ({"wave": 4}, {"early_stop": "exact", "wave": None}, "early_stop"),
    ({"early_stop": "exact", "wave": 4}, {"wave": None}, "early_stop"),
    ({"early_stop": "exact"}, {"early_stop": "beta-binomial"}, "early_stop"),
    ({"wave": 4}, {"early_stop": "beta-binomial"}, "early_stop"),
    ({"early_stop": "beta-binomial"}, {"guard": 0.9}, "guard"),
]

TIGHT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *(({name: own}, {name: less}) for name, (own, less, _) in LIMITS.items()),
    *(({name: own}, {name: own}) for name, (own, *_) in LIMITS.items()),
    *(({}, {name: less}) for name, (_, less, _) in LIMITS.items() if name != "retries"),
    ({}, {"retries": 0}),
    ({}, {"wave": 8}),
    ({}, {"n": 2, "wave": 2}),
    ({}, {"early_stop": "exact", "wave": 8}),
    ({"wave": 4}, {"early_stop": "exact"}),
    ({"early_stop": "exact"}, {"early_stop": "off"}),
    ({"early_stop": "exact"}, {"wave": 1}),
    ({"early_stop": "beta-binomial"}, {"early_stop": "exact"}),
    ({"early_stop": "beta-binomial"}, {"early_stop": "off"}),
    ({"early_stop": "beta-binomial"}, {"guard": 1.0}),
    ({"wave": 2}, {"wave": 4}),
    ({"wave": 2}, {"wave": None}),
    ({"tau1": 0.6}, {"tau1": 0.7}),
    ({"tau2": 0.4}, {"tau2": 1.0}),
    ({"strict": False}, {"strict": True}),
    ({"last_resort": "answer"}, {"last_resort": "abstain"}),
    ({}, {"stages": (1, 3)}),
    ({}, {"stages": (3,)}),
    ({"small_plan": "goal"}, {"small_plan": "none"}),
    ({"small_plan": "goal"}, {"small_plan": "guideline"}),
    ({"own_plan": True}, {"own_plan": False}),
    ({}, {"temperature_stage1": 2.0, "temperature_stage3": None, "seed": 7}),
    ({"wave": 4}, {"wave": None}),
    ({}, {"large_plan": "goal", "without_plan": 3, "straggler_s": None}),
]


@pytest.mark.parametrize(("operator", "asked", "name"), LOOSE)
def test_more_than_the_operator_bound_is_refused_by_name(
    operator: dict[str, Any], asked: dict[str, Any], name: str
) -> None:
    defaults = CopeContext(**operator)
    with pytest.raises(InputError, match=rf"asks for more than this graph allows: {name} may"):
        resolve(defaults, {"cope": asked})
    with pytest.raises(InputError, match=f"{name} may"):
        resolve(defaults, CopeContext(**asked))


@pytest.mark.parametrize(("operator", "asked"), TIGHT)
def test_less_is_allowed_and_so_is_what_costs_nothing(
    operator: dict[str, Any], asked: dict[str, Any]
) -> None:
    defaults = CopeContext(**operator)
    assert resolve(defaults, {"cope": asked}) == CopeContext(**{**operator, **asked})


@pytest.mark.parametrize(("operator", "asked", "name"), LOOSE)
def test_where_every_caller_is_trusted_any_value_is_allowed(
    operator: dict[str, Any],
    asked: dict[str, Any],
    name: str,  # noqa: ARG001 - of the other test that has these cases
) -> None:
    settings = resolve(CopeContext(**operator), {"cope": asked}, "any")
    assert settings == CopeContext(**{**operator, **asked})


def test_every_loosened_setting_is_named_and_the_rest_is_not() -> None:
    operator, asked = CopeContext(n=2, tau1=0.9), CopeContext(n=3, tau1=0.8, tau2=0.9, seed=1)
    found = looser(operator, asked)
    assert found == (
        "n may be 2 at most, not 3",
        "tau1 may be 0.9 at least, not 0.8",
    )


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"budget_tokens may be 5 at most, not unlimited.*Ask for"):
        resolve(CopeContext(budget_tokens=5), {"cope": {"budget_tokens": None}})


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(1, 64),
        "wave": st.none() | st.integers(1, 64),
        "early_stop": st.sampled_from(["off", "exact", "beta-binomial"]),
        "guard": st.sampled_from([0.5, 0.99, 1.0]),
        "tau1": st.sampled_from([0.0, 0.5, 1.0]),
        "tau2": st.sampled_from([0.0, 0.5, 1.0]),
        "strict": st.booleans(),
        "stages": st.sets(st.sampled_from([1, 2, 3]), min_size=1).map(lambda s: tuple(sorted(s))),
        "small_plan": st.sampled_from(["goal", "guideline", "none"]),
        "own_plan": st.booleans(),
        "last_resort": st.sampled_from(["answer", "abstain"]),
        "max_answer_tokens": st.none() | st.integers(1, 9),
        "budget_usd": st.none() | st.integers(0, 9),
        "budget_tokens": st.none() | st.integers(0, 9),
        "deadline_s": st.none() | st.integers(1, 9),
        "retries": st.none() | st.integers(0, 10),
    },
)


@given(FIELDS, FIELDS, FIELDS)
def test_no_chain_of_tightened_settings_comes_out_looser(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    a, b, c = (CopeContext(**fields) for fields in (first, second, third))
    assert looser(a, a) == ()
    if not looser(a, b) and not looser(b, c):
        assert looser(a, c) == ()


def plan_free(replies: list[str], **given: Any) -> tuple[Any, ScriptedChat]:
    chat = ScriptedChat(model_name="s", replies=replies)
    large = ScriptedChat(replies=[])
    return create_cope(chat, large, task=tasks.math(), defaults=PLAN_FREE, **given), chat


@pytest.mark.parametrize("asked", [{"n": 9}, {"stages": (1, 2, 3)}, {"tau1": 0.1}])
def test_a_run_that_asks_for_more_asks_no_model(run: Runner, asked: dict[str, Any]) -> None:
    graph, chat = plan_free([says("3")] * 16)
    with pytest.raises(InputError, match="asks for more than this graph allows"):
        run(graph.compile(), ASK, context=asked)
    assert chat.calls == []


def test_a_graph_for_trusted_callers_does_what_they_ask_for(both: Runner) -> None:
    graph, chat = plan_free([says("3")] * 9, overrides="any")
    assert both(graph.compile(), ASK, context={"n": 9})["answer"] == "3"
    assert [call["n"] for call in chat.calls] == [9]


class Parent(MessagesState):
    answer: str


class Context(TypedDict):
    user: str
    cope: dict[str, Any]


@pytest.mark.parametrize(("n", "is_allowed"), [(3, True), (9, False)])
def test_a_parents_context_obeys_the_same_rule(both: Runner, n: int, is_allowed: bool) -> None:
    graph, chat = plan_free([says("3")] * 9)
    parent = StateGraph(Parent, context_schema=Context)
    parent.add_node("cope", graph.compile())
    parent.add_edge(START, "cope")
    parent.add_edge("cope", END)
    context = {"cope": {"n": n}, "user": "someone"}
    if is_allowed:
        assert both(parent.compile(), ASK, context=context)["answer"] == "3"
        assert [call["n"] for call in chat.calls] == [3]
        return
    with pytest.raises(InputError, match="n may be 8 at most, not 9"):
        both(parent.compile(), ASK, context=context)
    assert chat.calls == []
