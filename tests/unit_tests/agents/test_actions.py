"""Reading a step from a model's reply, and writing it as one text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from cope_graph.agents.actions import Action, ToolCall, decode, encode, read_action
from cope_graph.agents.canonical_form import Form, proposal
from cope_graph.agents.signatures import signatures
from cope_graph.agents.step_gate import by_steps
from cope_graph.errors import InputError
from cope_graph.gates.verdict import AnswerClass, Question
from cope_graph.state import Sample


def reply(*calls: tuple[str, dict[str, Any]], text: str = "", **more: Any) -> AIMessage:
    made = [{"name": name, "args": args, "id": f"c{at}"} for at, (name, args) in enumerate(calls)]
    return AIMessage(text, tool_calls=made, **more)


def sample(answer: str | None) -> Sample:
    return {"text": "", "answer": answer, "finish": "stop", "goal": None, "id": None}


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


def test_calls_are_a_step_whatever_is_said_beside_them() -> None:
    message = reply(("add", {"a": 1}), ("now", {}), text="Let me see.")
    assert read_action(message) == Action((ToolCall("add", {"a": 1}), ToolCall("now", {})))


def test_text_without_calls_is_the_final_answer() -> None:
    assert read_action(AIMessage("It is 3.")) == Action(answer="It is 3.")
    blocks: list[str | dict[str, Any]] = [
        {"type": "text", "text": "It "},
        {"type": "text", "text": "is 3."},
    ]
    assert read_action(AIMessage(blocks)) == Action(answer="It is 3.")


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_reply_without_calls_and_text_is_no_step(text: str) -> None:
    assert read_action(AIMessage(text)) is None


def test_one_call_that_could_not_be_parsed_spoils_the_step() -> None:
    broken = {"name": "add", "args": "{a: 1", "id": "c1", "error": None}
    assert read_action(reply(("add", {"a": 1}), invalid_tool_calls=[broken])) is None
    assert read_action(AIMessage("I add.", invalid_tool_calls=[broken])) is None


def test_hostile_calls_are_no_step() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = {"a": deep}
    assert read_action(reply(("add", deep))) is None
    assert read_action(reply(("add", {"a": float("nan")}))) is None
    assert read_action(reply(("", {"a": 1}))) is None
    assert read_action(reply(*[("add", {"a": 1})] * 65)) is None
    assert read_action(AIMessage("half \ud800")) is None


def test_every_step_that_is_read_can_be_written() -> None:
    for depth in range(20, 40):
        args: Any = {}
        for _ in range(depth):
            args = {"a": args}
        action = read_action(reply(("add", args)))
        assert action is None or decode(encode(action)) == action
        assert (action is None) == (depth > 29)


@pytest.mark.parametrize("action", [{}, {"calls": (ToolCall("a", {}),), "answer": "b"}])
def test_a_step_is_calls_or_an_answer(action: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="calls or an answer"):
        Action(**action)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It is 3.",
        "[]",
        "{}",
        '{"answer": null}',
        '{"answer": " "}',
        '{"answer": "a", "calls": []}',
        '{"calls": []}',
        '{"calls": [{"name": "add"}]}',
        '{"calls": [{"name": "add", "args": []}]}',
        '{"calls": [{"name": "", "args": {}}]}',
        '{"calls": [{"name": "add", "args": {}, "id": "c"}]}',
        '{"calls": [{"name": "add", "args": {"a": NaN}}]}',
        '{"calls": [{"name": "add", "args": {"a": 1e999}}]}',
        '{"answer": ' + "9" * 5000 + "}",
        "[" * 100_000,
        json.dumps({"calls": [{"name": "add", "args": {}}] * 65}),
    ],
)
def test_any_other_text_is_no_step(text: str) -> None:
    assert decode(text) is None


def test_a_proposal_is_what_the_tools_take_as_the_model_wrote_it() -> None:
    form = Form(tools=signatures([add]))
    taken = proposal(reply(("add", {"a": 1.0})), form)
    assert taken == '{"calls":[{"args":{"a":1.0},"name":"add"}]}'
    assert proposal(reply(("add", {"a": "one"})), form) is None
    assert proposal(reply(("add", {})), form) is None
    assert proposal(reply(("sub", {"a": 1})), form) is None
    assert proposal(reply(("add", {"a": 1}), ("sub", {})), form) is None


def test_the_vote_counts_steps_that_are_the_same() -> None:
    form = Form(tools=signatures([add]))
    replies = [
        reply(("add", {"a": 1})),
        AIMessage("It is 3."),
        reply(("sub", {"a": 1})),
        reply(("add", {"b": 2, "a": 1.0})),
        AIMessage("it is 3"),
        reply(("add", {"a": 1, "b": 2})),
    ]
    answers = [proposal(one, form) for one in replies]
    verdict = by_steps(form)(Question("Add."), [sample(one) for one in answers])
    assert verdict.confidence == 3 / 6
    assert verdict.answer == answers[0]
    assert verdict.classes == (
        AnswerClass(str(answers[0]), (0, 3, 5)),
        AnswerClass(str(answers[1]), (1, 4)),
    )
