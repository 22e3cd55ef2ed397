"""What the real run asks: word problems, or functions to write."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cope_graph import Task, tasks
from cope_graph.evaluation.datasets import Item, load_items, own_items
from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.verdicts import AssertTest, judge
from cope_graph.tasks.equality import math_equal


@dataclass(frozen=True)
class Family:
    """A task with questions whose answers can be checked.

    Attributes:
        task: It.
        items: The questions.
        inputs: What the task asks for beside a question, by its id.
        right: Whether an answer is right.
    """

    task: Task
    items: list[Item]
    inputs: Mapping[str, dict[str, Any]]
    right: Callable[[Item, str], bool]


def math(data: Path | None) -> Family:
    """Take GSM8K's test set, or the package's own word problems."""
    items = load_items(data / "gsm.jsonl") if data else own_items()
    return Family(tasks.math(), items, {}, lambda item, answer: math_equal(answer, item.gold))


def code(data: Path | None) -> Family:
    """Take sanitized MBPP: the first test of a problem is shown and is the gate, all of them judge.

    Problems whose tests do not call the function that is asked for are left out.
    """
    if data is None:
        msg = "--task code needs --data, a folder with mbpp_sanitized.jsonl"
        raise SystemExit(msg)
    runner = code_runner()
    rows = map(json.loads, (data / "mbpp_sanitized.jsonl").read_text("utf-8").splitlines())
    kept = [(row, found) for row in rows if (found := _asserts(row))]
    items = [
        Item(row["task_id"], f"Complete this function:\n\n{row['prompt']}", "\n".join(found))
        for row, found in kept
    ]
    inputs = {row["task_id"]: {"tests": found[:1]} for row, found in kept}

    def right(item: Item, answer: str) -> bool:
        hidden = [AssertTest(test) for test in item.gold.splitlines()]
        return judge(runner, answer, hidden).status == "passed"

    return Family(tasks.code(sandbox=runner), items, inputs, right)


def _asserts(row: Mapping[str, Any]) -> list[str]:
    """Read the asserts of a problem, a line each."""
    body = ast.parse(row["test"]).body[0]
    assert isinstance(body, ast.FunctionDef)
    found = [ast.unparse(node) for node in body.body if isinstance(node, ast.Assert)]
    called = [test for test in found if row["entry_point"] in test and "\n" not in test]
    return called if len(called) == len(found) else []
