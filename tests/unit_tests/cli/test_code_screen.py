"""Tests, code and diffs on a terminal, whatever a model wrote."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cope_graph.cli.code_screen import difference_of, show_code, show_difference, show_tests
from cope_graph.state import FailedTest, Visit

OLD = "def f(x):\n    return x\n"
NEW = "def f(x):\n    return x * x\n"


def _visit(stage: Any, answer: str | None, *failed: FailedTest, passed: int = 0) -> Visit:
    return {
        "stage": stage,
        "model": "m",
        "samples": 8,
        "confidence": passed / 8,
        "threshold": None,
        "decision": "accept",
        "accepted": True,
        "reason": "",
        "answer": answer,
        "votes": [],
        "failed": [*failed],
        "input_tokens": 0,
        "output_tokens": 0,
        "usd": None,
    }


def _failed(test: int | None, status: Any, message: str = "", candidates: int = 1) -> FailedTest:
    return {"test": test, "status": status, "message": message, "candidates": candidates}


def _shown(show: Any, *given: Any, colours: bool = False) -> str:
    kind: Any = "standard" if colours else None
    console = Console(
        file=io.StringIO(), width=60, highlight=False, color_system=kind, force_terminal=colours
    )
    show(console, *given)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_each_way_to_fail_is_a_line_and_passes_are_a_bar() -> None:
    visit = _visit(
        1,
        NEW,
        _failed(1, "failed", "AssertionError: 3 == 9", 2),
        _failed(2, "timeout", "not done within 10 s"),
        _failed(2, "killed", "killed: more than 512 MiB"),
        _failed(None, "no_code"),
        passed=3,
    )
    assert [line.strip() for line in _shown(show_tests, visit).splitlines()] == [
        "███ 3  passed",
        "2 failed test 1: AssertionError: 3 == 9",
        "1 timed out in test 2: not done within 10 s",
        "1 was killed in test 2: more than 512 MiB",
        "1 without code",
    ]


def test_of_many_failures_the_screen_shows_the_first_and_counts_the_rest() -> None:
    visit = _visit(1, OLD, *(_failed(test, "failed", "no") for test in range(1, 21)))
    lines = _shown(show_tests, visit).splitlines()
    assert len(lines) == 13
    assert lines[-1].strip() == "and 8 more"


def test_code_is_shown_line_by_line_without_wrapping_or_markup() -> None:
    long = "x = '" + "a" * 100 + "'"
    assert _shown(show_code, f"{long}\n\n[red]\n\ty\r\n") == f"{long}\n\n[red]\n    y\n"


@pytest.mark.parametrize(
    ("hidden", "spelt"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;t\x07", r"\x1b]0;t\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\rb", r"a\rb"),
        ("\u202eabc", r"\u202eabc"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_could_steer_the_terminal_is_spelt_out(hidden: str, spelt: str) -> None:
    assert _shown(show_code, f"x = 1 # {hidden}!\n") == f"x = 1 # {spelt}!\n"
    assert _shown(show_difference, f"--- a\n+++ b\n+{hidden}\n").endswith(f"+{spelt}\n")
    tests = _shown(show_tests, _visit(1, OLD, _failed(1, "failed", hidden)))
    assert set(tests) & {"\x1b", "\x9b", "\r", "\u202e", "\u2028"} == set()


def test_the_diff_leads_from_the_best_of_the_stage_before_to_the_answer() -> None:
    visits = [_visit(1, "x = 1\n"), _visit(1, OLD), _visit(2, None), _visit(3, NEW)]
    assert difference_of({"visits": visits, "stage": 3, "answer": NEW}) == (
        "--- stage 1, its best\n+++ stage 3, the answer\n@@ -1,2 +1,2 @@\n"
        " def f(x):\n-    return x\n+    return x * x\n"
    )


@pytest.mark.parametrize(
    "out",
    [
        {"visits": [_visit(1, NEW)], "stage": 1, "answer": NEW},
        {"visits": [_visit(1, OLD), _visit(3, None)], "stage": 1, "answer": OLD},
        {"visits": [_visit(1, None), _visit(3, NEW)], "stage": 3, "answer": NEW},
        {"visits": [_visit(1, NEW), _visit(3, NEW)], "stage": 3, "answer": NEW},
    ],
    ids=["first stage", "fell back", "nothing before", "same code"],
)
def test_without_two_stages_that_differ_there_is_no_diff(out: dict[str, Any]) -> None:
    assert difference_of(out) is None


def test_a_diff_that_could_take_minutes_is_left_out_and_says_so() -> None:
    old, new = "\n".join(["a = 1", "b = 2"] * 50_000), "\n".join(["b = 2", "a = 1"] * 50_000)
    out = {"visits": [_visit(1, old)], "stage": 3, "answer": new}
    assert str(difference_of(out)).endswith("@@ 200,000 lines are too many to compare @@\n")


def test_a_diff_is_coloured_by_line() -> None:
    shown = _shown(show_difference, "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n", colours=True)
    assert [line for line in shown.splitlines() if line] == [
        "\x1b[1m--- a\x1b[0m",
        "\x1b[1m+++ b\x1b[0m",
        "\x1b[36m@@ -1 +1 @@\x1b[0m",
        "\x1b[31m-x\x1b[0m",
        "\x1b[32m+y\x1b[0m",
        " z",
    ]
