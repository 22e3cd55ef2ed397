"""The ways to tell a right answer: a vote with the gold, JSON values, tests, a user's function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cope_graph.errors import CopeError, InputError
from cope_graph.evaluation.datasets.code_tests import scoring_tests
from cope_graph.evaluation.datasets.items import Item
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.fields import key
from cope_graph.gates.perplexities import Perplexity
from cope_graph.gates.verdict import Question
from cope_graph.sandbox.choose import SandboxName, code_runner
from cope_graph.sandbox.runner import CodeRunner, Guarded, Limits
from cope_graph.sandbox.verdicts import judge
from cope_graph.tasks.reading import read_math

if TYPE_CHECKING:
    from cope_graph.gates.verdict import Gate
    from cope_graph.state import Sample
    from cope_graph.tasks.task import Task

Rule = Callable[[Item, str], bool]
"""From an item and an answer to whether it is right."""

_NOTHING: Final = object()
_WORKED_OUT: Final = re.compile(r"^####|\\f?box(?:ed)?(?![A-Za-z])", re.MULTILINE)
"""GSM8K's and MATH's golds are whole solutions that end in the answer."""


def votes(task: Task) -> bool:
    """Tell whether a gate may group equal answers by itself; `check_gold` shows whether it does."""
    return not isinstance(task.gate, AskingGate | Perplexity)


def by_gate(task: Task) -> Rule:
    """Make the rule that an answer is right when the task's gate puts it and the gold together."""
    gate = task.gate
    if isinstance(gate, AskingGate):
        msg = f"The gate of the {task.name} task asks a model: pass right=."
        raise InputError(msg)

    def right(item: Item, answer: str) -> bool:
        return any(_together(gate, item, gold, answer) for gold in golds(task.name, item))

    return right


def golds(task: str, item: Item) -> tuple[str, ...]:
    """Give the answers of which each is right.

    In maths the end of a worked solution; a list in the row holds several in maths and of short
    answers.

    Raises:
        InputError: The item has none.
    """
    gold = _gold(item)
    if task not in {"math", "short_answer"}:
        return (gold,)
    found = item.alternatives or (gold,)
    return tuple(map(_stated, found)) if task == "math" else found


def by_json(item: Item, answer: str) -> bool:
    """Tell whether two JSON values are the same: texts up to case and blanks, numbers by value.

    Raises:
        InputError: The gold is no JSON.
    """
    wanted = _json(_gold(item))
    if wanted is _NOTHING:
        msg = f"{item} has a gold that is no JSON: write the object that is right."
        raise InputError(msg)
    found = _json(answer)
    return found is not _NOTHING and key(found) == key(wanted)


def by_tests(sandbox: SandboxName | CodeRunner, limits: Limits) -> Rule:
    """Make the rule that a program is right when it passes the item's scoring tests.

    Raises:
        SandboxSetupError: There is no sandbox.
    """
    runner = Guarded(code_runner(sandbox))
    return lambda item, answer: (
        judge(runner, answer, scoring_tests(item), limits).status == "passed"
    )


def by_user(right: Rule) -> Rule:
    """Make a user's function name the item it fails on, or has no word for."""

    def checked(item: Item, answer: str) -> bool:
        try:
            found: object = right(item, answer)
        except CopeError:
            raise
        except Exception as error:
            # Its message may quote the item; the cause below has it.
            msg = f"The scorer raised {type(error).__name__} on {item}: correct it."
            raise InputError(msg) from error
        if not isinstance(found, bool):
            kind = type(found).__name__
            msg = f"The scorer returned {kind} on {item}: return True or False."
            raise InputError(msg)
        return found

    return checked


def check_tests(item: Item) -> None:
    """Refuse an item without tests that can score.

    Raises:
        InputError: It has none, or they cannot be used.
    """
    scoring_tests(item)


def check_gold(rule: Rule, task: str, item: Item) -> None:
    """Refuse a gold that not even itself would meet.

    Raises:
        InputError: It has none, it is none of the options, does not fit the schema, or the gate
            does not vote.
    """
    if not any(rule(item, gold) for gold in golds(task, item)):
        why = f"has an answer that the {task} task cannot read (no option, no object that fits)"
        msg = f"{item} {why}: correct it, or pass right=."
        raise InputError(msg)


def _together(gate: Gate, item: Item, gold: str, answer: str) -> bool:
    verdict = gate(Question(item.question, item.inputs), [_sample(gold), _sample(answer)])
    return any({0, 1} <= {*one.members} for one in verdict.classes)


def _sample(answer: str) -> Sample:
    return {"text": answer, "answer": answer, "finish": None, "goal": None, "id": None}


def _stated(gold: str) -> str:
    return (read_math(gold) or gold) if _WORKED_OUT.search(gold) else gold


def _gold(item: Item) -> str:
    if item.gold is None:
        msg = f"{item} has no answer to compare with: fill it in, or pass right=."
        raise InputError(msg)
    return item.gold


def _json(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return _NOTHING
    return found
