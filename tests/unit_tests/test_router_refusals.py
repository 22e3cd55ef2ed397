"""A router that fails costs no run, and one that nobody has proven makes no graph."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import ChatCope, tasks
from cope_graph.errors import InputError
from cope_graph.routing import fit_router
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.routing.graphs import ASK, GOALS, SURE, THREAD, cope, resume, router
from tests.unit_tests.routing.made_up import records

ROUTE = {"stage": 2, "p_accept": 0.1, "usd": {}, "reason": "mine"}


@pytest.mark.parametrize(
    ("predict", "said"),
    [
        (lambda _: 1 / 0, "predictor raised ZeroDivisionError"),
        (lambda _: float("nan"), "gave nan, which is no probability"),
        (lambda _: 2, "gave 2, which is no probability"),
        (lambda _: 10**400, "which is no probability"),
        (lambda _: None, "gave None"),
        (lambda question: question, "gave a str, which is no probability"),
    ],
)
def test_a_predictor_that_fails_costs_no_run(
    both: Runner, caplog: pytest.LogCaptureFixture, predict: Any, said: str
) -> None:
    graph, _, _ = cope(router(predict), GOALS + SURE, [])
    with caplog.at_level(logging.WARNING, "cope_graph"):
        out = both(graph.compile(), ASK)
    assert (out["answer"], out["stage"]) == ("3", 1)
    assert (out["route"]["stage"], out["route"]["p_accept"]) == (1, None)
    assert said in out["route"]["reason"]
    assert out["route"]["reason"].endswith("The run begins at its first stage.")
    assert said in caplog.text


def fails(question: str) -> float:
    msg = f"password 1234 in {question}"
    raise ValueError(msg)


def echoes(question: str) -> str:
    return f"password 1234 in {question}"


@pytest.mark.parametrize("predict", [fails, echoes])
def test_what_a_failing_predictor_says_reaches_no_caller_and_no_warning(
    both: Runner, caplog: pytest.LogCaptureFixture, predict: Any
) -> None:
    graph, _, _ = cope(router(predict), GOALS + SURE, [])
    with caplog.at_level(logging.INFO, "cope_graph"):
        out = both(graph.compile(), ASK)
    assert "1234" not in str({**out, "messages": None})
    assert "The run begins at stage 1." in caplog.text
    assert "1234" not in caplog.text
    assert "How many?" not in caplog.text


def test_what_a_failing_predictor_says_is_logged_for_who_debugs(
    both: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    graph, _, _ = cope(router(fails), GOALS + SURE, [])
    with caplog.at_level(logging.DEBUG, "cope_graph"):
        both(graph.compile(), ASK)
    told = [record.levelname for record in caplog.records if record.exc_info]
    assert told == ["DEBUG"]
    assert "password 1234 in How many?" in caplog.text


@pytest.mark.parametrize(
    ("route", "given"),
    [
        (ROUTE, None),
        ({**ROUTE, "stage": 1}, None),
        ({**ROUTE, "stage": 3}, router(0.9)),
        ({**ROUTE, "stage": 9}, router(0.9)),
        ({**ROUTE, "stage": "1"}, router(0.9)),
        ({**ROUTE, "p_accept": 2}, router(0.9)),
        ({"stage": 1}, router(0.9)),
        ("1", router(0.9)),
        (1, router(0.9)),
    ],
)
def test_a_route_of_another_hand_is_refused(both: Runner, route: Any, given: Any) -> None:
    graph, small, large = cope(given, GOALS + SURE, [says("9")] * 9)
    app = graph.compile(checkpointer=InMemorySaver(), interrupt_before=["small_execute"])
    both(app, ASK, THREAD)
    before = len(small.calls)
    app.update_state(THREAD, {"route": route}, "small_plan")
    with pytest.raises(InputError, match="ask anew"):
        resume(both, app)
    assert (len(small.calls), large.calls) == (before, [])


def test_an_input_cannot_hold_a_route(both: Runner) -> None:
    graph, _, large = cope(router(0.9), GOALS + SURE, [])
    out = both(graph.compile(), {**ASK, "route": {**ROUTE, "stage": 3}})
    assert (out["route"]["stage"], large.calls) == (1, [])


def test_a_router_that_has_not_been_shown_to_pay_is_refused_with_its_figures() -> None:
    unproven = fit_router(records(usd1=0.000_1, usd2=0.002))
    with pytest.raises(InputError, match=r"saves 0 USD a run \(95 % interval 0 to 0\)"):
        cope(unproven, [], [])


def test_a_function_is_refused_with_the_way_to_prove_it() -> None:
    with pytest.raises(InputError, match=r"proven\(function, records\)"):
        cope(lambda _: 0.5, [], [])  # type: ignore[arg-type]


def test_a_router_of_other_stages_is_refused() -> None:
    with pytest.raises(InputError, match=r"runs with stages \[1, 3\], and this graph has \[1, 2"):
        cope(fit_router(records()), [], [])


def test_the_chat_model_refuses_what_create_cope_refuses() -> None:
    chat = ScriptedChat(replies=[])
    with pytest.raises(InputError, match="proven"):
        ChatCope(small=chat, large=chat, task=tasks.math(), router=lambda _: 0.5)
