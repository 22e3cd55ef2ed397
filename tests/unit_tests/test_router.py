"""Runs that begin at a later stage, each in every way a graph can be run."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import ChatCope, CopeContext, tasks
from cope_graph.routing import Costs, RoutingRecord, fit_router, proven
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.routing.graphs import ASK, GOALS, SURE, THREAD, cope, nodes, priced, router
from tests.unit_tests.routing.made_up import records


def test_an_easy_question_begins_at_stage_1(run: Runner) -> None:
    graph, _, large = cope(router(0.9), GOALS + SURE, [])
    out = run(graph.compile(), ASK)
    assert (out["answer"], out["stage"], large.calls) == ("3", 1, [])
    assert out["route"] == {
        "stage": 1,
        "p_accept": 0.9,
        "usd": {"1": "1.6", "2": "6", "3": "8"},
        "reason": "stage 1 is expected to accept with 0.90; from stage 1 on it costs least "
        "(1.6 USD expected)",
    }


def test_a_hard_question_begins_with_the_large_models_plan(run: Runner) -> None:
    graph, small, large = cope(router(0.1), SURE, ["a guideline"])
    out = run(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["route"]["stage"]) == ("3", 2, 2)
    assert nodes(out) == ["large_plan", "small_execute"]
    assert [line["stage"] for line in out["ledger"]["lines"]] == [2, 2]
    assert [visit["stage"] for visit in out["visits"]] == [2]
    assert "a guideline" in small.prompts[0]
    assert "goal" not in small.prompts[0]
    assert len(large.calls) == 1


def test_a_run_that_began_at_stage_2_escalates_like_any_other(both: Runner) -> None:
    unsure = [says(str(i)) for i in range(8)]
    graph, _, large = cope(router(0.1), unsure, ["a guideline", says("42")])
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["route"]["stage"]) == ("42", 3, 2)
    assert nodes(out) == ["large_plan", "small_execute", "large_execute"]
    assert "a guideline" in large.prompts[1]


def test_a_question_goes_straight_to_the_large_model(run: Runner) -> None:
    graph, small, large = cope(router(0.1, Costs(4.0, 5.0, 2.0, 0.5)), [], [says("42")])
    out = run(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["route"]["stage"]) == ("42", 3, 3)
    assert (nodes(out), small.calls, len(large.calls)) == (["large_execute"], [], 1)


def test_with_own_plan_the_large_model_plans_for_itself(both: Runner) -> None:
    straight = router(0.1, Costs(4.0, 5.0, 2.0, 0.5))
    graph, _, large = cope(straight, [], ["my plan", says("42")], own_plan=True)
    out = both(graph.compile(), ASK)
    assert nodes(out) == ["large_plan", "large_execute"]
    assert [line["stage"] for line in out["ledger"]["lines"]] == [3, 3]
    assert "my plan" in large.prompts[1]


def test_a_graph_without_stage_2_begins_at_1_or_3(both: Runner) -> None:
    costs = Costs(1.0, None, 8.0, None)
    graph, _, _ = cope(router(0.1, costs), [], [says("42")], stages=(1, 3))
    out = both(graph.compile(), ASK)
    assert (out["route"]["stage"], out["route"]["usd"]) == (3, {"1": "8.2", "3": "8"})
    graph, _, _ = cope(router(0.2, costs), GOALS + SURE, [], stages=(1, 3))
    assert both(graph.compile(), ASK)["route"]["stage"] == 1


def test_the_predictor_sees_in_a_run_what_it_sees_of_its_record(both: Runner) -> None:
    seen: list[object] = []

    def predict(question: str) -> float:
        seen.append(question)
        return 0.9

    graph, _, _ = cope(router(predict), GOALS + SURE, [])
    talk = {"messages": [("user", "Hi"), ("ai", "Hello"), ("user", "2 + 2?")]}
    both(graph.compile(), talk)
    assert seen == ["2 + 2?"]
    record = RoutingRecord.of(both(priced(GOALS + SURE, []), talk))
    proven(predict, [*records(), record])
    assert "2 + 2?" in seen[1:]
    assert {type(one) for one in seen} == {str}


def test_without_a_router_there_is_no_route(both: Runner) -> None:
    graph, _, _ = cope(None, GOALS + SURE, [])
    assert both(graph.compile(), ASK)["route"] is None


@pytest.mark.parametrize(
    "own", [{"n": 4}, {"tau1": 0.9}, {"stages": (1, 2)}, {"max_answer_tokens": 9}]
)
def test_a_run_with_settings_of_its_own_begins_at_its_first_stage(
    both: Runner, own: dict[str, Any]
) -> None:
    graph, _, _ = cope(router(0.1), GOALS[: own.get("n", 8)] + SURE, [])
    out = both(graph.compile(), ASK, context=CopeContext(**own))
    assert (out["stage"], out["route"]["stage"], out["route"]["p_accept"]) == (1, 1, None)
    assert f"its own {next(iter(own))}" in out["route"]["reason"]


def test_a_later_turn_of_a_thread_has_its_own_route(both: Runner) -> None:
    chances = iter([0.1, 0.9])
    graph, _, _ = cope(router(lambda _: next(chances)), SURE + GOALS + SURE, ["a guideline"])
    app = graph.compile(checkpointer=InMemorySaver())
    assert both(app, ASK, THREAD)["route"]["stage"] == 2
    assert both(app, ASK, THREAD)["route"]["stage"] == 1
    state = app.get_state(THREAD).values
    assert (state["guideline"], state["goals"]) == (None, GOALS)


@pytest.mark.parametrize("node", ["large_plan", "small_execute", "confidence_gate"])
def test_a_resumed_run_keeps_its_route(both: Runner, node: str) -> None:
    chances = iter([0.1])  # a second question would end it
    graph, _, _ = cope(router(lambda _: next(chances)), SURE, ["a guideline"])
    app = graph.compile(checkpointer=InMemorySaver(), interrupt_before=[node])
    both(app, ASK, THREAD)
    out = both(app, None, THREAD)
    assert (out["answer"], out["stage"], out["route"]["stage"]) == ("3", 2, 2)


def test_the_drawing_is_the_same_with_a_router() -> None:
    drawn = [
        cope(given, [], [])[0].compile().get_graph().draw_mermaid() for given in (None, router(0.1))
    ]
    assert drawn[0] == drawn[1]


def test_the_chat_model_takes_a_router(both: Runner) -> None:
    small, large = ScriptedChat(replies=SURE), ScriptedChat(replies=["a guideline"])
    chat = ChatCope(small=small, large=large, task=tasks.math(), router=router(0.1))
    facts = both(chat, "How many?").response_metadata["cope"]  # type: ignore[attr-defined]
    assert (facts["stage"], facts["route"]["stage"]) == (2, 2)


def test_a_fitted_router_tells_easy_from_hard_in_the_graph(both: Runner) -> None:
    found = records()
    made = fit_router(found)
    for record in (found[0], found[1]):
        graph, _, _ = cope(made, GOALS + SURE, [says("42")], stages=(1, 3))
        out = both(graph.compile(), {"messages": [("user", record.question)]})
        assert out["route"]["stage"] == (1 if record is found[0] else 3)


def test_a_proven_predictor_is_used_as_it_is(both: Runner) -> None:
    def by_hand(question: str) -> float:
        return 0.1 if "prove" in question.lower() else 0.9

    graph, _, _ = cope(proven(by_hand, records()), [], [says("42")], stages=(1, 3))
    out = both(graph.compile(), {"messages": [("user", "Prove it.")]})
    assert (out["route"]["stage"], out["route"]["p_accept"]) == (3, 0.1)
