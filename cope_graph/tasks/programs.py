"""Samples that are programs: a sandbox runs them, and what they print last is their answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from cope_graph.errors import InputError
from cope_graph.sandbox.choose import SandboxName, code_runner
from cope_graph.sandbox.runner import CodeRunner, Guarded, Limits, Ran
from cope_graph.tasks.code_blocks import read_code
from cope_graph.tasks.once import once
from cope_graph.tasks.printed import read_printed
from cope_graph.tasks.task import Prompts

if TYPE_CHECKING:
    from cope_graph.state import Program, ProgramStatus

Ended = tuple[str | None, "Program"]
"""The answer of a program, `None` without one, and what became of it."""

EXECUTE: Final = (
    "{question}\n\n{plan}"
    "Write a short Python program that works out the answer. Reply with one ```python code block "
    "and nothing after it. The program reads no input and imports nothing but the standard "
    "library. At its end it prints the final answer by itself, without words or units."
)
_CHARACTERS: Final = 200  # of a message


@dataclass(frozen=True)
class Programs:
    """Which samples of a small stage are programs, and how they are read.

    Attributes:
        k: How many of the stage's n samples.
        prompts: Whose `execute` asks for a program.
        run: Runs the programs in replies, side by side, and gives what became of each. It
            blocks, and keeps its results, since it is asked again while samples come in.
    """

    k: int
    prompts: Prompts
    run: Callable[[Sequence[str]], list[Ended]]


def program_samples(
    k: int, prompts: Prompts, *, sandbox: SandboxName | CodeRunner, limits: Limits
) -> Programs:
    """Make samples that are programs.

    Args:
        k: How many of a small stage's n samples.
        prompts: The task's own; plans stand in them the same way.
        sandbox: Where programs run, as `tasks.code` takes it.
        limits: What a program may use.

    Raises:
        InputError: k is no number of samples, or there is no sandbox of that name.
        SandboxSetupError: There is no sandbox here; it names each one's reason.
    """
    given: object = k  # a caller without types may pass anything
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        msg = f"programs says how many of the n samples are programs, from 0 to n, not {k!r:.60}."
        raise InputError(msg)
    runner = Guarded(code_runner(sandbox))
    trial = once(lambda code: ended(runner.run(code, limits=limits), limits))
    return Programs(k, replace(prompts, execute=EXECUTE), partial(_run, trial))


def _run(trial: Callable[[str], Ended], replies: Sequence[str]) -> list[Ended]:
    """Run each different program once, as many side by side as there are cores."""
    codes = [read_code(reply) for reply in replies]
    different = list(dict.fromkeys(code for code in codes if code is not None))
    found: dict[str | None, Ended] = {None: _without("no_code", "the reply holds no program")}
    if different:
        with ThreadPoolExecutor(min(len(different), os.cpu_count() or 1)) as pool:
            found |= zip(different, pool.map(trial, different), strict=True)
    return [found[code] for code in codes]


def ended(ran: Ran, limits: Limits) -> Ended:
    """Read the answer of a program that ran: the last line it printed, if it ended well."""
    if ran.status == "timeout":
        return _without("timeout", f"not done within {limits.seconds:g} s")
    if ran.status == "killed":
        return _without("killed", ran.reason)
    if ran.exit_code:
        last = ran.stderr.strip().rsplit("\n", 1)[-1]
        return _without("failed", f"exit code {ran.exit_code}: {last}")
    answer = read_printed(ran.stdout)
    if answer is None:
        return _without("silent", "it printed no answer")
    return answer, {"status": "printed", "message": ""}


def _without(status: ProgramStatus, message: str) -> Ended:
    return None, {"status": status, "message": message[:_CHARACTERS]}
