"""`cope doctor` reads the environment as the server does."""

from __future__ import annotations

from typing import Any

import pytest

from cope_graph.errors import SandboxSetupError


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("COPE_TASK", "poem", "math"),
        ("COPE_TASK", "structured", "open-ended"),
        ("COPE_TASK", "options", "choice"),
        ("COPE_TASK", "short", "short_answer"),
        ("COPE_SETTINGS", "n=3", '{"n": 3}'),
        ("COPE_SETTINGS", '{"samples": 3}', ""),
        ("COPE_BUDGET_USD", "cheap", "0.50"),
        ("COPE_BUDGET_TOKENS", "1.5", "1000"),
        ("COPE_SMALL_PRICE", "cheap", "0.15,0.60"),
        ("COPE_LARGE_PRICE", "x/h", "1.20/h"),
    ],
)
@pytest.mark.usefixtures("server")
def test_a_variable_that_does_not_fit_is_shown_by_name(
    cope: Any, monkeypatch: pytest.MonkeyPatch, name: str, wrong: str, right: str
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    marks = {}
    for value in (wrong, right):
        monkeypatch.setenv(name, value)
        got = cope("doctor")
        marks[value] = next(line for line in got.out.splitlines() if f" {name} " in line).split()[0]
        assert value != wrong or got.code == 1
    assert marks == {wrong: "--", right: "ok"}


def test_the_sandbox_that_holds_is_named(cope: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Holds:
        name = "a box of sand"

    monkeypatch.setattr("cope_graph.cli.doctor.code_runner", Holds)
    monkeypatch.setenv("COLUMNS", "300")
    line = next(line for line in cope("doctor").out.splitlines() if "sandbox for code" in line)
    assert line.split()[0] == "ok"
    assert "a box of sand" in line


def test_without_a_sandbox_each_reason_is_shown_and_it_is_no_failure(
    cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def code_runner() -> None:
        msg = "there is none: sandlock: it needs Linux; bubblewrap: not installed"
        raise SandboxSetupError(msg)

    monkeypatch.setenv("COLUMNS", "300")
    code = cope("doctor").code
    monkeypatch.setattr("cope_graph.cli.doctor.code_runner", code_runner)
    got = cope("doctor")
    line = next(line for line in got.out.splitlines() if "sandbox for code" in line)
    assert line.split()[0] == "--"
    assert "sandlock: it needs Linux; bubblewrap: not installed" in line
    assert got.code == code
