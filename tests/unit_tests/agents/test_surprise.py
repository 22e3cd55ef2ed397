from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from cope_graph.agents.canonical_form import Form
from cope_graph.agents.surprise import surprise_in


def step(
    saw: str = "a key",
    status: Literal["success", "error"] = "success",
    tool: str = "look",
    number: int = 0,
    **args: Any,
) -> list[BaseMessage]:
    call: Any = {"name": tool, "args": args, "id": f"c{number}", "type": "tool_call"}
    seen = ToolMessage(saw, name=tool, tool_call_id=f"c{number}", status=status)
    return [AIMessage("", tool_calls=[call]), seen]


def talk(*steps: list[BaseMessage]) -> list[BaseMessage]:
    return [HumanMessage("Find the key."), *(one for step in steps for one in step)]


def test_a_tool_that_failed_is_a_surprise() -> None:
    assert surprise_in(talk(step(status="error")), 1) == "look failed"


def test_a_call_that_cannot_be_read_is_a_surprise() -> None:
    bad: Any = {"name": "look", "args": "{", "id": None, "type": "invalid_tool_call"}
    garbled: list[BaseMessage] = [AIMessage("", invalid_tool_calls=[{**bad, "error": None}])]
    assert surprise_in(talk(garbled), 1) == "a call could not be read"


def test_only_the_last_step_can_surprise() -> None:
    assert surprise_in(talk(step(status="error"), step(at="box")), 2) is None


def test_the_same_step_that_saw_the_same_is_a_surprise() -> None:
    again = talk(step(at="box"), step(at="shelf"), step(number=7, at="box "))
    assert surprise_in(again, 3) == "a step was repeated and saw the same"


def test_the_same_step_that_saw_something_else_is_none() -> None:
    assert surprise_in(talk(step("dark", at="box"), step("a key", at="box")), 2) is None


def test_another_step_that_saw_the_same_is_none() -> None:
    assert surprise_in(talk(step(at="box"), step(at="shelf")), 2) is None


def test_what_was_done_before_the_plan_was_written_does_not_count() -> None:
    assert surprise_in(talk(step(at="box"), step(), step(at="box")), 2) is None


def test_steps_are_the_same_by_the_agents_own_form() -> None:
    talked = talk(
        step("sent", tool="mail", text="Hi, Ann!"), step("sent", tool="mail", text="hi ann")
    )
    assert surprise_in(talked, 2) is None
    form = Form(free_text={"mail": ["text"]})
    assert surprise_in(talked, 2, form) == "a step was repeated and saw the same"


def test_calls_side_by_side_are_the_same_in_any_order() -> None:
    def pair(*places: str) -> list[BaseMessage]:
        calls: list[Any] = [{"name": "look", "args": {"at": at}, "id": at} for at in places]
        seen = [ToolMessage(f"saw {at}", name="look", tool_call_id=at) for at in places]
        return [AIMessage("", tool_calls=calls), *seen]

    assert surprise_in(talk(pair("box", "shelf"), pair("shelf", "box")), 2) is not None


@pytest.mark.parametrize("messages", [[], [HumanMessage("x")], talk([AIMessage("done")])])
def test_nothing_done_is_no_surprise(messages: Sequence[BaseMessage]) -> None:
    assert surprise_in(messages, 1) is None


def test_an_earlier_turn_is_not_looked_at() -> None:
    assert surprise_in(talk(step(status="error")), 0) is None


def test_the_users_own_sees_the_last_step_and_what_came_of_it() -> None:
    seen: list[Sequence[BaseMessage]] = []

    def own(last: Sequence[BaseMessage]) -> bool:
        seen.append(last)
        return "locked" in last[-1].text

    assert surprise_in(talk(step(), step("locked", at="box")), 2, own=own) is not None
    assert surprise_in(talk(step("locked"), step(at="box")), 2, own=own) is None
    assert [[message.type for message in last] for last in seen] == [["ai", "tool"]] * 2
