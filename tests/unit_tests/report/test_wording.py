"""Figures in words: short, without exponents, without a NaN."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.evaluation.replaying.summary import Interval
from cope_graph.report import wording


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.315, "0.315"), (1.0, "1"), (12.345, "12.3"), (1234.0, "1,230"),
     (0.000012345, "0.0000123"), (-0.5, "-0.5"), (1e9, "1,000,000,000"), (100.0, "100")],
)  # fmt: skip
def test_three_figures_count(number: float, text: str) -> None:
    assert wording.figures(number) == text


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_no_figure_has_an_exponent_and_each_is_near_the_number(number: float) -> None:
    text = wording.figures(number)
    assert "e" not in text.lower()
    assert float(text.replace(",", "")) == pytest.approx(number, rel=0.006)


def test_usd_are_by_the_thousand_and_unknown_is_not_zero() -> None:
    assert wording.usd(0.00312) == "3.12"
    assert wording.usd(0.0) == "0"
    assert wording.usd(None) == "unknown"


def test_shares_and_differences() -> None:
    assert wording.percent(0.7435) == "74.4\u00a0%"
    assert wording.percent(-0.00001) == "0.0\u00a0%"
    assert wording.percent(None) == "\u2013"
    assert wording.interval(Interval(0.5, 0.25, 0.75)) == "50.0\u00a0% (25.0 to 75.0)"
    assert wording.points(Interval(-0.0002, -0.02, 0.013)) == "0.0 (\u22122.0 to +1.3)"
    assert wording.points(None) == "\u2013"


@pytest.mark.parametrize(
    ("share", "tokens", "words"),
    [(0.682, False, "saves 68.2\u00a0%"), (-0.03, False, "costs 3.0\u00a0% more"),
     (0.0004, False, "costs the same"), (-0.0004, False, "costs the same"),
     (0.1, True, "saves 10.0\u00a0% of the tokens"), (-1, True, "takes 100.0\u00a0% more tokens"),
     (0, True, "takes as many tokens")],
)  # fmt: skip
def test_a_sign_is_said_in_words(share: float, tokens: bool, words: str) -> None:
    assert wording.saved(share, tokens=tokens) == words


@given(st.text(), st.integers(2, 40))
def test_a_shown_name_is_short_and_can_be_written_anywhere(text: str, length: int) -> None:
    short = wording.shortened(text, length)
    assert len(short) <= length
    assert short.encode().decode() == short  # half a character cannot be encoded
    assert all(one.isprintable() or one == "\u00a0" for one in short)


def test_one_is_singular() -> None:
    assert wording.counted(1, "item") == "1 item"
    assert wording.counted(0, "item") == "0 items"
    assert wording.counted(1234, "item") == "1,234 items"
