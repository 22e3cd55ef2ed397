"""Judges a candidate: which tests it passes, in a sandbox."""

from __future__ import annotations

import ast
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cope_graph.errors import InputError
from cope_graph.sandbox.asserts import telling
from cope_graph.sandbox.harness import HARNESS, payload
from cope_graph.sandbox.runner import DEFAULT_LIMITS, CodeRunner, Limits, Ran

MAX_MESSAGE: Final = 500
"""A failed test's message is no longer, in characters."""


@dataclass(frozen=True, slots=True)
class AssertTest:
    """Python source that fails by raising: `assert double(2) == 4`, or lines that end so."""

    code: str


@dataclass(frozen=True, slots=True)
class IOTest:
    """What a program must write to standard output when it reads `stdin`.

    White space at the ends of lines, and empty lines at the end, do not count.
    """

    stdin: str
    stdout: str


Test = AssertTest | IOTest
"""A test of a candidate."""

Status = Literal["passed", "failed", "timeout", "killed"]
"""Of a candidate, or of a test that it did not pass."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that a candidate did not pass."""

    test: int
    """Its place among the tests, from 0."""
    status: Status
    message: str
    """Why, on one line as a rule; the candidate's own words may be in it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tests say of a candidate.

    A sandbox that fails is no outcome: it raises.
    """

    status: Status
    """`passed` only if every test did."""
    failures: tuple[Failure, ...] = ()
    seconds: float = 0.0
    """Wall-clock time of all runs."""


def judge(
    runner: CodeRunner, candidate: str, tests: Sequence[Test], limits: Limits = DEFAULT_LIMITS
) -> Outcome:
    """Run a candidate's tests.

    All asserts run in one process, as a module called `candidate`; one that fails does not hide
    the others. Each pair of input and output is a run of its own, as `__main__`, and must end with
    exit code 0; after one that ran out of time the rest is not tried.

    Args:
        runner: The sandbox.
        candidate: Source of a Python program or module. Need not parse.
        tests: At least one.
        limits: Of each run.

    Returns:
        Whether it passed, and what it did not pass.

    Raises:
        InputError: If there is no test, or one does not parse.
        SandboxError: If the sandbox failed.
    """
    if not tests:
        msg = "a candidate cannot be judged without tests: give at least one"
        raise InputError(msg)
    asserts = {at: test for at, test in enumerate(tests) if isinstance(test, AssertTest)}
    codes = [telling(test.code, at + 1) for at, test in asserts.items()]
    failures: list[Failure] = []
    seconds = 0.0
    if asserts:
        failures, seconds = _judge_asserts(
            runner, candidate, dict(zip(asserts, codes, strict=True)), limits
        )
    stopped: Status | None = next((one.status for one in failures if one.status != "failed"), None)
    for at, test in enumerate(tests):
        if isinstance(test, AssertTest):
            continue
        if stopped is not None:
            failures.append(Failure(at, stopped, "not tried: an earlier test was ended"))
            continue
        ran = runner.run(candidate, stdin=test.stdin, limits=limits)
        seconds += ran.seconds
        if wrong := _compare(ran, test, limits):
            status: Status = "failed" if ran.status == "ended" else ran.status
            failures.append(Failure(at, status, wrong))
            stopped = None if status == "failed" else status
    failures.sort(key=lambda failure: failure.test)
    return Outcome(_overall(failures), tuple(failures), seconds)


def _overall(failures: Sequence[Failure]) -> Status:
    """Return the gravest: who is killed or runs out of time did not just fail a test."""
    found = {failure.status for failure in failures}
    gravest: tuple[Status, ...] = ("killed", "timeout", "failed")
    return next((status for status in gravest if status in found), "passed")


def _judge_asserts(
    runner: CodeRunner, candidate: str, codes: dict[int, str], limits: Limits
) -> tuple[list[Failure], float]:
    keys = [secrets.token_hex(16) for _ in range(len(codes) + 1)]
    stdin = payload(keys, candidate, list(codes.values()))
    ran = runner.run(HARNESS, stdin=stdin, limits=limits)
    said = _read(ran.stdout, keys)
    broken = said.get(keys[0])
    failures = []
    for at, key in zip(codes, keys[1:], strict=True):
        message = broken or said.get(key)
        if message is None:
            status: Status = "failed" if ran.status == "ended" else ran.status
            failures.append(Failure(at, status, _cut_short(ran, limits)))
        elif message:
            failures.append(Failure(at, "failed", _bounded(message)))
    return failures, ran.seconds


def _read(stdout: str, keys: list[str]) -> dict[str, str]:
    """Return what the harness said under each key; lines without a key are the candidate's."""
    known = set(keys)
    said = {}
    for line in stdout.split("\n"):
        key, _, words = line.partition(" ")
        if key in known:
            try:
                said[key] = str(ast.literal_eval(words))
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                said[key] = "its result could not be read"
    return said


def _cut_short(ran: Ran, limits: Limits) -> str:
    if ran.status == "timeout":
        return f"not done within {limits.seconds:g} s"
    if ran.status == "killed":
        return f"killed: {ran.reason}"
    return f"the program ended early (exit code {ran.exit_code}), before this test was done"


def _compare(ran: Ran, test: IOTest, limits: Limits) -> str:
    """Return what is wrong with a run; empty if nothing."""
    if ran.status != "ended":
        return _cut_short(ran, limits)
    if ran.exit_code:
        last = ran.stderr.strip().rsplit("\n", 1)[-1]
        return _bounded(f"exit code {ran.exit_code}: {last}")
    wanted, got = _lines(test.stdout), _lines(ran.stdout)
    if got == wanted:
        return ""
    for number, (want, line) in enumerate(zip(wanted, got, strict=False), start=1):
        if want != line:
            return f"line {number} of the output is {line[:200]!r}, not {want[:200]!r}"
    return f"the output has {len(got)} lines, not {len(wanted)}"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _bounded(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
