"""The family of a question, made of the options of `cope solve`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cope_graph.cli.tests_file import read_tests
from cope_graph.environment import TASKS, task_name
from cope_graph.errors import InputError
from cope_graph.stages.inputs import check_inputs
from cope_graph.tasks import Task

_WITHOUT: Final = (
    "Without --tests, candidates that do the same on made-up inputs agree; they may be wrong "
    "together."
)
_BY_PERPLEXITY: Final = (
    "The reply of the lowest perplexity is the answer, accepted below 1/tau. No threshold fits all "
    "models: measure --tau1 on questions of yours."
)


@dataclass(frozen=True)
class Family:
    """What a run is of.

    Attributes:
        task: The task.
        inputs: What it is given beside the question.
        note: What one has to know of it; empty for nothing.
        warning: What is dangerous about it; empty for nothing.
    """

    task: Task
    inputs: dict[str, Any]
    note: str = ""
    warning: str = ""

    @property
    def is_code(self) -> bool:
        """Whether answers are programs."""
        return self.task.name == "code"


def family_of(  # noqa: PLR0913 - what the options of `cope solve` say of it
    name: str,
    *,
    tests: str | None,
    sandbox: str | None,
    show_failures: bool,
    options: Sequence[str] | None = None,
    several: bool = False,
) -> Family:
    """Make the task that was asked for.

    Raises:
        InputError: There is no such task, its tests or options cannot be used, or it takes none.
        SandboxSetupError: There is no sandbox for code.
    """
    name = task_name(name)
    make = TASKS[name]
    own: dict[str, dict[str, object]] = {
        "code": {"--tests": tests, "--sandbox": sandbox, "--show-failures": show_failures},
        "choice": {"--option": options, "--several": several},
    }
    for other, said in (("code", "runs no code"), ("choice", "has no options")):
        given = [option for option, value in own[other].items() if value]
        if name != other and given:
            msg = f"The {name} task {said}: leave out {', '.join(given)}, or --task {other}."
            raise InputError(msg)
    if name == "choice":
        if not options:
            msg = "The choice task needs its options: pass --option TEXT for each."
            raise InputError(msg)
        return Family(make(options, several=several), {})
    if name != "code":
        return Family(make(), {}, _BY_PERPLEXITY if name == "open_ended" else "")
    inputs = {} if tests is None else {"tests": read_tests(tests)}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        task = make(sandbox=sandbox or "auto", show_failures=show_failures)
    check_inputs(task, inputs)
    said = " ".join(str(one.message) for one in warned)
    return Family(task, inputs, "" if inputs else _WITHOUT, said)
