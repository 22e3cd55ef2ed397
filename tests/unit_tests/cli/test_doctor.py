"""`cope doctor` reads the environment as the server does."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
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
