"""The tests of a row: which the gate sees, and which score."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cope_graph import tasks
from cope_graph.errors import InputError
from cope_graph.evaluation.datasets import Item, Loaded, load
from cope_graph.evaluation.datasets.code_tests import hidden_tests
from cope_graph.evaluation.scoring import Scorer, scorer
from cope_graph.sandbox.choose import code_runner

CHECK = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 9\n"
RIGHT = "def f(x):\n    return x * x\n"
HALF = "def f(x):\n    return 4\n"


@pytest.fixture(scope="module")
def score() -> Scorer:
    return scorer("code")


def read(tmp_path: Path, row: Any, **how: Any) -> Loaded:
    path = tmp_path / "code.jsonl"
    path.write_text(json.dumps({"prompt": "Write f, the square.", **row}), "utf-8")
    return load(path, task=tasks.code(sandbox=code_runner()), **how)


def one(tmp_path: Path, row: Any, **how: Any) -> Item:
    return read(tmp_path, row, **how).items[0]


@pytest.mark.parametrize(
    "row",
    [
        {"hidden_tests": ["assert f(2) == 4", "assert f(3) == 9"]},
        {"test_list": ["assert f(3) == 9"]},
        {"test": CHECK, "entry_point": "f"},
        {"test": f"{CHECK}\nx = 1\n", "entry_point": "f"},
        {"test": f"{CHECK}\ncheck(f)\n"},
        {"tests": ["assert f(2) == 4"], "hidden_tests": ["assert f(3) == 9"]},
    ],
)
def test_hidden_tests_score_and_no_gate_sees_them(tmp_path: Path, row: Any, score: Scorer) -> None:
    item = one(tmp_path, row)
    assert "9" not in str(item.inputs)
    assert score.check_all([item]) == ()
    assert score.right(item, RIGHT)
    assert not score.right(item, HALF)


def test_visible_tests_alone_score_too_and_it_is_said(tmp_path: Path, score: Scorer) -> None:
    item = one(tmp_path, {"tests": ["assert f(2) == 4"]})
    assert item.inputs["tests"] == ["assert f(2) == 4"]
    (said,) = score.check_all([item])
    assert said.startswith("1 of 1 items are scored by the very tests that the gate sees")
    assert score.right(item, HALF)


def test_the_first_of_hidden_tests_can_be_shown(tmp_path: Path, score: Scorer) -> None:
    item = one(tmp_path, {"test": CHECK, "entry_point": "f"}, show_tests=1)
    assert item.inputs["tests"] == ["assert f(2) == 4"]
    assert not score.right(item, HALF)
    assert score.check_all([item]) == ()


def test_showing_all_tests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"code.jsonl:1 has 2 tests .* none would be left"):
        read(tmp_path, {"test": CHECK, "entry_point": "f"}, show_tests=2)


def test_an_import_that_an_assert_lacks_is_added() -> None:
    body = "def check(candidate):\n    assert math.isclose(candidate(2), 4)\n"
    (test,) = hidden_tests({"test": body, "entry_point": "f"}, "here")
    assert test == "import math\nassert math.isclose(f(2), 4)"


def test_what_stands_before_the_tests_stands_before_each() -> None:
    row = {"test_imports": ["import math"], "test_list": ["assert f(1)", "assert f(2)"]}
    assert hidden_tests(row, "here") == ["import math\nassert f(1)", "import math\nassert f(2)"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({}, "has no tests"),
        ({"hidden_tests": []}, "has no tests"),
        ({"hidden_tests": ["assert f("]}, "was never closed"),
        ({"hidden_tests": ["f(3) == 9"]}, "test 1 checks nothing"),
        ({"hidden_tests": [1]}, "cannot be used"),
        ({"hidden_tests": 7}, "cannot be used"),
        ({"test": CHECK}, "'entry_point' does not name what it checks"),
        ({"test": CHECK, "test_list": ["assert f(1)"]}, "leave one out"),
        ({"gold": "4"}, "has no tests"),
    ],
)
def test_a_row_that_cannot_be_scored_is_named(tmp_path: Path, row: Any, told: str) -> None:
    with pytest.raises(InputError, match=f"code.jsonl:1 .*{told}"):
        read(tmp_path, row)


def test_a_pair_of_input_and_output_scores(tmp_path: Path, score: Scorer) -> None:
    item = one(tmp_path, {"hidden_tests": [{"stdin": "3", "stdout": "9"}]})
    assert score.right(item, "print(int(input()) ** 2)")
    assert not score.right(item, "print(3)")


@pytest.mark.parametrize("name", ["humaneval", "mbpp_sanitized"])
def test_reference_solutions_are_right_and_no_solution_is_not(name: str, score: Scorer) -> None:
    path = Path(os.environ.get("COPE_DATA", "")) / "benchmarks" / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"COPE_DATA names no folder with benchmarks/{path.name}")
    items = load(path, task=tasks.code(sandbox=code_runner()), limit=25, seed=1).items
    for item in items:
        # MBPP's bodies are indented otherwise than the text in front of them.
        head = item.question.split("    '''")[0] if name.startswith("mbpp") else item.question
        assert score.right(item, head + item.hidden["canonical_solution"]), item
        assert not score.right(item, f"{item.question}    return 12345\n"), item
