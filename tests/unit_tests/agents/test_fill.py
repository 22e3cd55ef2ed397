"""Arguments held to a JSON schema."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.agents.fill import UnfitError, check_schema, fill

OPTIONAL = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 5}


def one(schema: Any, *, required: bool = False) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"x": schema},
        "required": ["x"] if required else [],
    }


def fits(schema: Any, value: Any) -> bool:
    try:
        fill(one(schema, required=True), {"x": value})
    except UnfitError:
        return False
    return True


@pytest.mark.parametrize(
    ("schema", "args", "filled"),
    [
        ({"type": "integer", "default": 5}, {}, {"x": 5}),
        ({"type": "integer", "default": 5}, {"x": None}, {"x": 5}),
        ({"type": "integer"}, {"x": None}, {}),
        ({"type": "integer", "default": 5}, {"x": 6}, {"x": 6}),
        (OPTIONAL, {}, {"x": 5}),
        (OPTIONAL, {"x": None}, {"x": None}),
        ({"type": ["integer", "null"], "default": None}, {"x": None}, {}),
        ({"default": 0}, {}, {"x": 0}),
        ({"default": False}, {}, {"x": False}),
        (one({"default": 1}), {"x": {}}, {"x": {"x": 1}}),
        ({"type": "array", "items": one({"default": 1})}, {"x": [{}, {}]}, {"x": [{"x": 1}] * 2}),
        ({"anyOf": [{"type": "string"}, one({"default": 1})]}, {"x": {}}, {"x": {"x": 1}}),
        ({"allOf": [one({"default": 1})]}, {"x": {}}, {"x": {"x": 1}}),
        (True, {"x": 1, "y": 2}, {"x": 1, "y": 2}),
    ],
)
def test_an_argument_left_out_equals_its_default(
    schema: Any, args: dict[str, Any], filled: dict[str, Any]
) -> None:
    assert fill(one(schema), args) == filled


def test_null_of_a_required_argument_is_a_value() -> None:
    assert fill(one({"type": ["integer", "null"]}, required=True), {"x": None}) == {"x": None}
    assert not fits({"type": "integer"}, None)


def test_choices_are_compared_by_value_and_true_is_no_number() -> None:
    assert fits({"const": 1}, 1.0)
    assert fits({"enum": [[1], {"x": 2}]}, {"x": 2.0})
    assert not fits({"const": 1}, True)  # noqa: FBT003
    assert not fits({"enum": [False]}, 0)


def test_references_are_followed() -> None:
    schema = {**one({"$ref": "#/$defs/n"}), "$defs": {"n": {"type": "integer"}}}
    assert fill(schema, {"x": 1}) == {"x": 1}
    with pytest.raises(UnfitError):
        fill(schema, {"x": "a"})
    assert fill(one({"$ref": "http://x.org/n"}), {"x": "a"}) == {"x": "a"}


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    twice = {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}
    assert fill(twice, {"x": 1}) == {"x": 1}
    tree = {"properties": {"x": {"$ref": "#"}}, "additionalProperties": False}
    assert fill(tree, {"x": {"x": {"x": {}}}}) == {"x": {"x": {"x": {}}}}
    with pytest.raises(UnfitError):
        fill(tree, {"x": {"x": {"y": {}}}})


def test_names_that_are_not_known_are_refused_where_the_schema_says_so() -> None:
    closed = {**one({}), "additionalProperties": False}
    with pytest.raises(UnfitError):
        fill(closed, {"y": 1})
    typed = {**one({}), "additionalProperties": {"type": "integer"}}
    assert fill(typed, {"y": 1}) == {"y": 1}
    with pytest.raises(UnfitError):
        fill(typed, {"y": "a"})
    by_pattern = {**closed, "patternProperties": {"^y": {}}}
    assert fill(by_pattern, {"y": 1}) == {"y": 1}


@pytest.mark.parametrize("schema", [{"anyOf": {}}, {"required": "x"}, {"properties": []}])
def test_a_schema_of_wrong_parts_is_found(schema: Any) -> None:
    with pytest.raises(TypeError, match="of its schema"):
        check_schema(one(schema))


kinds = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, 1.0, "", "a", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xy"), inner),
    max_leaves=5,
)
schemas: st.SearchStrategy[Any] = st.recursive(
    st.booleans()
    | st.fixed_dictionaries({}, optional={"type": kinds, "minimum": st.integers(-3, 3)})
    | st.fixed_dictionaries({}, optional={"maxLength": st.integers(0, 3), "enum": st.lists(values)})
    | st.fixed_dictionaries({"const": values})
    | st.fixed_dictionaries({"minItems": st.integers(0, 2), "exclusiveMaximum": st.integers(0, 3)}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "items": inner,
            # All required: what may be left out may be null here, and not there.
            "properties": st.fixed_dictionaries({"x": inner}),
            "required": st.just(["x"]),
            "additionalProperties": inner,
        },
    ).map(lambda schema: schema | ({"required": ["x"]} if "properties" in schema else {})),
    max_leaves=6,
)


@given(schemas, values)
def test_values_fit_as_the_library_of_the_tests_says(schema: Any, value: Any) -> None:
    assert fits(schema, value) == jsonschema.Draft202012Validator(schema).is_valid(value)
