"""Answers under calibrated thresholds say how likely they are right; and a watch over runs."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import ChatCope, CopeContext, create_cope, tasks
from cope_graph.calibration import DriftWatch, Thresholds
from cope_graph.calibration.platt import Platt, agreeing
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.tasks.mathematics import PROMPTS
from tests.scripted import says
from tests.unit_tests.calibrated_graphs import ASK, FREE, PLANS, QUORUM, chat, cope, sampled
from tests.unit_tests.calibration.outcomes import table
from tests.unit_tests.conftest import Runner


def scaled(made: Thresholds, stage: int, agreement: float) -> float | None:
    platts: Any = made.platt
    return Platt.from_json(platts[str(stage)]).of(agreeing(agreement))


def test_the_chat_model_takes_them_and_tells_how_likely_it_is_right(both: Runner) -> None:
    model = ChatCope(
        small=chat("small", *sampled(8)), large=chat("large"), task=tasks.math(), thresholds=FREE
    )
    said: Any = both(model, "How many?")
    p = said.response_metadata["cope"]["p_correct"]
    assert p == pytest.approx(scaled(FREE, 1, 1.0))


@pytest.mark.parametrize("asked", [2, 3])
def test_a_quorum_is_as_likely_right_as_those_of_the_calibration(both: Runner, asked: int) -> None:
    schedule = replace(QUORUM.schedule, small=("a", "b", "c", "d"), n=4, quorum=2)
    made = replace(QUORUM, schedule=schedule, tau1=0.25, platt=FREE.platt)
    answers = ["7", "7"] if asked == 2 else ["8", "7", "7"]
    answers += ["9"] * (4 - asked)
    small = [chat(name, says(one)) for name, one in zip("abcd", answers, strict=True)]
    graph = create_cope(small, chat("large"), task=tasks.math(), thresholds=made)
    assert both(graph.compile(), ASK)["p_correct"] == pytest.approx(scaled(made, 1, 2 / asked))


@pytest.mark.parametrize("agree", [7, 8])
def test_an_accepted_answer_says_how_likely_it_is_right(run: Runner, agree: int) -> None:
    out = run(cope(*sampled(agree)).compile(), ASK)
    expected = scaled(FREE, 1, agree / 8)
    assert out["p_correct"] == pytest.approx(expected)
    assert out["visits"][0]["p_correct"] == pytest.approx(expected)
    assert expected is not None
    assert 0.6 < expected < 1


def test_the_large_models_answer_is_as_likely_right_as_those_that_came_to_it(
    both: Runner,
) -> None:
    out = both(cope(*sampled(1), large=(says("42"),)).compile(), ASK)
    assert out["stage"] == 3
    assert out["visits"][0]["p_correct"] == pytest.approx(scaled(FREE, 1, 1 / 8))
    made = table(400)
    reached = made.small[1].confidence <= FREE.tau1
    share = float(np.mean(made.alone.right[reached]))
    assert out["p_correct"] == pytest.approx(share, abs=0.02)  # Platt's targets are smoothed


def test_each_stage_has_a_scaling_of_its_own(both: Runner) -> None:
    taus = replace(PLANS, tau1=0.75, tau2=0.5)
    replies = ["a goal"] * 8 + sampled(5) + sampled(6)
    out = both(cope(*replies, large=("a plan",), thresholds=taus).compile(), ASK)
    assert (out["stage"], out["accepted"]) == (2, True)
    assert out["visits"][0]["p_correct"] == pytest.approx(scaled(PLANS, 1, 5 / 8))
    assert out["p_correct"] == pytest.approx(scaled(PLANS, 2, 6 / 8))


def test_a_vote_that_stopped_early_is_as_likely_right_as_its_least_full_draw(
    both: Runner,
) -> None:
    own = CopeContext(early_stop="exact")
    out = both(cope(*sampled(8), defaults=own).compile(), ASK)
    last = out["visits"][-1]
    assert last["samples"] < 8
    assert out["p_correct"] == pytest.approx(scaled(FREE, 1, last["bounds"][0]))


def test_without_an_answer_nothing_is_likely(both: Runner) -> None:
    out = both(cope(*["hm"] * 8, large=(says("42"),)).compile(), ASK)
    assert "p_correct" not in out["visits"][0]


def test_without_thresholds_nothing_is_estimated(both: Runner) -> None:
    models = chat("small", *sampled(8)), chat("large")
    own = CopeContext(small_plan="none", stages=(1, 3))
    out = both(create_cope(*models, task=tasks.math(), defaults=own).compile(), ASK)
    assert out["p_correct"] is None
    assert "p_correct" not in out["visits"][0]


def test_a_turn_does_not_keep_the_probability_of_the_turn_before(both: Runner) -> None:
    saver, thread = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    first = cope(*sampled(8)).compile(checkpointer=saver)
    assert both(first, ASK, thread)["p_correct"] is not None
    later = cope(*sampled(8), thresholds=replace(FREE, platt=None)).compile(checkpointer=saver)
    assert both(later, ASK, thread)["p_correct"] is None


def test_a_file_without_scaling_or_drawing_decides_all_the_same(both: Runner) -> None:
    content = {key: value for key, value in asdict(FREE).items() if key not in ("platt", "drawn")}
    out = both(cope(*sampled(8), thresholds=content).compile(), ASK)
    assert (out["accepted"], out["p_correct"]) == (True, None)


def test_a_gate_that_gives_scores_has_no_probability(both: Runner) -> None:
    def score(_: Question, __: Any) -> Verdict:
        return Verdict(0.99, 0, "same", "a score")

    scores = tasks.Task("math", PROMPTS, lambda text: text, score)
    out = both(cope(*["same"] * 8, task=scores).compile(), ASK)
    assert (out["accepted"], out["p_correct"]) == (True, None)


def test_a_running_graph_is_watched_until_it_drifts(
    both: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    watch = DriftWatch(FREE)
    lot = np.random.default_rng(1)
    levels = [round(float(one) * 8) for one in table(400).small[1].confidence]
    before = [int(lot.choice(levels)) for _ in range(60)]
    after = [1] * 60
    replies = [reply for agree in before + after for reply in sampled(agree)]
    large = tuple([says("42")] * 200)
    graph = cope(*replies, large=large).compile()
    with caplog.at_level(logging.WARNING, "cope_graph"):
        for _ in before:
            report = watch.feed(both(graph, ASK))
        assert (report.drifted, report.runs, report.left_out) == (False, 60, 0)
        for _ in after:
            report = watch.feed(both(graph, ASK))
    assert report.drifted
    assert report.since is not None
    assert report.since > 60
    assert [one.getMessage()[:44] for one in caplog.records] == [
        "The gate no longer behaves as calibrated: dr"
    ]
