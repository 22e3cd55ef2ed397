"""Structured output through the whole cascade: prompts, votes on fields, the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field
from syrupy.assertion import SnapshotAssertion

from cope_graph import PLAN_FREE, CopeContext, Prompts, create_cope, tasks
from cope_graph.errors import InputError, NoAnswerError
from cope_graph.tasks import Plan, structured
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner


class Event(BaseModel):
    """Something that takes place."""

    reasoning: str = Field("", description="Why you think so.")
    place: str
    guests: int = Field(ge=0)


TASK = structured(Event, unvoted=["reasoning"])
ASK: dict[str, Any] = {"messages": [("user", "Seven of us meet in Paris.")]}
FREE = PLAN_FREE.model_copy(update={"n": 3, "tau1": 0.5})


def wrote(place: str, guests: int, reasoning: str = "so it says") -> str:
    return json.dumps({"reasoning": reasoning, "place": place, "guests": guests})


def built(small: list[str], large: list[str], **settings: Any) -> Any:
    chats = ScriptedChat(model_name="s", replies=small), ScriptedChat(model_name="l", replies=large)
    defaults = FREE.model_copy(update=settings)
    return create_cope(*chats, task=TASK, defaults=defaults).compile(), *chats


def test_the_prompts(snapshot: SnapshotAssertion) -> None:
    prompts = TASK.prompts
    plans = [Plan("goal", "Find {both}."), Plan("guideline", "First read.")]
    assert {
        "goal": prompts.planner("goal", "Who?"),
        "guideline": prompts.planner("guideline", "Who?"),
        "execute": prompts.executor("Who?"),
        "execute with goal and guideline": prompts.executor("Who?", plans),
    } == snapshot


def test_the_answer_is_the_winners_own_object_and_the_vote_is_on_its_fields(run: Runner) -> None:
    replies = [wrote("Paris", 6), wrote("paris", 7), f"Sure: {wrote('  PARIS ', 6, 'no')}"]
    graph, *_ = built(replies, [])
    out = run(graph, ASK)
    assert Event.model_validate_json(out["answer"]) == Event.model_validate_json(replies[0])
    assert (out["accepted"], out["confidence"]) == (True, 2 / 3)
    assert out["visits"][0]["fields"] == pytest.approx({"place": 1.0, "guests": 2 / 3})
    assert out["messages"][-1].text == replies[0]
    assert out["reason"] == (
        "2 of 3 samples agree on every voted field, 2 on the weakest, 'guests'; > 0.5 is met"
    )


def test_what_is_unsure_goes_through_all_stages_and_ends_with_the_large_models_object(
    both: Runner,
) -> None:
    small = ["Find it.", "Find it.", "no JSON", wrote("Rome", 1), wrote("Oslo", 2), '{"guests": 1}']
    graph, chat, large = built(
        small, ["First look.", wrote("Bern", 4)], n=2, stages=(1, 2, 3), small_plan="goal"
    )
    out = both(graph, ASK)
    assert Event.model_validate_json(out["answer"]).place == "Bern"
    assert [visit["stage"] for visit in out["visits"]] == [1, 2, 3]
    assert [visit["confidence"] for visit in out["visits"]] == [0.5, 0.5, None]
    assert "1 without an object that fits" in out["visits"][0]["reason"]
    assert "fields reasoning, place, guests" in chat.prompts[0]
    assert '"guests": {"minimum": 0, "type": "integer"}' in chat.prompts[2]
    assert "<guideline>\nFirst look.\n</guideline>" in large.prompts[1]


def test_a_reply_cut_at_the_token_limit_has_no_object(both: Runner) -> None:
    replies = [wrote("Rome", 1), f"cut:{wrote('Rome', 1)}", wrote("Rome", 1)]
    graph, *_ = built(replies, [])
    assert both(graph, ASK)["confidence"] == pytest.approx(2 / 3)


def test_no_object_anywhere_is_an_error_with_the_bill(both: Runner) -> None:
    graph, *_ = built(["no"] * 3, ["no"])
    with pytest.raises(NoAnswerError, match="structured answer that can be read") as error:
        both(graph, ASK)
    assert error.value.ledger is not None
    assert error.value.ledger["requests"] == 2


def test_prompts_of_ones_own_are_asked_as_they_are(both: Runner) -> None:
    prompts = Prompts(
        goal="{question} Goal?",
        guideline="{question} How?",
        execute="{question} {plan}As JSON: place, guests.",
        with_goal="{goal}",
        with_guideline="{guideline}",
    )
    small = ScriptedChat(replies=[wrote("Rome", 1)] * 3)
    graph = create_cope(
        small,
        ScriptedChat(replies=[]),
        task=structured(Event, prompts=prompts),
        defaults=FREE,
    ).compile()
    assert both(graph, ASK)["accepted"] is True
    assert small.prompts[0].endswith("As JSON: place, guests.")


def test_response_format_is_short_for_the_task(both: Runner) -> None:
    small = ScriptedChat(replies=[wrote("Rome", 1)] * 3)
    large = ScriptedChat(replies=[])
    graph = create_cope(small, large, response_format=Event, defaults=FREE).compile()
    out = both(graph, ASK)
    assert Event.model_validate_json(out["answer"]).place == "Rome"
    assert set(out["visits"][0]["fields"]) == {"reasoning", "place", "guests"}


def test_a_task_and_a_response_format_are_one_too_many() -> None:
    small, large = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    with pytest.raises(InputError, match="pass one of them"):
        create_cope(small, large, task=tasks.math(), response_format=Event)
    with pytest.raises(InputError, match="response_format=YourClass"):
        create_cope(small, large)
    with pytest.raises(InputError, match="int describes no object with named fields"):
        create_cope(small, large, response_format=int)


def test_a_stricter_threshold_of_a_run_is_heeded(both: Runner) -> None:
    replies = [wrote("Rome", 1), wrote("Rome", 1), wrote("Rome", 2)]
    graph, *_ = built(replies, [wrote("Bern", 4)])
    out = both(graph, ASK, context=CopeContext(tau1=0.9))
    assert (out["stage"], Event.model_validate_json(out["answer"]).guests) == (3, 4)
