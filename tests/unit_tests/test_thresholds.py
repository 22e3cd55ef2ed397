"""Graphs under calibrated thresholds: what they set, what they refuse, what answers then say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from cope_graph import ChatCope, CopeContext, create_cope, create_cope_agent, tasks
from cope_graph.errors import InputError, ThresholdsError
from tests.scripted import says
from tests.unit_tests.calibrated_graphs import (
    ASK,
    FREE,
    PLANS,
    QUORUM,
    UNSHOWN,
    chat,
    cope,
    sampled,
)
from tests.unit_tests.conftest import Runner
from tests.unit_tests.programs import Echo
from tests.unit_tests.routing.graphs import router


def test_the_calibrations_here_accept_something() -> None:
    assert all(made.shown.certified for made in (FREE, PLANS, QUORUM))
    assert not UNSHOWN.shown.certified
    assert FREE.tau1 < 7 / 8


@pytest.mark.parametrize("form", ["thresholds", "mapping", "path", "text"])
def test_thresholds_of_any_form_set_the_schedule_and_decide(
    both: Runner, tmp_path: Path, form: str
) -> None:
    FREE.save(tmp_path / "t.json")
    forms: dict[str, Any] = {
        "thresholds": FREE,
        "mapping": asdict(FREE),
        "path": tmp_path / "t.json",
        "text": str(tmp_path / "t.json"),
    }
    graph = cope(*sampled(7), thresholds=forms[form]).compile()
    out = both(graph, ASK)
    visit = out["visits"][0]
    assert (out["answer"], visit["threshold"], visit["samples"]) == ("7", FREE.tau1, 8)
    assert {line["node"] for line in out["ledger"]["lines"]} == {"small_execute"}


def test_the_temperatures_are_those_of_the_records(both: Runner) -> None:
    small, large = chat("small", *sampled(1)), chat("large", says("42"))
    graph = create_cope(small, large, task=tasks.math(), thresholds=FREE).compile()
    assert both(graph, ASK)["answer"] == "42"
    assert (small.calls[0]["temperature"], large.calls[0]["temperature"]) == (0.3, 0.1)


def test_settings_that_thresholds_say_nothing_of_stay(both: Runner) -> None:
    small = chat("small", *sampled(8))
    own = CopeContext(max_answer_tokens=33, seed=5, n=8, temperature_stage1=0.3)
    graph = create_cope(
        small, chat("large"), task=tasks.math(), thresholds=FREE, defaults=own
    ).compile()
    assert both(graph, ASK)["accepted"]
    assert (small.calls[0]["max"], small.calls[0]["seed"]) == (33, 5)


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"n": 4}, "n was 8 and is 4"),
    ({"tau1": 0.99}, "tau1 was .* and is 0.99"),
    ({"strict": False}, "strict was True and is False"),
    ({"stages": (1, 2, 3)}, r"stages was \[1, 3\] and is \[1, 2, 3\]"),
    ({"small_plan": "goal"}, "small_plan was none and is goal"),
    ({"quorum": 5}, "quorum was none and is 5"),
    ({"own_plan": True}, "own_plan was False and is True"),
    ({"temperature_stage1": 0.9}, "temperature_stage1 was 0.3 and is 0.9"),
    ({"early_stop": "beta-binomial"}, "'beta-binomial' may decide otherwise"),
]


@pytest.mark.parametrize(("setting", "said"), SETTINGS, ids=[str(one) for one, _ in SETTINGS])
def test_defaults_that_say_otherwise_are_refused(setting: dict[str, Any], said: str) -> None:
    with pytest.raises(ThresholdsError, match=f"{said}.*calibrate anew"):
        cope(defaults=CopeContext(**setting))


@pytest.mark.parametrize("overrides", ["tighten", "any"])
@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"n": 4}, "n is 8, not 4"),
        ({"tau1": 1.0}, "tau1 is .*, not 1.0"),
        ({"stages": (3,)}, r"stages is \[1, 3\], not \[3\]"),
        ({"quorum": 8}, "quorum is none, not 8"),
        ({"temperature_stage3": 1.0}, "temperature_stage3 is 0.1, not 1.0"),
    ],
)
def test_a_run_may_not_change_them_to_either_side(
    both: Runner, overrides: Any, context: dict[str, Any], said: str
) -> None:
    graph = cope(overrides=overrides).compile()
    with pytest.raises(ThresholdsError, match=f"{said}.*without thresholds"):
        both(graph, ASK, context=context)


def test_a_run_may_not_turn_to_the_lossy_stop_where_every_caller_is_trusted(both: Runner) -> None:
    with pytest.raises(ThresholdsError, match="may decide otherwise than all samples"):
        both(cope(overrides="any").compile(), ASK, context={"early_stop": "beta-binomial"})


def test_a_run_may_change_what_they_say_nothing_of(both: Runner) -> None:
    graph = cope(*sampled(8)).compile()
    assert both(graph, ASK, context={"n": 8, "max_answer_tokens": 9})["accepted"]


def test_other_models_are_refused_by_name() -> None:
    with pytest.raises(ThresholdsError, match=r"small was \[small\] and is \[tiny\]"):
        create_cope(chat("tiny"), chat("large"), task=tasks.math(), thresholds=FREE)
    with pytest.raises(ThresholdsError, match="large was large and is huge"):
        create_cope(chat("small"), chat("huge"), task=tasks.math(), thresholds=FREE)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ThresholdsError, match=r"large was .*; task was math and is choice; n was"):
        create_cope(
            chat("small"),
            chat("huge"),
            task=tasks.choice(["a", "b"]),
            thresholds=FREE,
            defaults=CopeContext(n=3),
        )


def test_thresholds_of_nobody_knows_what_task_are_taken_for_any() -> None:
    assert cope(task=tasks.choice(["a", "b"]), thresholds=PLANS) is not None


def test_a_quorum_is_that_of_the_calibration(both: Runner) -> None:
    names, size = QUORUM.schedule.small, QUORUM.schedule.quorum
    assert size is not None
    small = [chat(name, says("7")) for name in names]
    graph = create_cope(small, chat("large"), task=tasks.math(), thresholds=QUORUM).compile()
    out = both(graph, ASK)
    assert (out["answer"], len([one for one in small if one.calls])) == ("7", size)
    with pytest.raises(ThresholdsError, match="small was"):
        create_cope(small[::-1], chat("large"), task=tasks.math(), thresholds=QUORUM)
    with pytest.raises(ThresholdsError, match="small was"):
        create_cope(small[0], chat("large"), task=tasks.math(), thresholds=QUORUM)


def test_what_is_not_certified_warns_once_and_asks_the_large_model_alone(
    both: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "cope_graph"):
        graph = cope(large=(says("42"), says("42")), thresholds=UNSHOWN).compile()
        assert [both(graph, ASK)["answer"] for _ in range(2)] == ["42", "42"]
    (said,) = (record.getMessage() for record in caplog.records)
    assert said == (
        "The thresholds are not certified for what was asked (max_loss 0.01, confidence 0.9): the "
        "large model answers alone."
    )


def test_defaults_as_calibrated_fit_what_is_not_certified(
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = CopeContext(stages=(1, 3), small_plan="none", n=8)
    with caplog.at_level(logging.CRITICAL, "cope_graph"):
        assert cope(thresholds=UNSHOWN, defaults=own) is not None


def test_certified_thresholds_do_not_warn(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "cope_graph"):
        cope()
    assert caplog.records == []


def one_of(_: Any) -> Any:
    return {"messages": [says("1")]}


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: cope(thresholds=3), "3 is no thresholds: pass the file"),
    (lambda: cope(thresholds="/no/such.json"), "/no/such.json cannot be read"),
    (lambda: cope(thresholds={"tau1": 1}), "The mapping holds no thresholds"),
    (lambda: cope(router=router(0.5)), "A router lets runs"),
    (lambda: cope(task=tasks.math(programs=8, sandbox=Echo())), "calibrated without any"),
    (
        lambda: create_cope_agent(chat("small"), chat("large"), [len], thresholds=FREE),  # type: ignore[arg-type]
        "an agent's steps: leave thresholds out",
    ),
    (
        lambda: ChatCope(small=chat("small"), large=chat("large"), thresholds=FREE),
        "an agent's steps: leave thresholds out",
    ),
    (
        lambda: cope(thresholds={**asdict(FREE), "platt": {"1": {"signals": {}}}}),
        "no Platt scaling",
    ),
    (lambda: cope(thresholds={**asdict(FREE), "platt": {"4": {}}}), r"platt\.4"),
    (lambda: cope(thresholds={**asdict(FREE), "drawn": {"task": "math", "n": 1}}), r"drawn\.n"),
]


@pytest.mark.parametrize(("build", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_cannot_run_under_thresholds_is_refused_when_it_is_built(
    build: Callable[[], Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        build()


def test_executors_are_refused() -> None:
    with pytest.raises(ThresholdsError, match="an agent executes here"):
        cope(small_executor=RunnableLambda(one_of), read_only_tools=True)


def test_the_chat_model_refuses_tools_and_schemas_under_them() -> None:
    model = ChatCope(small=chat("small"), large=chat("large"), task=tasks.math(), thresholds=FREE)
    with pytest.raises(ThresholdsError, match="an agent's steps"):
        model.bind_tools([len]).invoke("How many?")
    with pytest.raises(InputError, match="objects of a schema are another"):
        model.with_structured_output({"title": "a", "type": "object", "properties": {}})
