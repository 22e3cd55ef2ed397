"""`cope solve --task code`: candidates of a loopback server, run in a real sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit_tests.cli.conftest import WRONG, Serve, f, solve


@pytest.mark.usefixtures("_sandbox")
def test_the_screen_shows_what_failed_what_passed_and_the_diff(
    serve: Serve, cope: Any, tests: str
) -> None:
    serve(WRONG)
    got = solve(cope, "--tests", tests)
    assert got.code == 0, got.err
    stage_1, _, rest = got.out.partition("stage 3  1 sample of l")
    assert [line.strip() for line in stage_1.splitlines()[1:]] == [
        "2 failed test 1: AssertionError: 3 == 9",
        "1 failed test 1: AssertionError: 6 == 9",
        "1 failed test 1: ZeroDivisionError: division by zero",
        "2 failed test 2: AssertionError: -2",
        "1 failed test 2: AssertionError: -4",
        "1 failed test 2: ZeroDivisionError: division by zero",
        "1 without code",
        "0 of 5 candidates pass all 2 tests (4 failed, 1 without code): hand_over",
    ]
    assert "█ 1  passed" in rest
    assert "\nAnswer  (stage 3, confidence 1)\ndef f(x):\n    return x * x\n\n" in rest
    assert "--- stage 1, its best\n+++ stage 3, the answer\n" in rest
    assert "+    return x * x\n" in rest


@pytest.mark.usefixtures("_sandbox")
def test_a_passing_candidate_of_stage_1_is_shown_and_no_diff(
    serve: Serve, cope: Any, tests: str
) -> None:
    server = serve([f("x"), f("x**2")])
    got = solve(cope, "--tests", tests, n=2)
    assert "█ 1  passed" in got.out
    assert "1 failed test 1: AssertionError: 3 == 9" in got.out
    assert "no answer" not in got.out
    assert "\ndef f(x):\n    return x**2\n" in got.out
    assert "---" not in got.out
    assert server.count == 1
    asked = server.requests[0].body["messages"][-1]["content"]
    assert "The solution has to pass:\nassert f(3) == 9\n" in asked


@pytest.mark.usefixtures("_sandbox")
def test_json_holds_tests_failures_and_diff_and_nothing_else_is_printed(
    serve: Serve, cope: Any, tests: str
) -> None:
    serve(WRONG)
    got = solve(cope, "--tests", tests, "--json")
    out = json.loads(got.out)
    assert out["answer"] == "def f(x):\n    return x * x\n"
    assert len(out["inputs"]["tests"]) == 2
    one = {"test": 1, "status": "failed", "message": "AssertionError: 3 == 9", "candidates": 2}
    first, last = out["visits"]
    assert first["failed"][0] == one
    assert first["failed"][-1] == {
        "test": None,
        "status": "no_code",
        "message": "",
        "candidates": 1,
    }
    assert (last["failed"], last["accepted"]) == ([], True)
    assert out["difference"].startswith("--- stage 1, its best\n+++ stage 3, the answer\n@@")
    assert got.err == ""


@pytest.mark.usefixtures("_sandbox")
@pytest.mark.parametrize("told", [False, True])
def test_show_failures_tells_the_large_model_how_the_best_failed(
    serve: Serve, cope: Any, tests: str, told: bool
) -> None:
    server = serve([f("x")])
    solve(cope, "--tests", tests, *(["--show-failures"] if told else []), n=1)
    asked = server.requests[-1].body
    assert asked["model"] == "l"
    assert ("test 1: AssertionError: 3 == 9" in asked["messages"][-1]["content"]) is told


@pytest.mark.usefixtures("_sandbox")
def test_pairs_of_input_and_output_are_tests_of_a_program(
    serve: Serve, cope: Any, tmp_path: Path
) -> None:
    path = tmp_path / "tests.json"
    path.write_text(json.dumps([{"stdin": "3\n", "stdout": "9\n"}]))
    serve(["```python\nprint(3)\n```", "```python\nprint(int(input()) ** 2)\n```"])
    got = solve(cope, "--tests", str(path), n=2)
    assert "1 failed test 1: line 1 of the output is '3', not '9'" in got.out
    assert "\nprint(int(input()) ** 2)\n" in got.out


@pytest.mark.usefixtures("_sandbox")
def test_without_tests_candidates_that_agree_win_and_it_is_said(serve: Serve, cope: Any) -> None:
    serve([f("x * x"), f("x ** 2"), f("x * x"), f("x * x"), f("x")])
    got = solve(cope)
    assert "Without --tests, candidates that do the same on made-up inputs agree" in got.out
    assert "████ 4  def f(x): return x * x" in got.out
    assert "there are no tests: 4 of 5 candidates do the same" in got.out
    assert "\ndef f(x):\n    return x * x\n" in got.out
    assert "Without" not in solve(cope, "--json").out


@pytest.mark.usefixtures("_sandbox")
def test_no_code_anywhere_is_an_error_with_its_bill(serve: Serve, cope: Any, tests: str) -> None:
    serve(["I cannot."], large="Nor can I.")
    got = solve(cope, "--tests", tests, n=3)
    assert got.code == 2
    assert "3 without code" in got.out
    assert "large_execute" in got.out
    assert "error:" in got.err


@pytest.mark.usefixtures("_sandbox")
def test_a_candidate_cannot_steer_the_terminal(serve: Serve, cope: Any, tests: str) -> None:
    evil = "```python\ndef f(x):\n    raise ValueError('\x1b]0;pwned\x07[red]\x1b[2J')\n```"
    serve([evil], large="```python\ndef f(x):\n    return x * x  # \x1b[2J [red] \u202e\n```")
    got = solve(cope, "--tests", tests, n=1)
    assert set(got.out) & {"\x1b", "\x07", "\u202e"} == set()
    assert r"    return x * x  # \x1b[2J [red] \u202e" in got.out
    assert "1 failed test 1: ValueError: ]0;pwned[red][2J" in got.out
