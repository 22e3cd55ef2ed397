from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from cope_graph.errors import InputError
from cope_graph.huggingface.narrow import narrowed, schema_of


class Answer(BaseModel):
    """An answer."""

    number: int
    why: str = ""


class Reply(TypedDict):
    """A reply."""

    number: int


SCHEMA = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "object"}),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}, SCHEMA),
        ({"type": "json_schema", "schema": SCHEMA}, SCHEMA),
        (SCHEMA, SCHEMA),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"enum": ["yes", "no"]}, {"enum": ["yes", "no"]}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": SCHEMA}},
            {"$ref": "#/$defs/A", "$defs": {"A": SCHEMA}},
        ),
    ],
)
def test_a_response_format_is_read_to_its_schema(given: Any, expected: Any) -> None:
    assert schema_of(given) == expected


def test_a_pydantic_class_is_its_own_schema() -> None:
    assert schema_of(Answer) == Answer.model_json_schema()


def test_a_typed_dict_is_described_by_langchain() -> None:
    schema = schema_of(Reply)

    assert schema is not None
    assert schema["properties"] == {"number": {"type": "integer"}}
    assert schema["required"] == ["number"]


def test_a_class_that_has_no_schema_says_why() -> None:
    class Odd(BaseModel):
        """Holds what JSON has no word for."""

        act: Callable[[], int]

    with pytest.raises(InputError, match=r"Odd.*has no JSON schema \(.*\): write one"):
        schema_of(Odd)


@pytest.mark.parametrize(
    "given",
    [
        {"type": "grammar"},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {"name": "a"}},
        {"type": "function", "function": {"name": "add"}},
        {"type": ["string", "sound"]},
        {"type": [[]]},
        {"name": "a"},
        {},
        7,
        "json",
        object,
    ],
)
def test_what_is_no_response_format_is_refused(given: Any) -> None:
    with pytest.raises(InputError, match=r"is not known: use|has no JSON schema"):
        schema_of(given)


def test_objects_are_closed_wherever_they_stand() -> None:
    inner = {"type": "object", "properties": {"x": {"type": "integer"}}}
    schema = {
        "$defs": {"A": inner},
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"items": inner}, "c": {"anyOf": [inner]}},
    }

    narrow = narrowed(schema)

    closed = {**inner, "additionalProperties": False}
    assert narrow == {
        "$defs": {"A": closed},
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A"},
            "b": {"items": closed},
            "c": {"anyOf": [closed]},
        },
        "additionalProperties": False,
    }


def test_the_users_schema_stays_as_it_is() -> None:
    schema = {"properties": {"a": {"type": "string", "format": "path"}}}

    assert narrowed(schema) != schema
    assert schema == {"properties": {"a": {"type": "string", "format": "path"}}}


OPEN: dict[str, dict[str, Any]] = {
    "no properties": {"type": "object"},
    "others allowed": {"properties": {}, "additionalProperties": True},
    "others typed": {"properties": {}, "additionalProperties": {"type": "string"}},
    "patterns": {"properties": {}, "patternProperties": {"^a": {}}},
    "all of": {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]},
    "with a union": {"properties": {"a": {}}, "anyOf": [{"required": ["a"]}]},
    "with a reference": {"properties": {"a": {}}, "$ref": "#/$defs/A"},
    "not": {"not": {"properties": {"a": {}}}},
    "a value": {"const": {"properties": {"a": 1}, "format": "path"}},
    "a property named properties": {"additionalProperties": {}, "properties": {"properties": {}}},
}


@pytest.mark.parametrize("case", OPEN)
def test_what_says_of_others_or_is_combined_stays_open(case: str) -> None:
    assert narrowed(OPEN[case]) == OPEN[case]


def test_an_object_that_requires_others_stays_open() -> None:
    narrow = narrowed({"properties": {"a": {}}, "required": ["a", "b"]})

    assert narrow["additionalProperties"] is True


def test_only_formats_that_nothing_checks_are_left_out() -> None:
    properties = {
        "day": {"type": "string", "format": "date"},
        "file": {"type": "string", "format": "path"},
        "format": {"type": "string"},
    }

    assert narrowed({"properties": properties})["properties"] == {
        "day": {"type": "string", "format": "date"},
        "file": {"type": "string"},
        "format": {"type": "string"},
    }
