"""What counts as right, by task and by a user's word."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from cope_graph import gates, tasks
from cope_graph.errors import InputError
from cope_graph.evaluation.datasets import Item
from cope_graph.evaluation.scoring import scorer
from cope_graph.gates.verdict import Verdict


class Person(BaseModel):
    name: str
    age: int
    reason: str = ""


def item(gold: str | None, **more: Any) -> Item:
    return Item("one", "What is it?", gold, place="data.jsonl:3", **more)


@pytest.mark.parametrize(
    ("gold", "right", "wrong"),
    [
        ("18", "18.0", "19"),
        (r"\frac{14}{3}", "14/3", "3/14"),
        ("She sells 9 for $2.\n9 * 2 = 18\n#### 18", "18", "9"),
        ("So 2 + 3 = 5 and 4 = 1,000.\n#### 1,000", "1000", "5"),
        (r"The number 9 has \boxed{3} divisors.", "3", "9"),
    ],
)
def test_maths_is_scored_by_value(gold: str, right: str, wrong: str) -> None:
    score = scorer("math")
    score.check_all([item(gold)])
    assert score.right(item(gold), right)
    assert not score.right(item(gold), wrong)


def test_any_of_several_short_answers_is_right_and_none_other() -> None:
    score = scorer(tasks.short_answer())
    many = item('["3 km", "two miles"]', alternatives=("3 km", "two miles"))
    assert score.right(many, "3,000 metres")
    assert score.right(many, "2 miles")
    assert not score.right(many, "3 miles")
    assert not score.right(item('["3 km", "two miles"]'), "3 km")


def test_objects_are_scored_by_their_voted_fields() -> None:
    gold = item('{"name": "Ada", "age": 36}')
    score = scorer(tasks.structured(Person, unvoted=["reason"]))
    score.check_all([gold])
    assert score.right(gold, '{"age": 36, "name": "ada", "reason": "it says so"}')
    assert not score.right(gold, '{"age": 37, "name": "Ada", "reason": ""}')
    with pytest.raises(InputError, match=r"item 'one' \(data.jsonl:3\) has an answer that"):
        score.check_all([item('{"name": "Ada"}')])


def test_objects_without_a_schema_are_scored_as_json() -> None:
    gold, score = item('{"name": "Ada", "ages": [1, 2.0]}'), scorer("structured")
    score.check_all([gold])
    assert score.right(gold, '{"ages": [1.0, 2], "name": "ADA"}')
    assert not score.right(gold, '{"ages": [2, 1], "name": "Ada"}')
    assert not score.right(gold, "Ada")
    with pytest.raises(InputError, match="gold that is no JSON"):
        score.check_all([item("Ada")])


def test_a_choice_of_fixed_options_is_checked_against_them() -> None:
    score = scorer(tasks.choice(["yes", "no"]))
    score.check_all([item("Yes")])
    assert score.right(item("Yes"), "A")
    assert not score.right(item("Yes"), "no")
    with pytest.raises(InputError, match="no option"):
        score.check_all([item("1")])


def test_an_item_without_an_answer_is_named() -> None:
    for task in ("math", "choice", "structured"):
        with pytest.raises(InputError, match=r"item 'one' \(data.jsonl:3\) has no answer"):
            scorer(task).right(item(None), "4")


def test_what_has_no_one_right_answer_says_what_to_pass() -> None:
    for task in (tasks.open_ended(), "open_ended", tasks.open_ended(gate=gates.judge())):
        with pytest.raises(InputError, match="pass right=, a function of the item"):
            scorer(task)
    judged = replace(tasks.math(), name="mine", gate=gates.judge())
    with pytest.raises(InputError, match="gate of the mine task does not say"):
        scorer(judged)
    with pytest.raises(InputError, match="No task is called 'maths': pass math, choice"):
        scorer("maths")


def test_a_gate_that_does_not_vote_is_found_before_anything_is_paid() -> None:
    own = replace(tasks.math(), name="mine", gate=lambda _q, _s: Verdict(1.0, 0, "4", "sure"))
    with pytest.raises(InputError, match="the mine task cannot read"):
        scorer(own).check_all([item("4")])


def test_a_function_of_ones_own_decides_and_needs_no_gold() -> None:
    score = scorer("open_ended", right=lambda one, answer: one.id in answer)
    score.check_all([item(None)])
    assert score.right(item(None), "it is one")
    assert not score.right(item(None), "it is two")


def _raises(_item: Item, _answer: str) -> bool:
    msg = "private words"
    raise KeyError(msg)


def test_a_function_that_fails_names_the_item_and_hides_its_words() -> None:
    with pytest.raises(InputError, match=r"raised KeyError on item 'one'") as caught:
        scorer("math", right=_raises).right(item("4"), "4")
    assert "private" not in str(caught.value)


@pytest.mark.parametrize("said", [None, 1, 0.5, "yes"])
def test_a_function_must_return_true_or_false(said: Any) -> None:
    with pytest.raises(InputError, match=f"returned {type(said).__name__} on item 'one'"):
        scorer("math", right=lambda *_: said).right(item("4"), "4")


def test_what_is_no_function_is_refused() -> None:
    wrong: Any = 0.5
    with pytest.raises(InputError, match="right is float, no function"):
        scorer("math", right=wrong)


def test_an_answer_is_scored_once_also_by_many_threads() -> None:
    asked: list[str] = []
    start = threading.Barrier(8)

    def right(_item: Item, answer: str) -> bool:
        asked.append(answer)
        return answer == "4"

    score = scorer("math", right=right)

    def one(_at: int) -> bool:
        start.wait()
        return score.right(item("4"), "4")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(8)))
    assert not score.right(item("4"), "5")
    assert asked == ["4", "5"]


async def test_the_asynchronous_way_says_the_same() -> None:
    score = scorer("math")
    assert await score.aright(item("0.5"), "1/2")
    assert not await score.aright(item("0.5"), "1/3")
