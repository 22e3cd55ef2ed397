"""Whether an answer is right: by the task's own equality, by hidden tests, or by a user's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from cope_graph import tasks
from cope_graph.errors import InputError
from cope_graph.evaluation.datasets.code_tests import sees_all
from cope_graph.evaluation.datasets.items import Item
from cope_graph.evaluation.scoring_rules import (
    Rule,
    by_gate,
    by_json,
    by_tests,
    by_user,
    check_gold,
    check_tests,
    votes,
)
from cope_graph.sandbox.choose import SandboxName
from cope_graph.sandbox.runner import DEFAULT_LIMITS, CodeRunner, Limits
from cope_graph.tasks.once import once

if TYPE_CHECKING:
    from cope_graph.tasks.task import Task

_BY_NAME: Final[dict[str, Callable[[], Task]]] = {
    "math": tasks.math,
    "choice": tasks.choice,
    "short_answer": tasks.short_answer,
}
_NAMES: Final = "math, choice, short_answer, structured, code"
_OWN: Final = "pass right=, a function of the item and the answer that returns True or False"


@dataclass(frozen=True)
class Scorer:
    """Says whether answers are right.

    Attributes:
        how: By what, in a few words.
        rule: It itself; `right` asks it once for each item and answer.
        check: Raises an `InputError` that names an item which cannot be scored.
        tests: Whether tests decide.
    """

    how: str
    rule: Rule
    check: Callable[[Item], None]
    tests: bool = False
    _once: Rule = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Remember what was asked."""
        object.__setattr__(self, "_once", once(self.rule))

    def right(self, item: Item, answer: str) -> bool:
        """Tell whether an answer is right. It may block, and bears several threads.

        Args:
            item: The question.
            answer: As the task reads it in a reply, or as its gate gives it.

        Raises:
            InputError: The item cannot be scored; the message names it.
        """
        return self._once(item, answer)

    async def aright(self, item: Item, answer: str) -> bool:
        """Tell it without blocking the event loop."""
        return await asyncio.to_thread(self.right, item, answer)

    def check_all(self, items: Sequence[Item]) -> tuple[str, ...]:
        """Find what cannot be scored before anything is paid.

        Returns:
            Sentences to state beside the results.

        Raises:
            InputError: An item has no answer or no tests, or one that could never be right.
        """
        for item in items:
            self.check(item)
        seen = sum(map(sees_all, items)) if self.tests else 0
        if not seen:
            return ()
        words = f"{seen} of {len(items)} items are scored by the very tests that the gate sees"
        return (f"{words}: what it accepts there is right by definition.",)


def scorer(
    task: Task | str,
    *,
    right: Rule | None = None,
    sandbox: SandboxName | CodeRunner = "auto",
    limits: Limits = DEFAULT_LIMITS,
) -> Scorer:
    """Make the scorer of a task.

    An answer is right when the task's own gate counts it as the same as the item's gold: by value
    in maths, the same option, the same in words, the same fields. Code is right when it passes the
    row's hidden tests.

    Args:
        task: It, or the name of one.
        right: A function of one's own, which may block.
        sandbox: Where code runs.
        limits: What it may use.

    Raises:
        InputError: There is no such task, or nothing says what is right: open-ended replies, and
            gates that ask a model or do not vote, need `right`.
        SandboxSetupError: There is no sandbox for code.
    """
    name = task if isinstance(task, str) else task.name
    if right is not None:
        own: object = right  # a caller without types may pass anything
        if not callable(own):
            msg = f"right is {type(own).__name__}, no function: {_OWN}."
            raise InputError(msg)
        return Scorer("a function of one's own", by_user(right), lambda _item: None)
    if name == "code":
        rule = by_tests(sandbox, limits)
        return Scorer("the row's tests", rule, check_tests, tests=True)
    if name == "open_ended":
        msg = f"Open-ended replies have no one right answer: {_OWN}."
        raise InputError(msg)
    if task == "structured":
        return Scorer("JSON values", by_json, partial(check_gold, by_json, task))
    if isinstance(task, str):
        if task not in _BY_NAME:
            msg = f"No task is called {task!r:.60}: pass {_NAMES}, or a Task."
            raise InputError(msg)
        task = _BY_NAME[task]()
    if not votes(task):
        msg = f"The gate of the {name} task does not say which answers are the same: {_OWN}."
        raise InputError(msg)
    rule = by_gate(task)
    return Scorer(f"the {name} task's own equality", rule, partial(check_gold, rule, name))
