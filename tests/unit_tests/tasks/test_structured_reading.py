"""Objects are found in replies of all kinds, and what is none is no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, field_validator

from cope_graph.json_objects import objects_in
from cope_graph.tasks.shape import shape_of


class Person(BaseModel):
    name: str
    age: int = 3


ADA = '{"age": 36, "name": "Ada"}'
BARE = '{"name": "Ada", "age": 36}'
READ = shape_of(Person).read


@pytest.mark.parametrize(
    "reply",
    [
        BARE,
        f"  \n{BARE}\n ",
        f"```json\n{BARE}\n```",
        f"~~~\n{BARE}\n~~~",
        f"Here it is: {BARE}. Is that all?",
        f'<think>{{"name": "Bob"}}</think>{BARE}',
        f'No thought opened. {{"name": "Bob"}}</think>\n{BARE}',
        f'First {{"name": "Bob"}}, or rather {BARE}',
        f"{BARE} and not {{'name': 1}} nor {{x}} nor {{}}",
        f'{BARE} {{"name": null}}',
        f'{{"type": "object", "properties": {{}}}}\n{BARE}',
        f'It is 5" long, {{a set}} and "quoted. {BARE}',
        f'The form is {{"name": then\n{BARE}',
        f'The form is {{"name": "then\n{BARE}',
        f"[{BARE}]",
        f"\\frac{{1}}{{2}} }} ] {BARE}",
        '{"name": "Ada", "age": "36"}',
        '{"age": 36, "name": "Ada", "more": [{"x": "}"}]}',
        '{\n  "name": "\\u0041da",\n  "age": 36.0\n}',
        '{"name":"Bob","name":"Ada","age":36}',
    ],
)
def test_the_last_object_that_fits_is_the_answer(reply: str) -> None:
    assert READ(reply) == ADA


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Ada is 36.",
        "{}",
        "null",
        '["Ada", 36]',
        '"{}"',
        BARE[:-1],
        f"<think>{BARE}",
        '{"name": "Ada", "age": "old"}',
        '{"age": 36}',
        '{"Person": {"name": "Ada", "age": 36}}',
        "{'name': 'Ada', 'age': 36}",
        '{"name": "Ada", "age": 36,}',
        '{"name": "Ada", "age": NaN}',
        '{"name": "Ada", "age": 1, "more": Infinity}',
        '{"name": "Ada", "age": 1, "more": 1e999}',
        '{"name": "Ada", "age": 1, "more": ' + "1" * 400 + "}",
        '{"name": "Ada", "age": 1, "more": ' + "1" * 5000 + "}",
        '{"name": "A\nda", "age": 1}',
        '{"name": "\\ud800", "age": 1}',
        '{"name": "Ada", "more": ' + "[" * 70 + "]" * 70 + "}",
        '{"name": "' + "a" * 200_000 + '"}',
    ],
    ids=lambda reply: reply[:40],
)
def test_what_is_no_object_of_the_schema_is_no_answer(reply: str) -> None:
    assert READ(reply) is None


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "part",
    [
        '{"',
        '{"a":',
        '{"a":{"a":[',
        '"\\"',
        '{"\\"',
        "{}",
        "}",
        "{{",
        "[{",
        '{"a":1}',
        "{ ",
        '{"a"}',
    ],
)
def test_a_hostile_reply_takes_no_more_than_linear_time(part: str) -> None:
    # Quadratic time would be minutes for each of them.
    text = part * (199_000 // len(part))
    assert READ(text) is None
    assert READ(f"{text}\n{BARE}") in {None, ADA}


def test_a_reply_that_nests_deep_is_refused_whole() -> None:
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    assert list(objects_in(f"{deep} {BARE}")) == []


class Wanted(BaseModel):
    name: str = ""
    tags: set[str] = set()


class TestWhatDefaultsSay:
    def test_an_empty_object_is_one_where_all_has_a_default(self) -> None:
        assert shape_of(Wanted).read("{}") == '{"name": "", "tags": []}'

    def test_an_object_of_other_keys_alone_is_not_read_as_defaults(self) -> None:
        assert shape_of(Wanted).read('{"Wanted": {"name": "Ada"}}') is None


def test_a_set_is_written_in_an_order_of_its_own() -> None:
    read = shape_of(Wanted).read
    assert read('{"tags": ["b", "c", "a", "b"]}') == '{"name": "", "tags": ["a", "b", "c"]}'


class Locked(BaseModel):
    user: str
    password: SecretStr


def test_what_pydantic_writes_otherwise_stays_as_the_model_wrote_it() -> None:
    answer = shape_of(Locked).read('{"user": "a", "password": "b"}')
    assert answer == '{"password": "b", "user": "a"}'
    assert Locked.model_validate_json(answer).password.get_secret_value() == "b"


class Careless(BaseModel):
    word: str

    @field_validator("word", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower()


def test_a_validator_that_breaks_costs_one_sample_and_no_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert shape_of(Careless).read('{"word": 5}') is None
    assert caplog.messages == ["a validator of Careless raised AttributeError"]


class Anything(BaseModel):
    a: int | float | bool | str | list[int] | dict[str, int] | None
    b: float = 0.5


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)


PROSE = st.text(st.characters(exclude_characters="{<"), max_size=20)


@given(JSON_VALUES, PROSE, PROSE)
def test_a_canonical_answer_reads_as_itself_whatever_stands_around_it(
    value: Any, before: str, after: str
) -> None:
    shape = shape_of(Anything)
    answer = shape.read(json.dumps({"a": value}))
    assert answer is not None
    assert shape.read(answer) == answer
    assert shape.read(f"{before}\n```json\n{answer}\n```\n{after}") == answer
    assert Anything.model_validate_json(answer).a == value


@given(st.text(st.sampled_from('{}[]":,\\ \na1'), max_size=60))
def test_no_reply_breaks_the_reader(reply: str) -> None:
    for written, value in objects_in(reply):
        assert json.loads(written) == value
        assert written in reply
