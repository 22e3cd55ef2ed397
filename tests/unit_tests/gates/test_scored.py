"""Another model scores: what it cannot score costs no run, and nothing is taken for sure."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from cope_graph import PLAN_FREE, create_cope, tasks
from cope_graph.errors import ModelLoadError, RequestRefusedError
from cope_graph.gates import meaning, perplexity
from cope_graph.gates.perplexities import scored_by
from cope_graph.gates.verdict import Question
from cope_graph.stages.look import is_scored
from cope_graph.state import LogProbs
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner
from tests.unit_tests.gates.closeness import Angles, answered
from tests.unit_tests.gates.test_perplexities import sample, scores

ASK = {"messages": [("user", "Why?")]}
TWO = PLAN_FREE.model_copy(update={"n": 2, "tau1": 0.5})
IMPOSSIBLE = [math.nan, math.inf, -math.inf, 0.5, 1000.0]


class Scorer:
    """Scores each text by a function of it, and keeps what it was asked for."""

    def __init__(self, mean_of: Callable[[str], float]) -> None:
        self.mean_of = mean_of
        self.asked: list[list[str]] = []

    def log_probs(self, messages: Sequence[BaseMessage], answers: Sequence[str]) -> list[LogProbs]:
        assert messages
        self.asked.append(list(answers))
        return [scores(self.mean_of(answer)) for answer in answers]


def no_more_than_ten(answer: str) -> float:
    if len(answer) > 10:
        msg = f"{answer} does not fit"
        raise RequestRefusedError(msg)
    return -0.1 * len(answer)


def run_of(scorer: Scorer, small: list[str], large: list[str]) -> Any:
    task = tasks.open_ended(scorer=scorer)
    models = ScriptedChat(replies=small), ScriptedChat(replies=large)
    return create_cope(*models, task=task, defaults=TWO).compile()


def test_an_answer_that_cannot_be_scored_loses_none_of_the_others(
    both: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    scorer = Scorer(no_more_than_ten)
    with caplog.at_level(logging.WARNING, "cope_graph"):
        out = both(run_of(scorer, ["much too long", "short"], []), ASK)
    assert (out["answer"], out["stage"]) == ("short", 1)
    assert out["confidence"] == pytest.approx(math.exp(-0.5))
    assert scorer.asked == [["much too long", "short"], ["much too long"], ["short"]]
    assert "RequestRefusedError" in caplog.text
    assert "much too long" not in caplog.text


def test_where_no_answer_can_be_scored_the_next_stage_follows(both: Runner) -> None:
    scorer = Scorer(no_more_than_ten)
    out = both(run_of(scorer, ["much too long", "longer even"], ["Since."]), ASK)
    assert (out["answer"], out["stage"]) == ("Since.", 3)
    assert out["visits"][0]["confidence"] is None


def test_the_large_models_one_answer_is_not_scored(both: Runner) -> None:
    scorer = Scorer(lambda _: -2.0)
    out = both(run_of(scorer, ["a", "b"], ["Since it is so and no other way."]), ASK)
    assert (out["stage"], out["confidence"]) == (3, None)
    assert scorer.asked == [["a", "b"]]


def test_a_scorer_that_cannot_be_loaded_is_an_error() -> None:
    def no_model(_: str) -> float:
        msg = "no such folder"
        raise ModelLoadError(msg)

    with pytest.raises(ModelLoadError, match="no such folder"):
        run_of(Scorer(no_model), ["a", "b"], []).invoke(ASK)


@pytest.mark.parametrize("value", IMPOSSIBLE)
def test_what_is_no_log_probability_is_never_taken_for_sure(value: float) -> None:
    found = scored_by(Scorer(lambda text: value if text == "a" else -0.7))
    drawn = answered("a", "b")
    assert found(Question("Why?"), drawn).answer == "b"
    alone = perplexity()(Question("Why?"), [sample("a", scores(value))])
    assert (alone.confidence, alone.answer) == (None, "a")


def test_scores_are_looked_at_once_and_votes_again_and_again() -> None:
    task = tasks.open_ended
    assert is_scored(task(scorer=Scorer(len)))
    assert is_scored(task())
    assert not is_scored(task(gate=meaning(Angles({}), free=True)))
    assert not is_scored(tasks.math())
