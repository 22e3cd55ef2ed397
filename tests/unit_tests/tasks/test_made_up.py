"""Which function is called, and with what."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from cope_graph.tasks.entry import Entry, entry
from cope_graph.tasks.made_up import calls


def made(question: str, width: int) -> list[tuple[Any, ...]]:
    return [ast.literal_eval(call) for call in calls(question, width)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(x): pass", Entry("f", 1)),
        ("def f(x, y=1): pass", Entry("f", 1)),
        ("def f(x=1): pass", Entry("f", 1)),
        ("def f(*xs): pass", Entry("f", 1)),
        ("def f(a, /, b, *, c, d=1, **e): pass", Entry("f", 2, ("c",))),
        ("def f(*, c): pass", Entry("f", 0, ("c",))),
        ("def f(): pass", Entry("f", 0)),
        ("def f(**kw): pass", Entry("f", 0)),
        ("async def f(x): pass", Entry("f", 1)),
        ("f = lambda x, y: 0", Entry("f", 2)),
        ("def g(x): pass\ndef h(x, y): pass", Entry("h", 2)),
        ("def f(x): pass\ndef g(x, y): pass\ndef _h(): pass", Entry("f", 1)),
        ("def g(x): pass\ndef main(): pass\ndef test_g(): pass", Entry("g", 1)),
        ("def main(): pass", Entry("main", 0)),
        ("class Solution:\n def _g(self): pass\n def f(self, x): pass", Entry("Solution().f", 1)),
        ("class Solution:\n @staticmethod\n def f(x): pass", Entry("Solution().f", 1)),
        ("class Stack:\n def push(self, x): pass", Entry()),
        ("print(input())", Entry()),
        ("def f(:", Entry()),
    ],
)
def test_the_entry_is_what_the_question_names_else_the_last_public_function(
    code: str, expected: Entry
) -> None:
    assert entry("Write `f`, please.", code) == expected


def test_a_question_may_name_it_by_a_call() -> None:
    code = "def f(x): pass\ndef g(x, y): pass"
    assert entry("Write f(x).", code) == Entry("f", 1)
    assert entry("Write fg(x).", code) == Entry("g", 2)


def test_the_questions_own_examples_come_first_and_tell_the_kinds() -> None:
    question = "Write f. For example f([1, (2)], 'a()') is 3 and f(xs, 'b') raises; print(7) too."
    first, *others = made(question, 2)
    assert first == ([1, 2], "a()")
    assert {(type(a), type(b)) for a, b in others} == {(list, str)}
    assert made(question, 1)[0] == (7,)


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("int", int),
        ("List[int]", list),
        ("typing.Sequence[float]", list),
        ("Optional[str]", str),
        ("dict[str, int] | None", dict),
        ("Tuple[int, ...]", tuple),
        ("Set[int]", set),
        ("float", float),
    ],
)
def test_a_signature_in_the_question_tells_the_kinds(annotation: str, kind: type) -> None:
    found = made(f'def f(a: {annotation}) -> bool:\n    """Tell."""\n', 1)
    assert {type(value) for (value,) in found} == {kind}


def test_words_of_the_question_tell_the_kinds() -> None:
    found = made("Count a character in a string.", 2)
    assert {type(value) for pair in found for value in pair} == {str}
    found = made("Find the n largest integers of a list.", 2)
    assert {(type(a), type(b)) for a, b in found} == {
        (int, int),
        (int, list),
        (list, int),
        (list, list),
    }


def test_a_question_that_tells_nothing_gets_some_of_everything() -> None:
    found = made("Do it.", 1)
    assert {type(value) for (value,) in found} == {int, str, list, float, tuple, dict}


@pytest.mark.parametrize("width", [0, 1, 2, 3, 8])
def test_inputs_are_the_same_for_all_candidates_and_not_too_many(width: int) -> None:
    found = calls("Do it.", width)
    assert found == calls("Do it.", width)
    assert all(len(ast.literal_eval(call)) == width for call in found)
    assert 0 < len(found) == len(set(found)) <= 64


def test_more_arguments_than_anybody_needs_get_none() -> None:
    assert calls("Do it.", 9) == ()


@pytest.mark.parametrize(
    "question",
    ["f(" * 50_000, "f(" + "[" * 99_000, "f(1)" * 30_000, "def f(" * 20_000, "a" * 99_999],
)
def test_a_hostile_question_costs_no_time(question: str) -> None:
    assert len(calls(question, 1)) > 9
