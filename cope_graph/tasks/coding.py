"""Code: candidates run in a sandbox, and the question's tests are the gate."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from cope_graph.gates.tests import Trial, by_tests
from cope_graph.gates.verdict import Gate, Question
from cope_graph.sandbox.choose import SandboxName, code_runner
from cope_graph.sandbox.parse import check_compiles, parse
from cope_graph.sandbox.runner import DEFAULT_LIMITS, CodeRunner, Guarded, Limits
from cope_graph.sandbox.verdicts import AssertTest, IOTest, Test, judge
from cope_graph.tasks.agreement import agreement
from cope_graph.tasks.code_blocks import read_code
from cope_graph.tasks.once import once
from cope_graph.tasks.task import Prompts, Task

_MOST_TESTS: Final = 100
_MOST_CHARACTERS: Final = 200_000
PROMPTS: Final = Prompts(
    goal=(
        "{question}\n\n"
        'What has to be written here? Answer in one sentence that starts with "Write" and names '
        "what goes in, what comes out, and the special cases. Write no code."
    ),
    guideline=(
        "{question}\n\n"
        'How would you go about this? Answer in one or two sentences that start with "First" and '
        "name the steps in words. Write no code."
    ),
    execute=(
        "{question}\n\n{plan}"
        "Write the solution in Python. Reply with one ```python code block that holds all of it, "
        "its imports too, and nothing after it."
    ),
    with_goal="{goal}\n\n",
    with_guideline="{guideline}\n\n",
)


class IOPair(TypedDict):
    """A test of a program: what it reads and what it has to print."""

    stdin: str
    stdout: str


def _are_usable(tests: list[str | IOPair]) -> list[str | IOPair]:
    if sum(map(_size, tests)) > _MOST_CHARACTERS:
        msg = f"the tests have more than {_MOST_CHARACTERS:,} characters in all: pass fewer"
        raise ValueError(msg)
    for number, test in enumerate(tests, 1):
        if not isinstance(test, str):
            _check_text(number, test)
            continue
        try:
            tree = parse(test)
            check_compiles(test)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            msg = f"test {number} is no Python ({error}): pass source such as 'assert f(3) == 9'"
            raise ValueError(msg) from error
        if not tree.body:
            msg = f"test {number} is empty: pass source such as 'assert f(3) == 9'"
            raise ValueError(msg)
        if all(map(_is_idle, tree.body)):
            msg = (
                f"test {number} checks nothing: write 'assert f(3) == 9', and call the functions "
                "that it defines"
            )
            raise ValueError(msg)
    return tests


def _size(test: str | IOPair) -> int:
    return len(test) if isinstance(test, str) else len(test["stdin"]) + len(test["stdout"])


def _is_idle(node: ast.stmt) -> bool:
    """Tell whether a statement can fail no candidate: a definition, an import, a comparison."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Compare | ast.Constant)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    return isinstance(node, kinds)


def _check_text(number: int, pair: IOPair) -> None:
    try:
        f"{pair['stdin']}{pair['stdout']}".encode()
    except UnicodeEncodeError:
        msg = f"test {number} holds half a character (a lone surrogate), which is no text"
        raise ValueError(msg) from None


class CodeInputs(TypedDict):
    """What the code task asks for beside the messages."""

    tests: Annotated[list[str | IOPair], Field(max_length=_MOST_TESTS), AfterValidator(_are_usable)]
    """The visible tests: Python source with asserts, or pairs of input and output."""


def code(
    *,
    sandbox: SandboxName | CodeRunner = "auto",
    limits: Limits = DEFAULT_LIMITS,
    show_tests: bool = True,
    show_failures: bool = False,
) -> Task:
    """Make the code task: the gate runs each candidate against the tests under input key `tests`.

    One that passes all of them is the answer, drawn by lot (paper, section 4.1). Without tests,
    candidates are called on inputs made up here, and those that give the same outputs agree.

    Example:
        ```python
        graph = create_cope(small, large, task=tasks.code()).compile()
        graph.invoke({"messages": [("user", "Write f(x), the square of x.")],
                      "tests": ["assert f(3) == 9"]})
        ```

    Args:
        sandbox: Where candidates run: `"auto"`, a name, or a `CodeRunner` of yours.
        limits: What a candidate may use.
        show_tests: Whether models see the tests. Tests that they must not see are not for this
            graph: keep them to measure its answers.
        show_failures: Whether later stages are told how the best candidate failed (not in the
            paper).

    Raises:
        SandboxSetupError: There is no sandbox here; it names each one's reason.
        InputError: There is no sandbox of that name.
    """
    runner = Guarded(code_runner(sandbox))
    # A result is kept: the gate looks at the same candidates again and again.
    trial: Trial = once(lambda candidate, tests: judge(runner, candidate, tests, limits))
    gate = by_tests(trial, given_tests, agreement(runner, limits))
    return Task(
        name="code",
        prompts=PROMPTS,
        read=read_code,
        gate=gate,
        inputs=CodeInputs,
        show=with_tests if show_tests else text_alone,
        learn=partial(_lesson, gate, trial) if show_failures else None,
    )


def given_tests(question: Question) -> tuple[Test, ...]:
    """Read a question's tests."""
    given: Sequence[str | Mapping[str, Any]] = question.inputs.get("tests") or ()
    return tuple(
        AssertTest(test) if isinstance(test, str) else IOTest(test["stdin"], test["stdout"])
        for test in given
    )


def text_alone(question: Question) -> str:
    """Show models no test."""
    return question.text


def with_tests(question: Question) -> str:
    """Show models the tests below the question."""
    tests = given_tests(question)
    if not tests:
        return question.text
    shown = "\n".join(_words(test) for test in tests)
    return f"{question.text}\n\nThe solution has to pass:\n{shown}"


def _words(test: Test) -> str:
    if isinstance(test, AssertTest):
        return test.code.strip()
    return f"Input:\n{test.stdin.rstrip()}\nOutput:\n{test.stdout.rstrip()}"


def _lesson(gate: Gate, trial: Trial, question: Question, samples: Sequence[Any]) -> str | None:
    """Say how the best candidate of a stage failed."""
    tests, best = given_tests(question), gate(question, samples).answer
    if not tests or best is None:
        return None
    failures = trial(best, tests).failures
    said = "\n".join(f"- test {one.test + 1}: {one.message}" for one in failures[:3])
    return f"An earlier attempt failed:\n{said}" if failures else None
