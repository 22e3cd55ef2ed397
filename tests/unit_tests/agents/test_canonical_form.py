"""When steps are the same, by hand and by law."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.agents.actions import Action, ToolCall, decode, encode
from cope_graph.agents.alike import tidy, words
from cope_graph.agents.canonical_form import Form, canonical, same_step
from cope_graph.agents.signatures import signatures
from cope_graph.errors import InputError
from tests.unit_tests.agents.pairs import DIFFERENT, MAIL, SAME, answer, call, calls

FORM = Form(free_text={MAIL: ["body"]})

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # What the rules are about comes more often than by chance.
    | texts
    | st.text("aA b\n\t.,-'5*_\u0301\u00a0\ufdfa\u0345", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
tool_calls = st.builds(
    ToolCall,
    st.sampled_from([MAIL, "add", "find"]),
    st.dictionaries(st.sampled_from(["body", "a", "b"]) | texts, values, max_size=4),
)
actions = st.builds(Action, st.lists(tool_calls, min_size=1, max_size=3).map(tuple)) | st.builds(
    lambda text: Action(answer=text), texts.filter(str.strip)
)


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_what_is_the_same_is_one_class(one: Action, other: Action) -> None:
    assert canonical(one, FORM) is not None
    assert canonical(one, FORM) == canonical(other, FORM)
    assert same_step(FORM)(encode(one), encode(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_different_stays_apart(one: Action, other: Action) -> None:
    assert None not in {canonical(one, FORM), canonical(other, FORM)}
    assert canonical(one, FORM) != canonical(other, FORM)
    assert not same_step(FORM)(encode(one), encode(other))


@given(actions)
def test_the_canonical_text_of_a_canonical_step_is_itself(action: Action) -> None:
    text = canonical(action, FORM)
    assert text is not None
    again = decode(text)
    assert again is not None
    assert canonical(again, FORM) == text


@given(actions)
def test_a_step_is_read_back_as_it_was_written(action: Action) -> None:
    again = decode(encode(action))
    assert again == action
    assert canonical(again, FORM) == canonical(action, FORM)


def turned(value: Any) -> Any:
    """Reverse the order of names, and write whole numbers as the other kind."""
    match value:
        case dict():
            return {name: turned(part) for name, part in reversed(value.items())}
        case list():
            return [turned(part) for part in value]
        case int() if not isinstance(value, bool) and abs(value) < 2**53:
            return float(value)
        case float() if value == int(value):
            return int(value)
        case _:
            return value


@given(actions)
def test_neither_the_order_of_names_nor_the_kind_of_a_number_counts(action: Action) -> None:
    if action.answer is None:
        other = Action(tuple(ToolCall(it.name, turned({**it.args})) for it in action.calls))
        assert canonical(other, FORM) == canonical(action, FORM)


@given(tool_calls, st.text(min_size=1, max_size=5).filter(lambda name: name.isascii()))
def test_calls_of_different_names_are_never_the_same(one: ToolCall, name: str) -> None:
    other = ToolCall(name if name != one.name else f"{name}_", one.args)
    assert canonical(Action((one,)), FORM) != canonical(Action((other,)), FORM)


@given(texts | st.text("aA b\n\t.,-'5*_:;\u0301\u00a0\ufdfa\u0345", max_size=10))
def test_forms_of_a_text_are_stable(text: str) -> None:
    assert words(words(text)) == words(text)
    assert tidy(tidy(text)) == tidy(text)


def book(city: str, nights: int = 1, note: str | None = None, tags: list[str] | None = None) -> str:
    """Book a room."""
    return f"{city} {nights} {note} {tags}"


BOOK = Form(tools=signatures([book]), free_text={"book": ["note"]})
DEFAULTS = {"nights": 1, "note": None, "tags": None}


@given(
    st.fixed_dictionaries(
        {"city": texts},
        optional={
            "nights": st.integers(-3, 3) | st.sampled_from(["2", 1.0]),
            "note": st.none() | texts,
            "tags": st.none() | st.lists(texts, max_size=2),
        },
    )
)
def test_what_is_left_out_of_a_known_tools_call_is_its_default(args: dict[str, Any]) -> None:
    text = canonical(call("book", **args), BOOK)
    assert text is not None
    assert canonical(call("book", **{**DEFAULTS, **args}), BOOK) == text
    again = decode(text)
    assert again is not None
    assert canonical(again, BOOK) == text


def test_names_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InputError, match=r"pass a list of arguments, \['body'\]"):
        Form(free_text={MAIL: "body"})
    with pytest.raises(InputError, match="There is no tool 'bok'"):
        Form(tools=BOOK.tools, free_text={"bok": ["note"]})
    with pytest.raises(InputError, match="the tools are: none"):
        Form(tools={}, own={"book": str})


def test_the_order_of_calls_counts_where_it_is_asked_for() -> None:
    one, other = SAME["order of calls"]
    form = Form(in_order=True)
    assert canonical(one, form) != canonical(other, form)
    assert canonical(one, form) == canonical(one, form)


def test_a_form_of_the_users_own_replaces_ours() -> None:
    form = Form(own={"query": lambda args: " ".join(sorted(args["sql"].split()))})
    assert canonical(call("query", sql="b a"), form) == canonical(call("query", sql="a b"), form)
    assert canonical(call("other", sql="b a"), form) != canonical(call("other", sql="a b"), form)


def test_a_form_of_the_users_own_that_raises_makes_no_step_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    form = Form(own={"query": lambda args: args["sql"].upper()})
    assert canonical(call("query", text="the secret"), form) is None
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_final_answers_are_compared_by_the_equality_of_the_task() -> None:
    same = same_step(FORM, lambda one, other: math.isclose(float(one), float(other)))
    assert same(encode(answer("0.5")), encode(answer("0.50")))
    assert not same(encode(answer("0.5")), encode(answer("0.6")))
    assert not same(encode(answer("0.5")), encode(call("add", a=0.5)))


def test_what_is_no_step_equals_nothing_not_even_itself() -> None:
    same = same_step(Form(tools={}))
    unknown = encode(call("add", a=1))
    assert canonical(call("add", a=1), Form(tools={})) is None
    assert not same(unknown, unknown)
    assert not same("no JSON", "no JSON")


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, 10**2000, "\ud800", {1: 2}, {"a", "b"}, object(), "a" * 200_001],
    ids=["nan", "inf", "huge", "half a character", "key", "set", "object", "long"],
)
def test_arguments_that_are_no_json_make_no_step(value: Any) -> None:
    assert canonical(call("add", a=value)) is None


def test_deep_and_wide_arguments_make_no_step() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert canonical(call("add", a=deep)) is None
    assert canonical(call("add", a=[0] * 10_001)) is None
    many = calls(*[call("add", a="x" * 5_000)] * 50)
    assert canonical(many) is None
