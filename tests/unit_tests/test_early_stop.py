"""Runs that stop drawing early: decided as the full draw, with fewer samples, and they say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.gates.perplexities import scored_by
from cope_graph.state import LogProbs
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner


class Unsure:
    """Scores all answers alike, and low."""

    def log_probs(self, _: Sequence[BaseMessage], answers: Sequence[str]) -> list[LogProbs]:
        return [{"tokens": 9, "mean": -2.0, "tail": -2.0, "window": -2.0} for _ in answers]


ASK: dict[str, Any] = {"messages": [("user", "How many?")]}


def drawn(
    both: Runner, replies: list[str], *, task: Any = None, **settings: Any
) -> tuple[dict[str, Any], list[int]]:
    """Run once, and give what came out and how many samples each request was for."""
    small = ScriptedChat(model_name="s", replies=replies)
    large = ScriptedChat(model_name="l", replies=[says("7")])
    defaults = CopeContext(**{**PLAN_FREE.model_dump(), **settings})
    graph = create_cope(small, large, task=task or tasks.math(), defaults=defaults)
    return both(graph.compile(), ASK), [call["n"] for call in small.calls]


def test_exact_stopping_asks_for_as_few_as_could_decide(both: Runner) -> None:
    out, asked = drawn(both, [says("3")] * 8, early_stop="exact")
    assert (out["answer"], out["accepted"], asked) == ("3", True, [2, 2, 2, 1])
    assert [visit.get("to_draw") for visit in out["visits"]] == [2, 2, 1, None]
    out, asked = drawn(both, ["?"] * 8, early_stop="exact")
    assert (out["answer"], out["stage"], asked) == ("7", 3, [2])


def test_a_wave_of_its_own_size_takes_the_place_of_the_computed_one(both: Runner) -> None:
    for early_stop in ("off", "exact"):
        out, asked = drawn(both, [says("3")] * 8, early_stop=early_stop, wave=3)
        assert (out["accepted"], asked) == (True, [3, 3, 2])
    _, asked = drawn(both, [says("3")] * 8)
    assert asked == [8]


def test_looks_say_what_the_full_draw_could_still_come_to(both: Runner) -> None:
    out, _ = drawn(both, [says("3")] * 7 + [says("4")], early_stop="exact")
    assert [visit.get("bounds") for visit in out["visits"]] == [
        [2 / 8, 1],
        [4 / 8, 1],
        [6 / 8, 1],
        [7 / 8, 1],
    ]
    assert out["visits"][0]["reason"] == "2 of 2 samples agree (0.25 to 1 of all 8); 6 to come"
    assert out["reason"] == "7 of 7 samples agree (0.875 to 1 of all 8); > 0.75 is met"


def test_a_full_draw_has_no_bounds(both: Runner) -> None:
    out, _ = drawn(both, [says("3")] * 7 + [says("4")])
    assert "bounds" not in out["visits"][0]
    assert out["reason"] == "7 of 8 samples agree; > 0.75 is met"


def test_lossy_stopping_stops_earlier_and_says_how_sure_it_is(both: Runner) -> None:
    replies = [says("3")] * 8
    exact, many = drawn(both, replies, early_stop="exact", tau1=0.5)
    lossy, few = drawn(both, replies, early_stop="beta-binomial", tau1=0.5)
    assert (sum(many), sum(few)) == (5, 4)
    assert exact["accepted"]
    assert lossy["accepted"]
    assert exact["reason"].endswith("> 0.5 is met")
    assert lossy["reason"].endswith("> 0.5 is met with a probability of 0.99 or more")
    certain, asked = drawn(both, replies, early_stop="beta-binomial", tau1=0.5, guard=1.0)
    assert (certain["reason"], asked) == (exact["reason"], many)


def test_a_quorum_that_is_foreseen_is_not_said_to_be_there(both: Runner) -> None:
    lossy, few = drawn(both, [says("3")] * 8, early_stop="beta-binomial", quorum=5)
    assert (sum(few), lossy["accepted"]) == (4, True)
    assert lossy["reason"].endswith("a quorum of 5 is met with a probability of 0.99 or more")
    exact, many = drawn(both, [says("3")] * 8, early_stop="exact", quorum=5)
    assert sum(many) == 5
    assert exact["reason"].endswith("a quorum of 5 is met")


def test_a_gate_that_scores_draws_them_all_at_once(both: Runner) -> None:
    task = tasks.open_ended(gate=scored_by(Unsure()))
    _, asked = drawn(both, ["one", "two", "three", "four"], task=task, n=4, early_stop="exact")
    assert asked == [4]


@pytest.mark.parametrize("edited", [0, -3, 99])
def test_a_wave_that_a_hand_has_changed_is_kept_within_the_draw(edited: int) -> None:
    small = ScriptedChat(model_name="s", replies=[says("3")] * 8)
    defaults = CopeContext(**{**PLAN_FREE.model_dump(), "early_stop": "exact"})
    graph = create_cope(small, ScriptedChat(replies=[]), task=tasks.math(), defaults=defaults)
    app: Any = graph.compile(InMemorySaver(), interrupt_after=["confidence_gate"])
    config: Any = {"configurable": {"thread_id": "t"}}
    app.invoke(ASK, config)
    visits = app.get_state(config).values["visits"]
    app.update_state(config, {"visits": [{**visits[-1], "to_draw": edited}]})
    app.invoke(None, config)
    assert small.calls[-1]["n"] == min(max(edited, 1), 6)
