"""Replies that are held to a schema parse, and calls of tools are read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from cope_graph.errors import InputError, ModelLoadError
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.loaded import Loaded
from tests.tiny_model import WITH_TOOLS
from tests.unit_tests.huggingface.watched import chat_of, watched

Invoke = Callable[[Any, str], Any]


@pytest.fixture(params=["sync", "async"])
def invoke(request: pytest.FixtureRequest) -> Invoke:
    if request.param == "sync":
        return lambda runnable, text: runnable.invoke(text)
    return lambda runnable, text: asyncio.run(runnable.ainvoke(text))


@pytest.fixture
def chat(loaded: Loaded) -> ChatTransformers:
    return chat_of(loaded, temperature=1, seed=3, max_tokens=300, chat_template=WITH_TOOLS)


class Person(BaseModel):
    """Somebody."""

    name: str = Field(max_length=8)
    age: int = Field(ge=0, le=120)
    kind: Literal["friend", "foe"]


class Point(TypedDict):
    """Somewhere."""

    x: int
    y: bool


def add(a: int, b: bool) -> int:
    """Add them.

    Args:
        a: One.
        b: The other.
    """
    return a + b


def now() -> str:
    """Tell the time."""
    return "now"


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_a_pydantic_class_comes_back_filled(
    chat: ChatTransformers, invoke: Invoke, method: str
) -> None:
    person = invoke(chat.with_structured_output(Person, method=method), "Who?")

    assert isinstance(person, Person)


def test_a_typed_dict_comes_back_as_a_dict(chat: ChatTransformers, invoke: Invoke) -> None:
    point = invoke(chat.with_structured_output(Point), "Where?")

    assert {name: type(value) for name, value in point.items()} == {"x": int, "y": bool}


def test_a_json_schema_comes_back_as_a_dict(chat: ChatTransformers, invoke: Invoke) -> None:
    schema = {
        "title": "pick",
        "type": "object",
        "properties": {"pick": {"enum": ["a", "b"]}},
        "required": ["pick"],
        "additionalProperties": False,
    }

    assert invoke(chat.with_structured_output(schema), "?")["pick"] in {"a", "b"}


def test_json_mode_gives_an_object_of_any_kind(chat: ChatTransformers) -> None:
    reply = chat.bind(response_format={"type": "json_object"}).invoke("?", seed=1)

    assert reply.text.lstrip().startswith("{")
    if reply.response_metadata["finish_reason"] == "stop":
        assert isinstance(json.loads(reply.text), dict)


def test_include_raw_gives_the_message_beside(chat: ChatTransformers, invoke: Invoke) -> None:
    out = invoke(chat.with_structured_output(Person, include_raw=True), "Who?")

    assert out["parsing_error"] is None
    assert out["parsed"] == Person.model_validate_json(out["raw"].text)
    assert out["raw"].usage_metadata["output_tokens"] > 0


def test_a_reply_that_is_cut_is_an_error_that_include_raw_gives_beside(
    chat: ChatTransformers, invoke: Invoke
) -> None:
    short = chat.model_copy(update={"max_tokens": 4})

    out = invoke(short.with_structured_output(Person, include_raw=True), "Who?")

    assert out["parsed"] is None
    assert isinstance(out["parsing_error"], OutputParserException)
    assert out["raw"].response_metadata["finish_reason"] == "length"
    with pytest.raises(OutputParserException):
        invoke(short.with_structured_output(Person), "Who?")


def test_all_samples_are_held_to_the_schema(chat: ChatTransformers) -> None:
    schema = {
        "type": "object",
        "properties": {"x": {"type": "integer", "minimum": 0, "maximum": 9999}},
        "required": ["x"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "p", "schema": schema}}

    result = chat.generate([[HumanMessage("?")]], n=6, response_format=wanted)

    found = [json.loads(one.text)["x"] for one in result.generations[0]]
    assert all(0 <= x <= 9999 for x in found)
    assert len(set(found)) > 1


def test_a_method_that_is_none_is_refused_at_once(chat: ChatTransformers) -> None:
    with pytest.raises(InputError, match="method='xml': choose 'json_schema'"):
        chat.with_structured_output(Person, method="xml")


@pytest.mark.parametrize("choice", ["any", "required", True, "add"])
def test_a_call_that_is_demanded_always_parses(
    chat: ChatTransformers, invoke: Invoke, choice: Any
) -> None:
    message = invoke(chat.bind_tools([add, now], tool_choice=choice), "1 + 2?")

    (call,) = message.tool_calls
    assert call["name"] in ({"add"} if choice == "add" else {"add", "now"})
    if call["name"] == "add":
        assert {name: type(value) for name, value in call["args"].items()} == {"a": int, "b": bool}
    assert message.invalid_tool_calls == []
    assert message.response_metadata["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("choice", [None, "auto"])
def test_a_free_reply_stays_text(chat: ChatTransformers, invoke: Invoke, choice: Any) -> None:
    plain = chat.model_copy(update={"max_tokens": 20})

    message = invoke(plain.bind_tools([add], tool_choice=choice), "1 + 2?")

    assert message.text
    assert message.tool_calls == []
    assert message.response_metadata["finish_reason"] in {"stop", "length"}


def test_tools_are_part_of_the_prompt_unless_none_may_be_called(
    chat: ChatTransformers, loaded: Loaded
) -> None:
    read = []
    for bound in (chat, chat.bind_tools([add]), chat.bind_tools([add], tool_choice="none")):
        with watched(loaded.model) as passes:
            bound.invoke("Hi", max_tokens=1)
        read.append(passes[0][1])

    assert read[1] > read[0] + 20
    assert read[2] == read[0]


def test_a_template_without_tools_refuses_them(loaded: Loaded, invoke: Invoke) -> None:
    with pytest.raises(ModelLoadError, match=f"{loaded.name} takes no tools"):
        invoke(chat_of(loaded).bind_tools([add]), "Hi")


def test_a_tool_that_is_none_of_them_is_refused(chat: ChatTransformers, invoke: Invoke) -> None:
    with pytest.raises(InputError, match=r"tool_choice='sub' is none of the tools \(add\)"):
        invoke(chat.bind_tools([add], tool_choice="sub"), "Hi")


def test_a_stream_with_tools_gives_the_call_whole(chat: ChatTransformers) -> None:
    chunks = list(chat.bind_tools([now], tool_choice="any").stream("When?"))

    assert [call["name"] for chunk in chunks for call in chunk.tool_calls] == ["now"]


def test_a_structured_stream_ends_with_the_whole(chat: ChatTransformers) -> None:
    structured = chat.with_structured_output(Point)

    assert list(structured.stream("Where?"))[-1] == structured.invoke("Where?")
