"""The family of a question, made of the options of `cope solve`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

from cope_graph.cli.tests_file import read_tests
from cope_graph.environment import task_named
from cope_graph.errors import InputError
from cope_graph.stages.inputs import check_inputs
from cope_graph.tasks import Task

_WITHOUT: Final = (
    "Without --tests, candidates that do the same on made-up inputs agree; they may be wrong "
    "together."
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


def family_of(name: str, *, tests: str | None, sandbox: str | None, show_failures: bool) -> Family:
    """Make the task that was asked for.

    Raises:
        InputError: There is no such task, its tests cannot be read, or it takes none.
        SandboxSetupError: There is no sandbox for code.
    """
    make = task_named(name)
    if name != "code":
        given = {"--tests": tests, "--sandbox": sandbox, "--show-failures": show_failures}
        options = [option for option, value in given.items() if value]
        if options:
            msg = f"The {name} task runs no code: leave out {', '.join(options)}, or --task code."
            raise InputError(msg)
        return Family(make(), {})
    inputs = {} if tests is None else {"tests": read_tests(tests)}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        task = make(sandbox=sandbox or "auto", show_failures=show_failures)
    check_inputs(task, inputs)
    said = " ".join(str(one.message) for one in warned)
    return Family(task, inputs, "" if inputs else _WITHOUT, said)
