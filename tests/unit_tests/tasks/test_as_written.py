"""Texts that a schema names one by one are compared as they are written, all others up to case."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, RootModel

from cope_graph.gates.verdict import Question, Verdict
from cope_graph.tasks import structured
from tests.unit_tests.gates.closeness import answered

Letter = Literal["a", "A"]


class Kind(Enum):
    LOWER = "a"
    UPPER = "A"


class Part(BaseModel):
    letter: Letter | None = None
    said: str = ""


class Letters(RootModel[list[Letter]]):
    pass


class Node(BaseModel):
    letter: Letter
    below: Node | None = None


class Names(BaseModel):
    a: int
    A: int


class Whole(BaseModel):
    model_config = ConfigDict(use_enum_values=True)

    one: Letter = "a"
    maybe: Letter | None = None
    kind: Kind = Kind.LOWER
    more: list[Letter] = []
    both: set[Letter] = set()
    pair: tuple[Letter, str] = ("a", "")
    keyed: dict[Letter, int] = {}
    part: Part = Part()
    parts: list[Part] = []
    letters: Letters = Letters([])
    node: Node | None = None
    names: Names | None = None
    free: str = ""
    notes: dict[str, str] = {}


def votes(*objects: dict[str, Any]) -> Verdict:
    task = structured(Whole)
    gate: Any = task.gate
    verdict: Verdict = gate(Question("q"), answered(*(task.read(json.dumps(it)) for it in objects)))
    return verdict


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"one": "a"}, {"one": "A"}),
        ({"maybe": "a"}, {"maybe": "A"}),
        ({"kind": "a"}, {"kind": "A"}),
        ({"more": ["a"]}, {"more": ["A"]}),
        ({"both": ["a"]}, {"both": ["a", "A"]}),
        ({"pair": ["a", "x"]}, {"pair": ["A", "x"]}),
        ({"keyed": {"a": 1, "A": 2}}, {"keyed": {"a": 2, "A": 1}}),
        ({"part": {"letter": "a"}}, {"part": {"letter": "A"}}),
        ({"parts": [{"letter": "a"}]}, {"parts": [{"letter": "A"}]}),
        ({"letters": ["a"]}, {"letters": ["A"]}),
        (
            {"node": {"letter": "a", "below": {"letter": "a"}}},
            {"node": {"letter": "a", "below": {"letter": "A"}}},
        ),
        ({"names": {"a": 1, "A": 2}}, {"names": {"a": 2, "A": 1}}),
    ],
    ids=lambda given: next(iter(given)),
)
def test_texts_that_the_schema_names_differ_by_case(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    verdict = votes(one, one, other)
    assert verdict.confidence == pytest.approx(2 / 3)
    assert verdict.fields is not None
    assert verdict.fields[next(iter(one))] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"free": "a"}, {"free": "A"}),
        ({"notes": {"k": "a"}}, {"notes": {"K": "A"}}),
        ({"pair": ["a", "x"]}, {"pair": ["a", "X"]}),
        ({"part": {"letter": "a", "said": "a"}}, {"part": {"letter": "a", "said": "A"}}),
        ({"both": ["a", "A"]}, {"both": ["A", "a"]}),
    ],
    ids=lambda given: next(iter(given)),
)
def test_other_texts_of_the_same_object_are_equal_up_to_case(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert votes(one, other).confidence == 1.0
