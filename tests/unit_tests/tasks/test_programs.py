"""Programs as samples: what they are asked, how they run, what counts as their answer."""

from __future__ import annotations

from threading import Lock
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from cope_graph import tasks
from cope_graph.errors import InputError, SandboxError, SandboxSetupError
from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.runner import DEFAULT_LIMITS, CodeRunner, Limits, Ran
from cope_graph.tasks import MATH_PROMPTS, Plan
from cope_graph.tasks.programs import Programs
from tests.candidates import Broken, fenced
from tests.unit_tests.sandbox.conftest import BACKENDS

QUESTION = "What is half of {seven}?"
GOAL, GUIDELINE = Plan("goal", "Find 7 / 2."), Plan("guideline", "Divide.")


class Listed:
    """Runs nothing: gives what each program is listed with, and counts."""

    name = "listed"

    def __init__(self, **ran: Ran) -> None:
        self.ran, self.programs = ran, list[str]()
        self._lock = Lock()

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:  # noqa: ARG002
        with self._lock:
            self.programs.append(program)
        return self.ran[program.strip().removesuffix("()")]


def ran(stdout: str = "", *, code: int | None = 0, stderr: str = "", **more: str) -> Ran:
    how: dict[str, str] = {"status": "ended", "reason": "", **more}
    return Ran(exit_code=code, stdout=stdout, stderr=stderr, truncated=False, seconds=0.1, **how)  # type: ignore[arg-type]


def programs(sandbox: CodeRunner, limits: Limits = DEFAULT_LIMITS) -> Programs:
    made = tasks.math(programs=1, sandbox=sandbox, limits=limits).programs
    assert made is not None
    return made


def test_the_program_prompts(snapshot: SnapshotAssertion) -> None:
    asked = programs(Listed()).prompts
    assert {
        "execute": asked.executor(QUESTION),
        "execute with goal": asked.executor(QUESTION, [GOAL]),
        "execute with goal and guideline": asked.executor(QUESTION, [GOAL, GUIDELINE]),
    } == snapshot
    assert asked.planner("goal", QUESTION) == MATH_PROMPTS.planner("goal", QUESTION)


def test_a_task_without_programs_needs_no_sandbox() -> None:
    task = tasks.math(programs=0, sandbox="no such")  # type: ignore[arg-type]
    assert (task.programs, task.prompts) == (None, MATH_PROMPTS)
    with pytest.raises(InputError, match="no sandbox is called 'no such'"):
        tasks.math(programs=1, sandbox="no such")  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [-1, True, 2.0, "2", None])
def test_a_number_of_programs_that_is_none_is_refused(given: int) -> None:
    with pytest.raises(InputError, match="from 0 to n, not"):
        tasks.math(programs=given, sandbox=Listed())


def test_programs_stand_beside_words_alone() -> None:
    task = tasks.math(programs=1, sandbox=Listed())
    with pytest.raises(InputError, match="leave them out of a task with log_probs"):
        tasks.Task("own", task.prompts, task.read, task.gate, schema={}, programs=task.programs)


def test_what_does_not_end_well_has_no_answer_and_says_why() -> None:
    sandbox = Listed(
        good=ran("1\n72\n"),
        fails=ran("72", code=1, stderr="Traceback\nNameError: x\n"),
        silent=ran(),
        slow=ran("72", code=None, status="timeout"),
        greedy=ran("72", code=None, status="killed", reason="more memory than 512 MiB"),
    )
    replies = [fenced(f"{name}()\n") for name in sandbox.ran]
    found = programs(sandbox, Limits(seconds=2)).run([*replies, "no code at all", ""])
    assert [(answer, one["status"], one["message"]) for answer, one in found] == [
        ("72", "printed", ""),
        (None, "failed", "exit code 1: NameError: x"),
        (None, "silent", "it printed no answer"),
        (None, "timeout", "not done within 2 s"),
        (None, "killed", "more memory than 512 MiB"),
        (None, "no_code", "the reply holds no program"),
        (None, "no_code", "the reply holds no program"),
    ]


def test_each_different_program_runs_once_however_often_it_is_looked_at() -> None:
    sandbox = Listed(one=ran("1"), two=ran("2"))
    asked, replies = programs(sandbox), [fenced("one()\n"), fenced("two()\n"), fenced("one()\n")]
    for _ in range(3):
        assert [answer for answer, _ in asked.run(replies)] == ["1", "2", "1"]
    assert sorted(sandbox.programs) == ["one()\n", "two()\n"]


def test_what_a_program_says_of_its_end_is_kept_short() -> None:
    sandbox = Listed(loud=ran(code=1, stderr="E" * 10_000))
    ((_, found),) = programs(sandbox).run([fenced("loud()\n")])
    assert len(found["message"]) == 200


def test_a_sandbox_that_fails_says_nothing_of_a_program() -> None:
    with pytest.raises(SandboxError, match="no room left"):
        programs(Broken()).run([fenced("print(1)\n")])


def test_no_program_needs_no_run() -> None:
    assert programs(Broken()).run(["words alone"]) == [
        (None, {"status": "no_code", "message": "the reply holds no program"})
    ]
    assert programs(Broken()).run([]) == []


WORKS = "from fractions import Fraction\ntotal = Fraction(1, 3) + Fraction(1, 6)\nprint(total)\n"
SPINS = "print(7)\nwhile True:\n    pass\n"
CALLS = "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)\nprint(7)\n"
READS = f"print(open({__file__!r}).read() and 7)\n"
ASKS = "print(int(input()) + 1)\n"


@pytest.mark.parametrize("name", BACKENDS)
def test_a_real_sandbox_gives_the_answer_and_nothing_else(name: Any) -> None:
    try:
        runner = code_runner(name)
    except SandboxSetupError as error:
        pytest.skip(str(error))
    found = programs(runner, Limits(seconds=3)).run(
        [fenced(code) for code in (WORKS, SPINS, CALLS, READS, ASKS)]
    )
    assert [answer for answer, _ in found] == ["1/2", None, None, None, None]
    assert [one["status"] for _, one in found][:2] == ["printed", "timeout"]
