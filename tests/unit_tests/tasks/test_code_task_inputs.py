"""Tests that are none, and candidates that no model should write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cope_graph.errors import InputError
from cope_graph.sandbox.runner import DEFAULT_LIMITS
from tests.candidates import DOUBLE, SQUARE, TESTS, fenced
from tests.unit_tests.conftest import Runner
from tests.unit_tests.tasks.coding import Cope, free, given

SOON = replace(DEFAULT_LIMITS, seconds=1.0)


@pytest.mark.parametrize(
    ("tests", "sentence"),
    [
        (["assert f("], r"tests: .*test 1 is no Python \('\(' was never closed"),
        ([*TESTS, "assert f(3) = 9"], "test 3 is no Python"),
        (["assert f('\x00')"], "test 1 is no Python"),
        (["(" * 5_000], "test 1 is no Python"),
        (["-" * 100_000 + "1"], "test 1 is no Python"),
        ([""], "test 1 is empty"),
        (["  \n"], "test 1 is empty"),
        (["# later"], "test 1 is empty"),
        ("assert f(3) == 9", "tests: Input should be a valid list"),
        ({"stdin": "3"}, "tests: Input should be a valid list"),
        ([3], "tests.0"),
        ([None], "tests.0"),
        ([b"assert f(3)"], "tests.0"),
        ([{"stdin": "3"}], "tests.0.*stdout: Field required"),
        ([{"stdin": 3, "stdout": "9"}], "tests.0"),
        (["assert f('\ud800')"], "test 1 is no Python"),
        ([{"stdin": "\ud800", "stdout": "9"}], "test 1 holds half a character"),
        (["def test_f():\n    assert f(3) == 9"], "test 1 checks nothing"),
        (["f(3) == 9"], "test 1 checks nothing"),
        (["return f(3) == 9"], "test 1 is no Python"),
        (["assert f(" + "1" * 200_001 + ")"], "more than 200,000 characters"),
        ([{"stdin": "1" * 200_001, "stdout": ""}], "more than 200,000 characters"),
        (["assert True"] * 101, "tests: List should have at most 100 items"),
    ],
)
def test_tests_that_are_none_are_refused_before_any_model_is_asked(
    both: Runner, tests: Any, sentence: str
) -> None:
    cope = Cope([], [], free())
    with pytest.raises(InputError, match=f"The code task cannot use its input.*{sentence}"):
        both(cope.graph, given(tests))
    assert cope.small.calls == cope.large.calls == []
    assert cope.runner.read == []


@pytest.mark.parametrize("tests", [None, []])
def test_no_tests_and_an_empty_list_are_the_same(both: Runner, tests: Any) -> None:
    cope = Cope([fenced(SQUARE)] * 3, [], free())
    out = both(cope.graph, given(tests))
    assert out["reason"].startswith("there are no tests: 3 of 3 candidates do the same")


def test_an_odd_escape_in_a_test_is_no_fault_of_it(both: Runner) -> None:
    cope = Cope([fenced("def f(x):\n    return '\\d'\n")] * 3, [], free())
    assert both(cope.graph, given(["assert f(1) == '\\d'"]))["accepted"] is True


HOSTILE = {
    "leaves before its tests": "import os\nos._exit(0)\ndef f(x): return 9\n",
    "leaves in its tests": "import os\ndef f(x):\n    os._exit(0)\n",
    "raises SystemExit": "def f(x):\n    raise SystemExit(0)\n",
    "redefines assert's error": "AssertionError = KeyError\ndef f(x): return x + x\n",
    "redefines what reports": "import builtins\nbuiltins.exec = print\ndef f(x): return x + x\n",
    "prints what a pass may look like": "print('passed', 0)\ndef f(x): return x + x\n",
    "reads what is left of its input": (
        "import sys\nsaid = sys.stdin.read()\nprint(said)\ndef f(x): return x + x\n"
    ),
    "an endless import": "while True:\n    pass\n",
    "sleeps": "import time\ntime.sleep(60)\ndef f(x): return x * x\n",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_candidate_that_plays_tricks_does_not_pass_and_stops_nobody(case: str) -> None:
    cope = Cope([fenced(HOSTILE[case]), fenced(SQUARE), fenced(DOUBLE)], [], free(), limits=SOON)
    out = cope.graph.invoke(given(TESTS))
    assert (out["answer"], out["confidence"], out["accepted"]) == (SQUARE, 1 / 3, True)


def test_one_that_is_out_of_time_is_told_from_one_that_fails(both: Runner) -> None:
    codes = [fenced(code) for code in (HOSTILE["an endless import"], DOUBLE)]
    cope = Cope([*codes, "no code"], [fenced(SQUARE)], free(), limits=SOON)
    out = both(cope.graph, given(TESTS))
    assert out["visits"][0]["reason"] == (
        "0 of 3 candidates pass all 2 tests (1 failed, 1 timeout, 1 without code)"
    )


def test_a_candidate_of_100_kb_runs() -> None:
    cope = Cope([fenced(SQUARE + "# more\n" * 14_000)] * 3, [], free())
    out = cope.graph.invoke(given(TESTS))
    assert (out["accepted"], len(out["answer"]) > 98_000) == (True, True)


def test_a_reply_of_two_blocks_is_its_first_that_defines_something() -> None:
    use = "```python\nprint(f(3))\n```\n"
    cope = Cope([use + fenced(SQUARE), fenced(DOUBLE) + fenced(SQUARE), "no"], [], free())
    out = cope.graph.invoke(given(TESTS))
    assert (out["answer"], out["confidence"]) == (SQUARE, 1 / 3)


def test_a_reply_that_was_cut_off_has_no_code() -> None:
    cope = Cope([f"cut:{fenced(SQUARE)}", fenced(DOUBLE), "no"], [fenced(SQUARE)], free())
    out = cope.graph.invoke(given(TESTS))
    assert out["visits"][0]["reason"].endswith("(1 failed, 2 without code)")


def test_pairs_of_input_and_output_run_the_candidate_as_a_program(both: Runner) -> None:
    pairs = [{"stdin": "3\n", "stdout": "9\n"}, {"stdin": "-2", "stdout": "4"}]
    right = "x = int(input())\nprint(x * x)\n"
    cope = Cope([fenced(right), fenced(right.replace("*", "+")), "no"], [], free())
    out = both(cope.graph, given(pairs))
    assert (out["answer"], out["confidence"]) == (right, 1 / 3)
