"""The laws of equality, on answers nobody would write."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.tasks.equality import math_equal
from cope_graph.tasks.equality.answer import MAX_ANSWER, normalise, read_number
from cope_graph.tasks.equality.compare import compare


@settings(deadline=None)
@given(st.text(max_size=200))
def test_reflexive(text: str) -> None:
    assert math_equal(text, text)
    assert math_equal(text, f" {text}\n")


ALPHABET = [*"0129xy+-*/^(){}[],.=<>!% \\", r"\frac", r"\sqrt", r"\text{", r"\pi", r"\pm", " or "]
PIECES = st.lists(st.sampled_from(ALPHABET), max_size=12).map("".join)


@settings(max_examples=200, deadline=None)
@given(PIECES, PIECES)
def test_symmetric_and_never_raises(a: str, b: str) -> None:
    forth = compare(a, b, lambda p, q: p == q)
    back = compare(b, a, lambda p, q: p == q)
    assert forth == back
    assert isinstance(normalise(a), str)


@settings(max_examples=15, deadline=None)
@given(PIECES, PIECES)
def test_symmetric_through_the_worker(a: str, b: str) -> None:
    assert math_equal(a, b) == math_equal(b, a)


FRACTIONS = st.fractions(min_value=-1000, max_value=1000, max_denominator=50)
SPELLINGS = st.sampled_from(
    ["{0}/{1}", r"\frac{{{0}}}{{{1}}}", r"$\dfrac{{{0}}}{{{1}}}$", "x = {0}/{1}"]
)


@settings(deadline=None)
@given(FRACTIONS, FRACTIONS, SPELLINGS, SPELLINGS)
def test_fractions_are_equal_when_they_are(p: Fraction, q: Fraction, one: str, other: str) -> None:
    a = one.format(p.numerator, p.denominator)
    b = other.format(q.numerator, q.denominator)
    assert math_equal(a, b) == (p == q)
    assert read_number(a) == p


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(0, 5))
def test_decimals_are_exact(digits: int, places: int) -> None:
    value = Fraction(digits, 10**places)
    sign, text = "-" if digits < 0 else "", str(abs(digits)).rjust(places + 1, "0")
    written = f"{sign}{text[: len(text) - places]}.{text[len(text) - places :]}"
    assert read_number(written) == value
    assert math_equal(written, str(value))
    assert normalise(written) == normalise(normalise(written))


def test_long_answers_are_compared_as_text() -> None:
    long = "x+" * MAX_ANSWER
    assert math_equal(long, long.replace("x", "x ").replace("x ", "x"))
    assert not math_equal(long, long + "1")
