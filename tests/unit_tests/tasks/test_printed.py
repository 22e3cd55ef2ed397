from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.tasks.equality import math_equal
from cope_graph.tasks.printed import read_printed


@pytest.mark.parametrize(
    ("printed", "answer"),
    [
        ("72\n", "72"),
        ("working...\n\n 72 \n\n", "72"),
        ("Total: 72", "72"),
        ("The answer is 72", "72"),
        ("Natalia sold 72 clips altogether.", "72"),
        ("72 clips", "72 clips"),
        ("1/2", "1/2"),
        ("(3, 4)", "(3, 4)"),
        ("x = 5", "x = 5"),
        ("12345678901234567", "12345678901234567"),
    ],
)
def test_the_last_line_is_the_answer(printed: str, answer: str) -> None:
    assert read_printed(printed) == answer


@pytest.mark.parametrize("printed", ["", " \n\n", "None", "...", "x" * 1_001])
def test_what_says_nothing_is_no_answer(printed: str) -> None:
    assert read_printed(printed) is None


@pytest.mark.parametrize(
    ("value", "same"),
    [(0.1 + 0.2, "0.3"), (100 / 3, "100/3"), (1.1 * 1.1, "1.21")],
)
def test_rounding_errors_of_a_program_do_not_split_a_vote(value: float, same: str) -> None:
    answer = read_printed(f"{value}\n")
    assert answer is not None
    assert math_equal(answer, same)
    assert not math_equal(repr(value), same)


@given(st.decimals(-10_000, 10_000, places=4))
def test_short_decimals_stay_as_they_are(value: object) -> None:
    assert read_printed(f"{value}") == f"{value}"


@given(st.text())
def test_any_output_is_read(printed: str) -> None:
    answer = read_printed(printed)
    assert answer is None or answer.strip()
