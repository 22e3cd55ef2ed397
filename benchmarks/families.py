"""What the real run asks: word problems, or functions to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cope_graph import Task, tasks
from cope_graph.evaluation.datasets import Item, load, own_items
from cope_graph.evaluation.datasets.code_tests import scoring_tests
from cope_graph.evaluation.scoring import scorer
from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.verdicts import AssertTest, Test


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
    task = tasks.math()
    items = [*load(data / "gsm.jsonl", task=task).items] if data else own_items()
    return Family(task, items, {}, scorer(task).right)


def code(data: Path | None) -> Family:
    """Take sanitized MBPP: the first test of a problem is shown and is the gate, all of them judge.

    Problems whose tests do not call the function that is asked for are left out.
    """
    if data is None:
        msg = "--task code needs --data, a folder with mbpp_sanitized.jsonl"
        raise SystemExit(msg)
    runner = code_runner()
    task = tasks.code(sandbox=runner)
    items = [
        replace(item, question=f"Complete this function:\n\n{item.question}")
        for item in load(data / "mbpp_sanitized.jsonl", task=task, show_tests=1).items
        if all(item.hidden["entry_point"] in _source(test) for test in scoring_tests(item))
    ]
    inputs = {item.id: {**item.inputs} for item in items}
    return Family(task, items, inputs, scorer(task, sandbox=runner).right)


def _source(test: Test) -> str:
    assert isinstance(test, AssertTest)
    return test.code
