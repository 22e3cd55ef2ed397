"""Which schemas are taken, how models see them, and which are refused with the fix."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NotRequired

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    TypeAdapter,
    computed_field,
    model_serializer,
)
from typing_extensions import TypedDict

from cope_graph.errors import InputError
from cope_graph.tasks import structured
from cope_graph.tasks.shape import shape_of


class Color(Enum):
    RED = "red"


class Point(BaseModel):
    model_config = ConfigDict(frozen=True)

    x: int


@dataclasses.dataclass
class Place:
    name: str
    points: list[Point] = dataclasses.field(default_factory=list)


class Trip(TypedDict):
    day: date
    price: NotRequired[Decimal]


class Tree(BaseModel):
    kids: list[Tree] = []
    name: str


class Renamed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    color: Color = Field(alias="colour")
    day: date

    @computed_field
    def shout(self) -> str:
        return self.color.name


@pytest.mark.parametrize(
    ("schema", "reply", "answer"),
    [
        (
            Place,
            '{"name": "A", "points": [{"x": "1"}]}',
            '{"name": "A", "points": [{"x": 1}]}',
        ),
        (Trip, '{"day": "2026-05-01"}', '{"day": "2026-05-01"}'),
        (
            Trip,
            '{"price": 1.50, "day": "2026-05-01T00:00:00"}',
            '{"day": "2026-05-01", "price": "1.5"}',
        ),
        (
            Tree,
            '{"name": "a", "kids": [{"name": "b"}]}',
            '{"kids": [{"kids": [], "name": "b"}], "name": "a"}',
        ),
        (RootModel[Point], '{"x": 1, "y": 2}', '{"x": 1}'),
        (
            Renamed,
            '{"day": "2026-05-01", "colour": "red"}',
            '{"colour": "red", "day": "2026-05-01"}',
        ),
    ],
    ids=lambda it: getattr(it, "__name__", "") or "",
)
def test_classes_of_all_kinds_are_read_and_written_alike(
    schema: Any, reply: str, answer: str
) -> None:
    task = structured(schema)
    assert task.read(reply) == answer
    assert task.read(answer) == answer
    assert task.schema is not None
    assert task.schema["type"] == "object"
    assert json.loads(json.dumps(task.schema)) == task.schema
    assert TypeAdapter(schema).validate_json(answer) == TypeAdapter(schema).validate_json(reply)


def test_models_see_no_titles_of_fields_and_no_pattern_that_grammars_cannot_hold() -> None:
    class Price(BaseModel):
        """What it costs."""

        title: str
        usd: Decimal = Field(ge=0, description="Without tax.")

    assert structured(Price).schema == {
        "title": "Price",
        "description": "What it costs.",
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "usd": {"type": "number", "minimum": 0.0, "description": "Without tax."},
        },
        "required": ["title", "usd"],
    }


class _Opaque:
    pass


class HoldsOpaque(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    it: _Opaque


class HoldsFunction(BaseModel):
    it: Callable[[], int]


class Infinite(BaseModel):
    it: float = float("inf")


class Hidden(BaseModel):
    it: int = Field(exclude=True)


class TwoNames(BaseModel):
    it: int = Field(validation_alias="a", serialization_alias="b")


class Flat(BaseModel):
    it: int

    @model_serializer
    def _flat(self) -> int:
        return self.it


class Empty(BaseModel):
    pass


class Cloud(BaseModel):
    points: list[set[Point]]


class MaybeCloud(BaseModel):
    points: set[Point | None]


class Unfinished(BaseModel):
    it: "Nowhere"  # type: ignore[name-defined]  # noqa: F821, UP037


BUILD = r"that pydantic can build \(.+\): pass a pydantic class, a dataclass or a TypedDict"
NO_OBJECT = "describes no object with named fields: pass a pydantic class"


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (_Opaque, f"_Opaque is no schema {BUILD}"),
        (HoldsOpaque, f"HoldsOpaque is no schema {BUILD}"),
        (HoldsFunction, f"HoldsFunction is no schema {BUILD}"),
        (Unfinished, f"Unfinished is no schema {BUILD}"),
        (Infinite, f"Infinite is no schema {BUILD}"),
        (Point(x=1), f"is no schema {BUILD}"),
        ("Point", f"'Point' is no schema {BUILD}"),
        (5, f"5 is no schema {BUILD}"),
        ({"type": "object", "properties": {"a": {}}}, f"is no schema {BUILD}"),
        (int, f"int {NO_OBJECT}"),
        (list[Point], f"list {NO_OBJECT}"),
        (dict[str, int], f"dict {NO_OBJECT}"),
        (Point | Tree, NO_OBJECT),
        (None, f"None {NO_OBJECT}"),
        (Any, f"Any {NO_OBJECT}"),
        (Empty, f"Empty {NO_OBJECT}"),
        (RootModel[dict[str, int]], NO_OBJECT),
        (Annotated[int, Field(ge=0)], NO_OBJECT),
        (Hidden, "Hidden reads 'it' and does not write it: give it one alias, no exclude"),
        (TwoNames, "TwoNames reads 'a' and does not write it: give it one alias"),
        (Flat, "Flat reads 'it' and does not write it"),
        (Cloud, "Cloud has a set of objects, which cannot be compared: make it a list"),
        (MaybeCloud, "MaybeCloud has a set of objects"),
    ],
    ids=str,
)
def test_a_schema_that_cannot_be_used_is_refused_with_the_fix(schema: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        structured(schema)


@pytest.mark.parametrize(
    ("unvoted", "why"),
    [
        (["why"], "Place has no field 'why' to leave out of the vote: it has name, points"),
        (["name", "points"], "unvoted leaves no field of Place to vote on: keep one of name"),
        ("name", r"unvoted='name' is a text: pass a list of fields, \['name'\]"),
        ([5], "Place has no field 5"),
    ],
)
def test_fields_left_out_of_the_vote_must_be_some_of_those_there_are(
    unvoted: Any, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        structured(Place, unvoted=unvoted)


def test_a_field_is_left_out_of_the_vote_by_its_name_in_json() -> None:
    assert structured(Renamed, unvoted=["colour"]).name == "structured"
    with pytest.raises(InputError, match=r"no field 'color' .* it has colour, day"):
        structured(Renamed, unvoted=["color"])


def test_dates_and_numbers_that_are_spelled_otherwise_are_the_same_values() -> None:
    shape = shape_of(Trip)
    answers = [
        shape.read('{"day": "2026-05-01", "price": "1.50"}'),
        shape.read('{"day": "2026-05-01T00:00:00Z", "price": 1.5}'),
    ]
    one, other = (shape.fields(answer or "") for answer in answers)
    assert one == other == {"day": date(2026, 5, 1), "price": Decimal("1.5")}


def test_what_fits_the_schema_no_more_has_no_fields() -> None:
    assert shape_of(Place).fields('{"points": []}') is None
