"""Multiple-choice rows: options, and the right one by index, letter or text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cope_graph import tasks
from cope_graph.errors import InputError
from cope_graph.evaluation.datasets import Item, load
from cope_graph.evaluation.scoring import scorer

CITIES = ["Rome", "Paris", "Oslo"]


def one(tmp_path: Path, row: Any, **how: Any) -> Item:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"question": "Where?", **row}), "utf-8")
    return load(path, **{"task": tasks.choice(), **how}).items[0]


@pytest.mark.parametrize(
    "row",
    [
        {"choices": CITIES, "answer": 1},
        {"options": CITIES, "answer": "B"},
        {"options": CITIES, "gold": "paris"},
        {"options": [f"{label}) {city}" for label, city in zip("ABC", CITIES, strict=True)]}
        | {"correct": "B"},
        {"choices": {"text": CITIES, "label": ["1", "2", "3"]}, "answerKey": "2"},
        {"options": {"x": "Rome", "y": "Paris", "z": "Oslo"}, "answer": "y"},
        {"options": [3, 5, 7], "answer": "5"},
        {"options": [1, 0], "answer": "0"},
    ],
)
def test_the_second_option_is_right_however_it_is_told(tmp_path: Path, row: Any) -> None:
    item = one(tmp_path, row)
    options = item.inputs["options"]
    assert item.gold == options[1]
    score = scorer(tasks.choice())
    score.check_all([item])
    assert [score.right(item, said) for said in (*options, "B", f"B. {options[1]}")] == [
        option == options[1] for option in options
    ] + [True, True]


def test_options_are_shown_and_the_answer_is_not(tmp_path: Path) -> None:
    item = one(tmp_path, {"choices": CITIES, "answer": 1, "subject": "geography"})
    assert item.inputs == {"options": CITIES}
    assert item.hidden == {"subject": "geography"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"options": CITIES, "answer": 3}, "counted from 0"),
        ({"options": CITIES, "answer": -1}, "counted from 0"),
        ({"options": CITIES, "answer": "Berlin"}, "none of its 3 options"),
        ({"options": CITIES, "answer": "2"}, "none of its 3 options"),
        ({"options": [2, 1, 0], "answer": 0}, "option's text and another's index"),
        ({"options": ["Rome"], "answer": 0}, "there is one option"),
        ({"options": ["Rome", "Rome "], "answer": 0}, "options 1 and 2 are the same"),
        ({"options": "Rome, Paris", "answer": 0}, "no list"),
        ({"options": CITIES, "choices": CITIES, "answer": 0}, "leave one out"),
        ({"answer": "Rome"}, "needs 'options'"),
    ],
)
def test_what_cannot_be_used_names_its_row(tmp_path: Path, row: Any, told: str) -> None:
    with pytest.raises(InputError, match=f"rows.jsonl:1 .*({told})"):
        one(tmp_path, row)


def test_unusable_options_are_left_out_by_choice(tmp_path: Path) -> None:
    rows = [{"question": "A?", "options": ["x", "x"], "answer": 0}]
    rows += [{"question": "B?", "options": CITIES, "answer": 0}]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    loaded = load(path, task=tasks.choice(), unusable="leave_out")
    assert [item.gold for item in loaded.items] == ["Rome"]
    assert loaded.excluded == {"with options or tests that cannot be used": 1}


def test_several_right_options_are_scored_as_a_set(tmp_path: Path) -> None:
    task = tasks.choice(several=True)
    item = one(tmp_path, {"options": CITIES, "answer": ["C", "Rome"]}, task=task)
    assert item.gold == '["Rome", "Oslo"]'
    score = scorer(task)
    score.check_all([item])
    assert score.right(item, "A, C")
    assert score.right(item, '["Rome", "Oslo"]')
    assert not score.right(item, "A")


def test_a_task_with_options_of_its_own_refuses_a_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rows.jsonl:1 .*made with its own"):
        one(tmp_path, {"options": CITIES, "answer": "Rome"}, task=tasks.choice(CITIES))


def test_options_of_a_task_that_asks_for_none_stay_hidden(tmp_path: Path) -> None:
    item = one(tmp_path, {"options": ["3", "4"], "answer": "4"}, task=tasks.math())
    assert not item.inputs
    assert item.hidden == {"options": ["3", "4"]}
