"""The perplexity gate: the sample the model was surest of, and how sure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from cope_graph.errors import InputError
from cope_graph.gates import perplexity
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.perplexities import scored_by
from cope_graph.gates.verdict import Question
from cope_graph.state import LogProbs, Sample

ASKED = Question("Why?")


def scores(mean: float, tail: float | None = None, window: float | None = None) -> LogProbs:
    return {
        "tokens": 40,
        "mean": mean,
        "tail": mean if tail is None else tail,
        "window": mean if window is None else window,
    }


def sample(answer: str | None, found: LogProbs | None = None) -> Sample:
    made: Sample = {
        "text": answer or "",
        "answer": answer,
        "finish": None,
        "goal": None,
        "id": None,
    }
    return made if found is None else {**made, "log_probs": found}


def test_the_lowest_perplexity_wins_and_is_the_confidence() -> None:
    drawn = [sample("a", scores(-0.7)), sample("b", scores(-0.2)), sample("c", scores(-0.4))]

    verdict = perplexity()(ASKED, drawn)

    assert (verdict.answer, verdict.winner) == ("b", 1)
    assert verdict.confidence == pytest.approx(math.exp(-0.2))
    assert verdict.explanation == "the lowest perplexity of 3 samples is 1.22 (0.82)"


@pytest.mark.parametrize(("signal", "wins"), [("mean", "a"), ("tail", "b"), ("window", "c")])
def test_each_signal_has_its_winner(signal: Any, wins: str) -> None:
    drawn = [
        sample("a", scores(-0.1, -0.9, -0.9)),
        sample("b", scores(-0.5, -0.2, -0.9)),
        sample("c", scores(-0.5, -0.9, -0.6)),
    ]

    assert perplexity(signal)(ASKED, drawn).answer == wins


def test_of_equals_the_first_wins() -> None:
    drawn = [sample(None), sample("a", scores(-0.3)), sample("b", scores(-0.3))]

    assert perplexity()(ASKED, drawn).winner == 1


def test_a_sample_without_an_answer_never_wins() -> None:
    drawn = [sample(None, scores(-0.01)), sample("a", scores(-3.0))]

    assert perplexity()(ASKED, drawn).answer == "a"


def test_without_log_probs_nothing_is_taken_for_sure() -> None:
    verdict = perplexity()(ASKED, [sample("a"), sample("b")])

    assert (verdict.confidence, verdict.answer) == (None, "a")
    assert decide(verdict, Threshold(0.0), n=2, missing=(), onward="hand_over") == (
        "hand_over",
        False,
    )


def test_without_answers_there_is_none() -> None:
    verdict = perplexity()(ASKED, [sample(None), sample(None)])

    assert (verdict.confidence, verdict.answer, verdict.winner) == (None, None, None)


def test_beyond_measure_is_no_error() -> None:
    verdict = perplexity()(ASKED, [sample("a", scores(-2000.0))])

    assert verdict.confidence == 0.0
    assert "beyond measure" in verdict.explanation


@given(st.lists(st.floats(min_value=-20, max_value=0), min_size=1, max_size=8), st.floats(0, 1))
def test_it_accepts_exactly_below_a_perplexity_of_one_over_tau(
    means: list[float], tau: float
) -> None:
    verdict = perplexity()(ASKED, [sample(f"{i}", scores(mean)) for i, mean in enumerate(means)])
    n = len(means)

    decision, passed = decide(verdict, Threshold(tau), n=n, missing=(), onward="escalate")

    assert passed == (math.exp(max(means)) > tau)
    assert decision == ("accept" if passed else "escalate")


def test_no_decision_falls_before_the_last_sample() -> None:
    verdict = perplexity()(ASKED, [sample("a", scores(-0.01))])
    none_yet = perplexity()(ASKED, [sample(None)])

    for seen in (verdict, none_yet):
        decided = decide(seen, Threshold(0.9), n=8, missing=[7], onward="escalate")
        assert decided == ("undecided", False)


class Lengths:
    """Finds a text the likelier the shorter it is."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def log_probs(self, messages: Sequence[BaseMessage], answers: Sequence[str]) -> list[LogProbs]:
        self.asked.append([message.text for message in messages])
        return [scores(-len(answer) / 10) for answer in answers]


def test_another_model_scores_each_answer_once_in_its_conversation() -> None:
    scorer = Lengths()
    asked = Question("Why?", earlier=(SystemMessage("Be brief."), HumanMessage("Hi")))
    drawn = [sample("long answer"), sample("no"), sample(None), sample("no")]

    verdict = scored_by(scorer)(asked, drawn)

    assert (verdict.answer, verdict.winner) == ("no", 1)
    assert verdict.confidence == pytest.approx(math.exp(-0.2))
    assert scorer.asked == [["Be brief.", "Hi", "Why?"]]


def test_no_answer_is_not_scored() -> None:
    scorer = Lengths()

    assert scored_by(scorer)(ASKED, [sample(None)]).answer is None
    assert scorer.asked == []


def test_what_cannot_score_is_refused() -> None:
    with pytest.raises(InputError, match="cannot score texts: pass ChatTransformers"):
        scored_by(object())  # type: ignore[arg-type]


def test_an_unknown_signal_is_refused() -> None:
    with pytest.raises(InputError, match="no signal 'head'; there is: mean, tail, window"):
        perplexity("head")  # type: ignore[arg-type]
