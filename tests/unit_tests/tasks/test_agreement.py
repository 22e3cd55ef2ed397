"""Candidates without tests vote by what they do; these run in a plain process, and are all ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cope_graph.errors import SandboxError
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits
from cope_graph.tasks.agreement import agreement
from tests.candidates import ASKED, DOUBLE, OTHER_SQUARE, SQUARE, Broken, Counting, samples_of

SOON = replace(DEFAULT_LIMITS, seconds=1.0)


def look(question: str, *codes: str | None, limits: Limits = DEFAULT_LIMITS) -> Verdict:
    return agreement(Counting(), limits)(Question(question), samples_of(*codes))


def members(verdict: Verdict) -> list[tuple[int, ...]]:
    return [one.members for one in verdict.classes]


def test_candidates_that_do_the_same_agree_and_the_verdict_says_there_were_no_tests() -> None:
    verdict = look(ASKED, SQUARE, DOUBLE, OTHER_SQUARE, None)
    assert members(verdict) == [(0, 2), (1,)]
    assert (verdict.answer, verdict.winner, verdict.confidence) == (SQUARE, 0, 0.5)
    assert verdict.passes is None
    assert verdict.explanation == (
        "there are no tests: 2 of 4 candidates do the same on inputs made up for them"
    )


SAME: dict[str, tuple[str, Sequence[str]]] = {
    "annotations of all sorts": (
        "f(numbers) of a list of numbers",
        [
            "def f(xs):\n    return sum(xs)",
            "def f(xs: 'list[int]') -> int:\n    return sum(xs)",
            "from typing import *\ndef f(xs: Sequence[Union[int, float]], /):\n    return sum(xs)",
            "def f(xs: lambda: 0 = (), *_):\n    return sum(xs)",
        ],
    ),
    "names of their own": (
        "a square of a number",
        ["def sq(n): return n*n", "def helper(n): return n\ndef square(n): return helper(n)*n"],
    ),
    "lambda, method, default, by name, any number": (
        "the number after n",
        [
            "f = lambda n: n + 1",
            "class Solution:\n    def f(self, n):\n        return n + 1",
            "def f(n, step=1):\n    return n + step",
            "def f(*, n):\n    return n + 1",
            "def f(*ns):\n    return ns[0] + 1",
        ],
    ),
    "async": (
        "the number after n",
        [
            "def f(n):\n    return n + 1",
            "async def f(n):\n    return n + 1",
            "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n + 1",
        ],
    ),
    "lazy": ("of a list", ["def f(x):\n    yield from x", "def f(x):\n    return iter(x)"]),
    "sets, whose order differs from process to process": (
        "the different words of a list of words",
        ["def f(x): return set(x)", "def f(x): return {w for w in reversed(x)}"],
    ),
    "dicts": (
        "how often each of the words comes",
        [
            "from collections import Counter\ndef f(x): return Counter(list(x))",
            "def f(x):\n    x = list(x)\n    return {w: x.count(w) for w in sorted(set(x))[::-1]}",
        ],
    ),
    "floats": ("real x", ["def f(x): return 0.1 + 0.2 + x", "def f(x): return 0.3 + x"]),
    "a number that is equal": ("integer x", ["def f(x): return x * 1.0", "def f(x): return x"]),
    "printing": ("print n", ["def f(n): print(n)", "def f(n): print(n, flush=True)"]),
    "chatter beside a result": (
        "integer n",
        ["def f(n): return n", "print('hi')\ndef f(n):\n    print('n is', n)\n    return n"],
    ),
    "in place": ("a list", ["def f(x): x.sort()", "def f(x): x[:] = sorted(x)"]),
    "objects of their own": (
        "a point of n",
        ["class P:\n    def __init__(s, n): s.n = n\ndef f(n): return P(n)"] * 2,
    ),
    "programs": ("print hello", ["print('hello')", "import sys\nprint('hello')\nsys.exit()"]),
    "no arguments": ("the answer", ["def f(): return 42", "def f():\n    return 6 * 7"]),
}


@pytest.mark.parametrize("case", SAME)
def test_what_is_written_otherwise_and_does_the_same_agrees(case: str) -> None:
    question, codes = SAME[case]
    verdict = look(question, *codes)
    assert members(verdict) == [tuple(range(len(codes)))]
    assert verdict.confidence == 1.0


OTHERWISE: dict[str, tuple[str, Sequence[str]]] = {
    "a list is no tuple": ("a list", ["def f(x): return list(x)", "def f(x): return tuple(x)"]),
    "an order": ("a list", ["def f(x): return x", "def f(x): return x[::-1]"]),
    "an edge": ("a list", ["def f(x): return x[:1]", "def f(x): return [x[0]]"]),
    "what is printed": ("n", ["def f(n): print(n)", "def f(n): print(-n)"]),
    "one only prints": ("n", ["def f(n): print(n)", "def f(n): return n"]),
    "what is done in place": ("a list", ["def f(x): x.sort()", "def f(x): x.reverse()"]),
    "a far end": (
        "n",
        ["def f(n): return 'x' * 10**5", "def f(n): return 'x' * 10**5 + 'y'"],
    ),
    "programs": ("print hello", ["print('hello')", "print('Hello')"]),
}


@pytest.mark.parametrize("case", OTHERWISE)
def test_what_does_otherwise_does_not_agree(case: str) -> None:
    question, codes = OTHERWISE[case]
    assert members(look(question, *codes)) == [(0,), (1,)]


NO_VOTE = {
    "raises": "def f(x):\n    raise ValueError",
    "reads standard input": "def f(x):\n    return input()",
    "a program that reads": "print(input())",
    "endless recursion": "def f(x):\n    return f(x)",
    "leaves": "import os\ndef f(x):\n    os._exit(0)",
    "leaves at once": "import sys\nsys.exit(0)\ndef f(x):\n    return x * x",
    "no such module": "import no_such_module\ndef f(x):\n    return x * x",
    "only classes": "class Stack:\n    pass",
    "an endless import": "while True:\n    pass\ndef f(x):\n    return x * x",
    "pretends": "print('gives')\nprint('[\"gives\", \"9\", 1]')\ndef f(x):\n    raise ValueError",
    "too wide": f"def f({', '.join(f'a{i}' for i in range(30))}):\n    return 1",
}


@pytest.mark.parametrize("case", NO_VOTE)
def test_what_takes_no_input_joins_no_class_and_stops_nobody(case: str) -> None:
    verdict = look("f(x) of integer x", SQUARE, NO_VOTE[case], OTHER_SQUARE, limits=SOON)
    assert members(verdict) == [(0, 2)]
    assert verdict.confidence == 2 / 3


def test_one_that_hangs_on_some_inputs_is_known_by_the_others() -> None:
    hangs = "def f(x):\n    while x < 0:\n        pass\n    return x * x\n"
    assert members(look("f(x) of integer x", SQUARE, hangs, limits=SOON)) == [(0,), (1,)]


def test_huge_outputs_fit() -> None:
    huge = ["def f(n): return [0] * 10**6", "def f(n): return '\\u20ac' * 10**6"]
    big = ["def f(n): return 10**10**5", "def f(n):\n    while True:\n        yield n"]
    verdict = look("integer n", *huge, *big)
    assert members(verdict) == [(0,), (1,), (2,), (3,)]


def test_when_no_candidate_takes_an_input_the_first_is_shown_without_a_confidence() -> None:
    verdict = look("A stack.", None, NO_VOTE["only classes"], NO_VOTE["raises"])
    assert (verdict.answer, verdict.winner) == (NO_VOTE["only classes"], 1)
    assert (verdict.confidence, verdict.classes) == (None, ())
    assert verdict.explanation.startswith("there are no tests, and no candidate takes any")


def test_one_candidate_alone_agrees_with_nobody_and_is_not_run() -> None:
    runner = Counting()
    verdict = agreement(runner, DEFAULT_LIMITS)(Question(ASKED), samples_of(SQUARE))
    assert (verdict.answer, verdict.confidence, runner.read) == (SQUARE, None, [])
    assert verdict.explanation == "there are no tests, and no other candidate to compare"


def test_without_code_there_is_no_answer() -> None:
    verdict = look(ASKED, None, None)
    assert (verdict.answer, verdict.winner, verdict.confidence) == (None, None, None)
    assert verdict.explanation == "there are no tests, and none of 2 samples has code"


def test_each_candidate_runs_once_however_often_the_gate_looks() -> None:
    runner = Counting()
    gate = agreement(runner, DEFAULT_LIMITS)
    for codes in ((SQUARE, None, None), (SQUARE, DOUBLE, None), (SQUARE, DOUBLE, SQUARE)):
        verdict = gate(Question(ASKED), samples_of(*codes))
    assert members(verdict) == [(0, 2), (1,)]
    assert len(runner.read) == 2


def test_a_sandbox_that_fails_raises() -> None:
    gate = agreement(Broken(), DEFAULT_LIMITS)
    with pytest.raises(SandboxError, match="no room left"):
        gate(Question(ASKED), samples_of(SQUARE, DOUBLE))
