"""Reading a judge's ballot, nonsense among them."""

from __future__ import annotations

import json

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.ballots import SCHEMA, read_ballot

SCORES = st.lists(st.integers(1, 10), min_size=1, max_size=64)


@given(SCORES)
def test_what_the_schema_allows_is_read_as_it_is(scores: list[int]) -> None:
    whole = {"scores": scores}
    jsonschema.validate(whole, SCHEMA)
    assert read_ballot(json.dumps(whole), len(scores)) == tuple(scores)
    assert read_ballot(json.dumps(whole, indent=2), len(scores)) == tuple(scores)


@given(st.lists(st.integers(-3, 14) | st.sampled_from([1.0, 7.5, True, "7", None]), max_size=5))
def test_a_ballot_is_read_only_if_the_schema_allows_it(scores: list[object]) -> None:
    allowed = jsonschema.Draft202012Validator(SCHEMA).is_valid({"scores": scores})
    read = read_ballot(json.dumps({"scores": scores}), max(len(scores), 1))
    assert isinstance(read, tuple) is allowed


def test_the_schema_has_bounds_everywhere() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert not validator.is_valid({"scores": [5] * 65})
    assert not validator.is_valid({"scores": []})
    assert not validator.is_valid({"scores": [5], "why": "x" * 10_000})


@pytest.mark.parametrize(
    "reply",
    [
        '{"scores": [7, 3]}',
        'Let me think.\n```json\n{"scores": [7, 3]}\n```\nThe first is better.',
        '{"why": "[1, 2] is wrong", "scores": [7, 3]}',
        '{"scores"\n:\n[ 7 ,\n3 ]}',
        '{"scores": [7.0, 3]}',
        '{"scores": [7, 3]',
        'So {"scores": [7, 3]}. Once more: {"scores": [7, 3]}',
    ],
)
def test_text_around_the_scores_does_not_matter(reply: str) -> None:
    assert read_ballot(reply, 2) == (7, 3)


NO_JSON = "holds no scores as JSON: "
NO_NUMBERS = "holds scores that are no whole numbers from 1 to 10: "

NONSENSE: list[tuple[str | None, str]] = [
    (None, "was lost"),
    ("", f"{NO_JSON}''"),
    ("Both are fine.", f"{NO_JSON}'Both are fine.'"),
    ("7, 3", NO_JSON),
    ("[7, 3]", NO_JSON),
    ("scores: [7, 3]", NO_JSON),
    ("{'scores': [7, 3]}", NO_JSON),
    ('{"score": [7, 3]}', NO_JSON),
    ('{"scores": 7}', NO_JSON),
    ('{"scores": "7, 3"}', NO_JSON),
    ('{"scores": null}', NO_JSON),
    ('{"scores": {"1": 7, "2": 3}}', NO_JSON),
    ('{"scores": [[7, 3]]}', NO_JSON),
    ('{"scores": [7, 3', NO_JSON),
    (r'"{\"scores\": [7, 3]}"', NO_JSON),
    ('{"scores": []}', "holds 0 scores for 2 candidates"),
    ('{"scores": [7]}', "holds 1 scores for 2 candidates"),
    ('{"scores": [7, 3, 5]}', "holds 3 scores for 2 candidates"),
    ('{"scores": [7, 3,]}', NO_NUMBERS),
    ('{"scores": [7 3]}', NO_NUMBERS),
    ('{"scores": [0, 3]}', NO_NUMBERS),
    ('{"scores": [11, 3]}', NO_NUMBERS),
    ('{"scores": [-7, 3]}', NO_NUMBERS),
    ('{"scores": [7.5, 3]}', NO_NUMBERS),
    ('{"scores": ["7", "3"]}', NO_NUMBERS),
    ('{"scores": [true, true]}', NO_NUMBERS),
    ('{"scores": [null, 3]}', NO_NUMBERS),
    ('{"scores": [NaN, 3]}', NO_NUMBERS),
    ('{"scores": [Infinity, 3]}', NO_NUMBERS),
    ('{"scores": [1e999, 3]}', NO_NUMBERS),
    ('{"scores": [' + "9" * 5_000 + ", 3]}", NO_NUMBERS),
    ('{"scores": [7, 3]} or rather {"scores": [3, 7]}', "holds scores that contradict each other"),
    ('{"scores": [7, 3]} or {"scores": [7, "x"]}', "holds scores that contradict each other"),
]


@pytest.mark.parametrize(("reply", "why"), NONSENSE)
def test_nonsense_is_no_ballot_and_says_why(reply: str | None, why: str) -> None:
    read = read_ballot(reply, 2)
    assert isinstance(read, str)
    assert read.startswith(why)
    assert len(read) < 150
    assert "\n" not in read


@given(st.text() | st.none(), st.integers(1, 5))
def test_no_reply_makes_the_reader_fail(reply: str | None, count: int) -> None:
    read = read_ballot(reply, count)
    assert isinstance(read, str) or len(read) == count


@pytest.mark.parametrize(
    "part", ['"scores":[', '"scores":[1,', '"scores"' + " " * 50, "[", '{"a":', "1,", "\n"]
)
def test_a_long_hostile_reply_is_read_to_its_end(part: str) -> None:
    # Of this length anything but linear time would run into the timeout of the tests.
    reply = '"scores":[' + part * (2_000_000 // len(part))
    assert isinstance(read_ballot(reply, 2), str)
    assert read_ballot(reply + '""{"scores": [7, 3]}', 2) == (7, 3)
