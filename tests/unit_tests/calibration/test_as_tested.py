"""What is accepted in a calibration is what the graph accepts under its thresholds, to a sample."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.calibration import (
    Alone,
    Schedule,
    StageOutcomes,
    StageTable,
    Thresholds,
    VoterTable,
    calibrate,
    read_thresholds,
)
from cope_graph.calibration.ladder import Step
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.verdict import Verdict
from tests.scripted import ScriptedChat, says
from tests.unit_tests.calibration.outcomes import names

ITEMS, N = 7, 4
ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
RIGHT = "1"
Answers = list[str | None]


def answers_of(lot: random.Random) -> Answers:
    """Draw answers of which many are alike, some are wrong, and some can't be read."""
    some: Answers = [RIGHT, lot.choice("12"), lot.choice("123"), None]
    return [lot.choice(some[: lot.randint(1, 4)]) for _ in range(N)]


def said(answers: Answers) -> list[str]:
    return ["no idea" if answer is None else says(answer) for answer in answers]


def leader(answers: Answers) -> tuple[int, str | None]:
    counts = Counter(answer for answer in answers if answer is not None)
    return (counts.most_common(1)[0][1], counts.most_common(1)[0][0]) if counts else (0, None)


def stage(drawn: list[Answers]) -> StageOutcomes:
    led = [leader(answers) for answers in drawn]
    return StageOutcomes(
        np.array([count / N for count, _ in led]),
        np.array([answer == RIGHT for _, answer in led]),
        np.ones(len(drawn)),
    )


def at(made: Thresholds, step: Step, folder: Path) -> CopeContext:
    """Give the settings of a step as if it had been certified, by way of a file."""
    schedule, shown = (
        replace(made.schedule, quorum=step.quorum),
        replace(made.shown, certified=True),
    )
    there = replace(made, tau1=step.tau1, tau2=step.tau2, schedule=schedule, shown=shown)
    there.save(folder / "t.json")
    return CopeContext(**read_thresholds(folder / "t.json").settings())


class Staged(ScriptedChat):
    """Plans, answers stage 1 and answers stage 2 from scripts of their own."""

    first: ScriptedChat
    second: ScriptedChat

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        prompt = str(messages[-1].content)
        if "my guideline" in prompt:
            return self.second._generate(messages, *args, **kwargs)
        if "my goal" in prompt:
            return self.first._generate(messages, *args, **kwargs)
        return super()._generate(messages, *args, **kwargs)


def staged(first: Answers, second: Answers) -> Staged:
    one, two = (ScriptedChat(replies=said(answers)) for answers in (first, second))
    return Staged(model_name="small", replies=["my goal"] * N, first=one, second=two)


def outcome(small: Any, third: list[str], settings: CopeContext) -> dict[str, Any]:
    large = ScriptedChat(model_name="large", replies=third)
    graph: Any = create_cope(small, large, task=tasks.math(), defaults=settings).compile()
    out: dict[str, Any] = graph.invoke(ASK)
    return out


@pytest.mark.parametrize("early_stop", ["off", "exact"])
@pytest.mark.parametrize("place", range(3))
def test_every_step_of_a_path_accepts_in_the_graph_what_it_accepted_in_the_table(
    place: int, early_stop: str, tmp_path: Path
) -> None:
    lot = random.Random(place)  # noqa: S311 - no secret
    first, second = ([answers_of(lot) for _ in range(ITEMS)] for _ in range(2))
    third = [lot.choice("12") for _ in range(ITEMS)]
    made = StageTable(
        Schedule(("small",), "large", N),
        Alone(names(ITEMS), np.ones(ITEMS, np.bool_), np.ones(ITEMS)),
        {1: stage(first), 2: stage(second)},
        np.array([answer == RIGHT for answer in third]),
        np.ones(ITEMS),
    )
    ladder, base = made.ladders()[place], calibrate(made, max_loss=0.5, split=0.5).thresholds
    for index, step in enumerate(ladder.steps):
        settings = at(base, step, tmp_path).model_copy(update={"early_stop": early_stop})
        for item in range(ITEMS):
            large = ["my guideline", says(third[item])]
            out = outcome(staged(first[item], second[item]), large, settings)
            asked = {visit["stage"] for visit in out["visits"]}
            assert (asked == {1}) == ladder.accepted[index, item]
            assert (out["answer"] == RIGHT) == ladder.right[index, item]
            assert len(asked) == ladder.usd[index, item]  # each stage costs 1 here


def test_every_quorum_is_reached_in_the_graph_where_it_was_in_the_table(tmp_path: Path) -> None:
    lot = random.Random(0)  # noqa: S311 - no secret
    drawn = [[lot.choice(["1", "1", "2", "3", None]) for _ in range(4)] for _ in range(ITEMS)]
    third = [lot.choice("12") for _ in range(ITEMS)]
    made = VoterTable(
        tuple("abcd"),
        "large",
        Alone(names(ITEMS), np.array([x == RIGHT for x in third]), np.full(ITEMS, 100)),
        np.array([[-1 if x is None else int(x) for x in answers] for answers in drawn]),
        np.array([[x == RIGHT for x in answers] for answers in drawn]),
        np.ones((ITEMS, 4)),
    )
    base = calibrate(made, max_loss=0.5, split=0.5).thresholds
    for ladder in made.ladders():
        chosen = replace(base, schedule=ladder.schedule)
        for index, step in enumerate(ladder.steps):
            settings = at(chosen, step, tmp_path)
            for item in range(ITEMS):
                texts = dict(zip("abcd", said(drawn[item]), strict=True))
                small = [
                    ScriptedChat(model_name=name, replies=[texts[name]])
                    for name in ladder.schedule.small
                ]
                out = outcome(small, [says(third[item])], settings)
                paid = sum(len(model.calls) for model in small) + 100 * (out["stage"] == 3)
                assert (out["stage"] == 1) == ladder.accepted[index, item]
                assert (out["answer"] == RIGHT) == ladder.right[index, item]
                assert paid == ladder.usd[index, item]


def test_a_score_passes_in_the_table_exactly_where_it_passes_in_a_run() -> None:
    scores = np.array([0.1 * 3, 0.3, 0.85 + 1e-16, 0.8500000000000001, 0.85, 0.0])
    made = StageTable(
        Schedule(("small",), "large", N, (1, 3), "none"),
        Alone(names(6), np.ones(6, np.bool_), np.ones(6)),
        {1: StageOutcomes(scores, np.array([1, 0, 1, 1, 0, 0]), np.ones(6))},
        votes=False,
    )
    (ladder,) = made.ladders()
    for index, step in enumerate(ladder.steps):
        passed = [
            decide(
                Verdict(score, 0, "1", ""), Threshold(step.tau1), n=N, missing=(), onward="escalate"
            )[1]
            for score in scores.tolist()
        ]
        assert passed == ladder.accepted[index].tolist()
