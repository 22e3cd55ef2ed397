"""Where trials stand at the same point, and what the vote on their steps says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.tau_airline import by_company, by_gold, by_success, singly_gold
from benchmarks.tau_steps import Message, by_calls, by_messages, by_writes, canonical_of, votes

GOLD = {"name": "cancel_reservation", "kwargs": {"reservation_id": "A"}}


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def says(text: str) -> Message:
    return {"role": "assistant", "content": text}


def used(name: str, result: str = "ok", /, **args: Any) -> list[Message]:
    """A call and its result; ids differ from call to call."""
    used.count += 1  # type: ignore[attr-defined]
    at = f"c{used.count}"  # type: ignore[attr-defined]
    call = {"id": at, "type": "function", "function": {"name": name, "arguments": json.dumps(args)}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": at, "name": name, "content": result},
    ]


used.count = 0  # type: ignore[attr-defined]


def run(*messages: Message, reward: float = 1.0, task: str = "t") -> dict[str, Any]:
    return {"id": task, "reward": reward, "messages": messages, "gold_actions": [GOLD]}


def names(steps: list[Any]) -> list[str]:
    """Name the tools of steps, `None` for the end."""
    found = [json.loads(canonical_of(step.action) or "{}") for step in steps]
    return [one["calls"][0]["name"] if "calls" in one else "end" for one in found]


def test_the_same_messages_are_those_to_the_letter_but_for_ids() -> None:
    one = by_messages([user("Hi"), *used("find", id="A"), says("Done")])
    other = by_messages([user("Hi"), *used("find", id="A"), says("Sorry")])
    assert [step.history for step in one] == [step.history for step in other]
    assert one[0].action == other[0].action
    assert one[1].action != other[1].action
    greeted = by_messages([user("Hi!"), *used("find", id="A")])
    assert greeted[0].history != one[0].history


def test_the_same_calls_are_those_with_their_results_whatever_was_said() -> None:
    one = by_calls([user("Hi"), *used("find", id="A"), *used("find", id="B")])
    other = by_calls([user("Ho"), *used("think", thought="Hm"), *used("find", id="A"), says("Ok")])
    assert names(one) == ["find", "find", "end"]
    assert names(other) == ["find", "end"]
    assert [step.history for step in one[:2]] == [step.history for step in other]
    failed = by_calls([*used("find", "Error", id="A"), says("Ok")])
    assert failed[1].history != one[1].history


def test_the_same_database_is_that_of_the_same_writes() -> None:
    messages = [*used("find", id="A"), *used("cancel_reservation", reservation_id="A")]
    steps = by_writes(messages)
    assert names(steps) == ["cancel_reservation", "end"]
    assert steps[0].history == ()
    assert len(steps[1].history) == 2


def test_a_transfer_ends_a_trial_and_its_summary_does_not_count() -> None:
    one = by_calls([*used("transfer_to_human_agents", summary="He is angry.")])
    other = by_calls([*used("transfer_to_human_agents", summary="She asks for a refund.")])
    assert names(one) == ["transfer_to_human_agents"]
    assert canonical_of(one[0].action) == canonical_of(other[0].action)
    assert names(by_writes([*used("transfer_to_human_agents", summary="x")])) == ["end"]


@pytest.fixture
def runs() -> list[Mapping[str, Any]]:
    def cancels(id_: str, reward: float) -> dict[str, Any]:
        return run(*used("cancel_reservation", reservation_id=id_), reward=reward)

    other = run(*used("cancel_reservation", reservation_id="A"), task="other")
    return [cancels("A", 1), cancels("B", 0), cancels(" A ", 1), run(says("No"), reward=0), other]


def test_trials_of_a_task_vote_where_they_stand_together(runs: list[Mapping[str, Any]]) -> None:
    first, then = votes(runs, by_writes)
    assert (first.task, first.agreement, first.rewards) == ("t", 0.5, (1, 0, 1, 0))
    assert first.verdict.classes[0].members == (0, 2)
    assert (then.agreement, then.rewards) == (1.0, (1, 1))


def test_scores_of_a_vote_and_what_is_right_of_them(runs: list[Mapping[str, Any]]) -> None:
    first, then = votes(runs, by_writes)
    assert by_success(first) == [(0.5, 0.5)]
    assert by_company(first) == [(0.5, 1), (0.25, 0), (0.5, 1), (0.25, 0)]
    assert by_gold(first) == [(0.5, 1.0)]
    assert singly_gold(first) == 0.5
    assert by_gold(then) == []  # it ends: that is no write


def test_a_call_that_cannot_be_parsed_is_no_step() -> None:
    message, result = used("find", id="A")
    message["tool_calls"][0]["function"]["arguments"] = '{"id": '
    (step, end) = by_calls([message, result])
    assert step.action is None
    assert '{"id": ' in end.history[0].replace('\\"', '"')
    assert by_messages([message, result])[0].action is None
