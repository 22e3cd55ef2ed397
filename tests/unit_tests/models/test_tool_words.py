"""Tools in words: what a model without calls of its own is told, held to, and read as."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from llguidance import LLMatcher

from cope_graph.models.exchange import Reply, Request
from cope_graph.models.tool_words import in_words, read_in_words, told_in_words

NAMES = ("look", "wait", "send")
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "look",
            "description": "Look somewhere.",
            "parameters": {
                "type": "object",
                "properties": {
                    "where": {"type": "string", "description": "a place"},
                    "times": {"type": "integer", "minimum": 1},
                },
                "required": ["where"],
            },
        },
    },
    {"type": "function", "function": {"name": "wait", "description": "Wait."}},
    {
        "type": "function",
        "function": {
            "name": "send",
            "description": "Send parcels.",
            "parameters": {
                "type": "object",
                "properties": {"parcels": {"type": "array", "items": {"$ref": "#/$defs/Parcel"}}},
                "required": ["parcels"],
                "$defs": {
                    "Parcel": {
                        "type": "object",
                        "properties": {
                            "to": {"enum": ["Ann", "Bob"]},
                            "inside": {"type": "array", "items": {"$ref": "#/$defs/Parcel"}},
                        },
                        "required": ["to"],
                        "additionalProperties": False,
                    }
                },
            },
        },
    },
]
ASKED: list[BaseMessage] = [SystemMessage("Be brief."), HumanMessage("A long room.\n\nFind it.")]
CALL = {"name": "look", "args": {"where": "a"}, "id": "1"}
AT_WORK: list[BaseMessage] = [
    *ASKED,
    AIMessage("I look.", tool_calls=[CALL]),
    ToolMessage("nothing", tool_call_id="1"),
]


def asked(messages: list[BaseMessage], choice: Any = None) -> Request:
    return in_words(Request(messages=tuple(messages), tools=tuple(TOOLS), tool_choice=choice))


def read(text: str) -> AIMessage:
    reply: Reply = {"text": text, "finish": None, "id": None, "cut": False}
    return read_in_words(reply)


def schema_of(choice: Any = None) -> dict[str, Any]:
    schema = asked(ASKED, choice).schema
    assert schema is not None
    return dict(schema)


def test_tools_are_shown_as_they_are_called_and_the_turn_ends_with_what_to_decide() -> None:
    told = asked(ASKED)

    assert [message.type for message in told.messages] == ["system", "human"]
    assert told.messages[0].text.startswith("Be brief.\n\nWork in steps.")
    lines = told.messages[0].text.splitlines()
    shown = '{"tool": "look", "arguments": {"where": "<string>", "times": "<integer, may be left out>"}}'  # noqa: E501
    at = lines.index(shown)
    more = ["  Look somewhere.", "  where: a place", '  times: {"minimum": 1}']
    assert lines[at + 1 : at + 4] == more
    assert '{"tool": "wait", "arguments": {}}' in lines
    assert lines.index('{"answer": "<text>"}') > at
    assert told.messages[1].text.startswith("A long room.\n\nFind it.\n\nFirst step?")
    assert (told.tools, told.tool_choice) == ((), None)


def test_what_was_done_is_told_as_facts_and_the_answer_comes_first() -> None:
    failed = [
        AIMessage("", tool_calls=[{"name": "wait", "args": {}, "id": "2"}]),
        ToolMessage("broken", tool_call_id="2", name="wait", status="error"),
    ]

    told = asked([*AT_WORK, *failed])

    assert [message.type for message in told.messages] == ["system", "human"]
    done = 'Done so far:\n- said: I look.\n- look {"where": "a"} gave: nothing\n- wait {} failed: '
    assert done + "broken\n\nAsked was: Find it." in told.messages[1].text
    system = told.messages[0].text
    assert system.index('{"answer"') < system.index('{"tool"')


def test_a_plan_behind_the_work_is_not_taken_for_the_question() -> None:
    told = asked([*AT_WORK, HumanMessage("Take one step.")])

    assert "Take one step.\n\nAsked was: Find it." in told.messages[-1].text


def test_a_new_question_begins_anew() -> None:
    told = asked([*AT_WORK, AIMessage("It is gone."), HumanMessage("Look again.")])

    assert [message.type for message in told.messages] == ["system", "human", "ai", "human"]
    assert "Done so far" in told.messages[1].text
    assert told.messages[2].text == "It is gone."
    assert told.messages[3].text.startswith("Look again.\n\nFirst step?")


def test_a_call_that_could_not_be_read_is_told_too() -> None:
    broken = {"name": "look", "args": "{oh", "id": "1", "error": "no JSON"}
    messages = [
        *ASKED,
        AIMessage("", invalid_tool_calls=[{**broken, "type": "invalid_tool_call"}]),
        ToolMessage("no JSON", tool_call_id="1", name="look", status="error"),
    ]

    assert "- look {oh failed: no JSON" in asked(messages).messages[-1].text
    assert told_in_words(messages)[2].text == '{"tool": "look", "arguments": "{oh"}'


@pytest.mark.parametrize(
    ("choice", "names", "answers"),
    [
        (None, NAMES, True),
        ("auto", NAMES, True),
        ({"type": "auto"}, NAMES, True),
        (False, NAMES, True),
        (3, NAMES, True),
        ("any", NAMES, False),
        ("required", NAMES, False),
        (True, NAMES, False),
        ({"type": "any"}, NAMES, False),
        ("none", (), True),
        ("wait", ("wait",), False),
        ({"type": "function", "function": {"name": "wait"}}, ("wait",), False),
        ({"type": "tool", "name": "wait"}, ("wait",), False),
        ("fly", NAMES, False),
    ],
)
def test_the_tool_choice_says_what_a_reply_may_be(
    choice: Any, names: tuple[str, ...], *, answers: bool
) -> None:
    told = asked(ASKED, choice)
    accepts = jsonschema.Draft202012Validator(told.schema).is_valid
    calls = {
        "look": {"where": "a"},
        "wait": {},
        "send": {"parcels": [{"to": "Ann", "inside": [{"to": "Bob"}]}]},
    }

    assert accepts({"answer": "42"}) is answers
    for name, args in calls.items():
        assert accepts({"tool": name, "arguments": args}) is (name in names)
        assert (f'"tool": "{name}"' in told.messages[0].text) is (name in names)
    assert ("Use a tool now." in told.messages[-1].text) is (not answers)


REPLIES = [
    ({"tool": "look", "arguments": {"where": "a", "times": 2}}, True),
    ({"tool": "look", "arguments": {}}, False),
    ({"tool": "look", "arguments": {"where": "a", "times": 0}}, False),
    ({"tool": "look", "arguments": {"where": "a", "how": "well"}}, False),
    ({"tool": "look", "arguments": {"where": "a"}, "answer": "x"}, False),
    ({"tool": "wait", "arguments": {}}, True),
    ({"tool": "wait", "arguments": {"long": True}}, False),
    ({"tool": "fly", "arguments": {}}, False),
    ({"tool": "send", "arguments": {"parcels": [{"to": "Ann"}]}}, True),
    ({"tool": "send", "arguments": {"parcels": [{"to": "Eve"}]}}, False),
    ({"tool": "send", "arguments": {"parcels": [{"to": "Ann", "inside": [{}]}]}}, False),
    ({"answer": "42"}, True),
    ({"answer": ""}, False),
    ({"answer": 42}, False),
    ({}, False),
]


@pytest.mark.parametrize(("value", "fits"), REPLIES, ids=json.dumps)
def test_the_schema_takes_a_step_that_there_is_and_nothing_else(
    value: dict[str, Any], *, fits: bool
) -> None:
    assert jsonschema.Draft202012Validator(schema_of()).is_valid(value) is fits


def test_the_schemas_can_be_held_to_by_llguidance() -> None:
    for choice in (None, "any", "none", "send"):
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema_of(choice)))
        assert LLMatcher.validate_grammar(grammar) == ""


CALLED = '{"tool": "look", "arguments": {"where": "a"}}'


@pytest.mark.parametrize(
    ("text", "calls", "said"),
    [
        (CALLED, [("look", {"where": "a"})], ""),
        (f"I look.\n```json\n{CALLED}\n```", [("look", {"where": "a"})], ""),
        (f"<think>{{'answer': 1}}</think>{CALLED}", [("look", {"where": "a"})], ""),
        # What comes after a call rests on a result that nobody saw.
        (f'{CALLED}\nThe tool gave: 3\n{{"answer": "3"}}', [("look", {"where": "a"})], ""),
        (f'{{"where": "b"}} {CALLED}\n{{"done": true}}', [("look", {"where": "a"})], ""),
        (f"I will not: {CALLED} would wake Ann.", [], f"I will not: {CALLED} would wake Ann."),
        ('{"tool": "fly", "arguments": {}}', [("fly", {})], ""),
        ('{"tool": "wait"}', [("wait", {})], ""),
        ('{"answer": "It is here."}', [], "It is here."),
        ('{"answer": 42}', [], "42"),
        ('{"answer": ["a", "\u00e9"]}', [], '["a", "\u00e9"]'),
        ('{"answer": null}', [], '{"answer": null}'),
        ("It is here.", [], "It is here."),
        ('The file holds {"a": 1}.', [], 'The file holds {"a": 1}.'),
        ('{"tool": "look", "arguments": {"where":', [], '{"tool": "look", "arguments": {"where":'),
        ("", [], ""),
    ],
)
def test_a_reply_is_a_call_an_answer_or_words(
    text: str, calls: list[tuple[str, dict[str, Any]]], said: str
) -> None:
    message = read(text)

    assert [(call["name"], call["args"]) for call in message.tool_calls] == calls
    assert (message.text, message.invalid_tool_calls) == (said, [])


@pytest.mark.parametrize("args", ['"a"', "[1]", "null", "7", '"{\\"where\\": 1}"'])
def test_a_call_whose_arguments_are_no_object_is_no_answer(args: str) -> None:
    message = read(f'{{"tool": "look", "arguments": {args}}}')

    assert (message.text, message.tool_calls) == ("", [])
    [call] = message.invalid_tool_calls
    assert (call["name"], call["args"]) == ("look", args)
    assert call["id"]


@given(st.text(st.sampled_from('{}[]":,tool answer\\\n')))
def test_no_reply_is_too_odd_to_be_read(text: str) -> None:
    message = read(text)

    assert message.text == text or message.tool_calls or '"answer"' in text or '"tool"' in text
