r"""Pairs of answers and what a careful reader says about them; the laws of equality; hang lists.

`WRONG` holds the pairs we know to be judged wrong, so that the figure in the docs stays honest.
"""

from __future__ import annotations

import asyncio
import threading
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.tasks.equality import MAX_ANSWER, compare, math_equal, normalise, read_number
from cope_graph.tasks.equality_worker import shared_worker

EQUAL = [
    # numbers
    (r"1/2", r"0.5"),
    (r"\frac{1}{2}", r"0.5"),
    (r"\frac12", r"1/2"),
    (r"\tfrac12", r".5"),
    (r"\dfrac{1}{2}", r"\frac{2}{4}"),
    (r"-\frac{1}{2}", r"\frac{-1}{2}"),
    (r"-0", r"0"),
    (r"+7", r"7"),
    (r"007", r"7"),
    (r"5.", r"5"),
    (r"2.50", r"2.5"),
    (r"1,000", r"1000"),
    (r"1{,}000", r"1000"),
    (r"1,\!000", r"1000"),
    (r"10\,000", r"10000"),
    (r"1,234,567.5", r"1234567.5"),
    (r"10^3", r"1000"),
    (r"2^{10}", r"1024"),
    (r"10^{-3}", r"0.001"),
    (r"3 \times 10^5", r"300000"),
    (r"3 x 10^5", r"3 \cdot 10^{5}"),
    (r"1.5e3", r"1500"),
    (r"1\frac{1}{2}", r"3/2"),
    (r"1 1/2", r"1.5"),
    (r"-2\frac{1}{4}", r"-2.25"),
    (r"0.\overline{3}", r"\frac13"),
    (r"0.1\overline{6}", r"1/6"),
    (r"0.333333", r"\frac{1}{3}"),
    (r"½", r"0.5"),
    ("\u22123", "-3"),
    (r"(5)", r"5"),
    (r"5!", r"120"),
    (r"\binom{5}{2}", r"10"),
    (r"\sqrt{16}", r"4"),
    (r"\sqrt[3]{8}", r"2"),
    (r"\log_2 8", r"3"),
    (r"3:4", r"\frac{3}{4}"),
    (r"|-5|", r"5"),
    # percent, money, units, degrees
    (r"50\%", r"0.5"),
    (r"50\%", r"50"),
    (r"50 percent", r"50%"),
    (r"\$18", r"18"),
    (r"$18$", r"18 dollars"),
    (r"$1,200.00", r"1200"),
    (r"5 \text{ cm}", r"5"),
    (r"5\,\mathrm{cm}", r"5 centimeters"),
    (r"36 \text{ cm}^2", r"36 square centimeters"),
    (r"12 apples", r"12"),
    (r"10\pi \text{ cm}", r"10\pi"),
    (r"90^\circ", r"90"),
    (r"90^{\circ}", r"90 degrees"),
    (r"101_2", r"101"),
    (r"60 \text{ miles per hour}", r"60"),
    # names, words, letters
    (r"x = 5", r"5"),
    (r"x=5", r"x = 5.0"),
    (r"f(x) = 2x+1", r"2x+1"),
    (r"\text{Tuesday}", r"Tuesday"),
    (r"tuesday", r"Tuesday"),
    (r"\textbf{(A)}", r"A"),
    (r"(C)", r"\text{C}"),
    (r"\text{No}", r"no"),
    (r"x \in [1,2]", r"[1, 2]"),
    (r"\text{no solution}", r"\emptyset"),
    (r"all real numbers", r"(-\infty, \infty)"),
    (r"\mathbb{R}", r"(-\infty,\infty)"),
    # roots and constants
    (r"3\sqrt{2}", r"\sqrt{18}"),
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"),
    (r"\sqrt2", r"2^{1/2}"),
    (r"sqrt(8)", r"2\sqrt{2}"),
    (r"√2", r"\sqrt{2}"),
    (r"2\pi", r"2 \pi"),
    (r"2π", r"\pi \cdot 2"),
    (r"\frac{\pi}{4}", r"pi/4"),
    (r"\frac{\pi}{4}", r"\arctan 1"),
    (r"1+\sqrt{2}", r"2.414214"),
    (r"\sin 30^\circ", r"\frac{1}{2}"),
    (r"\cos\frac{\pi}{3}", r"0.5"),
    (r"e^{i\pi}", r"-1"),
    (r"\ln e^2", r"2"),
    (r"\infty", r"infinity"),
    # expressions
    (r"2x+1", r"1+2x"),
    (r"(x+1)^2", r"x^2+2x+1"),
    (r"x^{2}", r"x^2"),
    (r"x**2", r"x^2"),
    (r"2*x", r"2x"),
    (r"\frac{x}{2}", r"0.5x"),
    (r"\frac{a}{b}", r"a/b"),
    (r"n(n+1)/2", r"\frac{n^2+n}{2}"),
    (r"(a-b)^2", r"(b-a)^2"),
    (r"3x^2y", r"3yx^2"),
    (r"\sin^2 x+\cos^2 x", r"1"),
    (r"2^{x+1}", r"2 \cdot 2^x"),
    (r"2+3i", r"3i+2"),
    (r"(1+i)^2", r"2i"),
    (r"\sqrt{x^2}", r"|x|"),
    (r"x^{-1}", r"\frac1x"),
    # lists, sets, tuples, intervals, matrices
    (r"(1, 2)", r"\left(1,2\right)"),
    (r"(1/2, 3)", r"(0.5, 3)"),
    (r"\{1, 2, 3\}", r"\{3, 1, 2\}"),
    (r"\{1,2\}", r"2, 1"),
    (r"1, 2", r"2 and 1"),
    (r"2, 3, and 5", r"5,3,2"),
    (r"x = 2 \text{ or } x = 3", r"3, 2"),
    (r"x=2, 3", r"\{2,3\}"),
    (r"1, 2", r"(1, 2)"),
    (r"\{5\}", r"5"),
    (r"\pm 2", r"2, -2"),
    (r"1 \pm \sqrt{3}", r"1-\sqrt3, 1+\sqrt3"),
    (r"0, \pm 1", r"-1, 0, 1"),
    (r"(x,y) = (1,2)", r"(1,2)"),
    (r"x=1, y=2", r"(1,2)"),
    (r"\{(1,2),(3,4)\}", r"\{(3,4),(1,2)\}"),
    (r"(\sqrt{8}, 1)", r"(2\sqrt2, 1)"),
    (r"[0, \infty)", r"[0,+\infty)"),
    (r"(-\infty,1)\cup(2,\infty)", r"(2,\infty)\cup(-\infty,1)"),
    (r"x > 3", r"(3, \infty)"),
    (r"1 < x < 2", r"(1,2)"),
    (r"x \leq 2", r"(-\infty, 2]"),
    (r"x \ge 3", r"3 \leq x"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"),
    (r"\begin{pmatrix}0.5\\2\end{pmatrix}", r"\begin{pmatrix}1/2\\2\end{pmatrix}"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"(1, 2)"),
    (r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", r"-2"),
    # equations
    (r"y = 2x+1", r"2x - y + 1 = 0"),
    (r"x + y = 3", r"2x + 2y = 6"),
    # text
    (r"3:30 p.m.", r"3:30 PM"),
    (r"\frac{10!}{8!}", r"90"),
    (r"3,14", r"3.14"),
    (r"2.5 \times 10^{-3}", r"0.0025"),
    (r"\frac{1}{3} + \frac{1}{6}", r"\frac{1}{2}"),
    (r"\lfloor 3.7 \rfloor", r"3"),
    (r"\sum_{k=1}^{10} k", r"55"),
    (r"2\sqrt{3} \text{ units}", r"\sqrt{12}"),
    (r"6 \text{ feet}", r"6\text{ ft}"),
    (r"\$\frac{1}{2}", r"0.5"),
]

UNEQUAL = [
    (r"1/2", r"1/3"),
    (r"0.5", r"0.05"),
    (r"1/3", r"0.33"),
    (r"0.67", r"2/3"),
    (r"5", r"-5"),
    (r"1000", r"100"),
    (r"1 1/2", r"11/2"),
    (r"1\frac{1}{2}", r"\frac{11}{2}"),
    (r"50", r"0.5"),
    (r"5\%", r"0.5"),
    (r"5 cm", r"5 m"),
    (r"5 \text{ minutes}", r"5 \text{ hours}"),
    (r"3t", r"3"),
    (r"5m", r"5"),
    (r"2x", r"2"),
    (r"101_2", r"101_3"),
    (r"101_2", r"5"),
    (r"x=5", r"y=5"),
    (r"x=5", r"x=6"),
    (r"Tuesday", r"Thursday"),
    (r"A", r"B"),
    (r"(A)", r"(B)"),
    (r"Tuesday", r"5"),
    (r"yes", r"no"),
    (r"2x+1", r"2x-1"),
    (r"x^2", r"x^3"),
    (r"x^2", r"2x"),
    (r"a-b", r"b-a"),
    (r"\frac{a}{b}", r"\frac{b}{a}"),
    (r"\sqrt{2}", r"\sqrt{3}"),
    (r"\sqrt{2}", r"1.41"),
    (r"\sqrt{x^2}", r"x"),
    (r"\pi", r"3.14"),
    (r"\pi", r"22/7"),
    (r"\infty", r"-\infty"),
    (r"\ln 2", r"\log_{10} 2"),
    (r"3+4i", r"3-4i"),
    (r"(1,2)", r"(2,1)"),
    (r"(1,2)", r"[1,2]"),
    (r"[1,2)", r"(1,2]"),
    (r"(2,1)", r"(3,1)"),
    (r"(1,2)", r"\{1,2\}"),
    (r"(1,2)", r"(1,2,3)"),
    (r"\{1,2\}", r"\{1,3\}"),
    (r"1, 2", r"1"),
    (r"\pm 2", r"2"),
    (r"1 \pm \sqrt{3}", r"1 \pm \sqrt{2}"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}"),
    (r"x > 3", r"x < 3"),
    (r"x > 3", r"x \ge 3"),
    (r"x > 3", r"[3,\infty)"),
    (r"(-\infty,1)\cup(2,\infty)", r"(-\infty,1]\cup(2,\infty)"),
    (r"y=2x+1", r"y=2x-1"),
    (r"x+y=3", r"x+y=4"),
    (r"\emptyset", r"0"),
    (r"\emptyset", r"\mathbb{R}"),
    (r"1.0\times 10^{-7}", r"2.0\times 10^{-7}"),
    (r"0.0000001", r"0.0000002"),
    (r"1234567.1", r"1234567.2"),
    (r"5!", r"5"),
    (r"2^{10}", r"10^2"),
    (r"2^{10}", r"210"),
    (r"3:30", r"3:45"),
    (r"\frac{1}{0}", r"5"),
    (r"9^{9^{9^9}}", r"9^{9^9}"),
    (r"5 \text{ million}", r"5"),
    (r"xy", r"x+y"),
    (r"AB", r"CD"),
    (r"", r"0"),
    (r"\sin x", r"\cos x"),
    (r"1,234", r"1.234"),
    (r"\text{even}", r"\text{odd}"),
    (r"5 \text{ or more}", r"5"),
    (r"x^2-1", r"x^2+1"),
    (r"\sqrt{-4}", r"2"),
    (r"\text{Alice}", r"\text{Celia}"),
]

# What stays wrong: (one, other, what a careful reader says, why).
WRONG = [
    (r"17 \bmod 5", "2", True, "math-verify does not read the modulus"),
    (r"5 \text{ million}", "5000000", True, "words of scale are not read"),
    ("two", "2", True, "number words are not read"),
    (r"100 \text{ cm}", r"1 \text{ m}", True, "units are not converted"),
    ("50 cents", r"\$0.50", True, "units are not converted"),
    (r"30^\circ", r"\frac{\pi}{6}", True, "degrees are not converted, except in sin, cos, tan"),
    (
        r"\sqrt{a}\sqrt{b}",
        r"\sqrt{ab}",
        True,
        "holds for positive letters only",
    ),
    (r"\overline{AB}", "AB", True, "the bar is another symbol to math-verify"),
    (r"\{x \mid x > 3\}", r"(3,\infty)", True, "set builders are not read"),
    ("C(5,2)", "10", True, "C(n,k) is a function of unknown meaning"),
    (r"\pi\cdot 10^{-7}", "0.0000005", False, "math-verify rounds decimals to six places"),
    ("10:30", "1/3", False, "a:b is a ratio, also where it is a time"),
]

# Each must end within seconds; none of them has an equal partner in the tests.
HANGS = [
    "9^9^9^9",
    "9^{9^{9^9}}",
    "10**10**10",
    "10^{-10^{10}}",
    "100000000!",
    "(10^8)!",
    "((3!)!)!",
    "5!!!!!!!!",
    "1e999999999",
    "(" * 300 + "1" + ")" * 300,
    "{" * 300 + "x" + "}" * 300,
    "|" * 500,
    "^" * 500,
    r"\frac{1}{" * 200 + "x" + "}" * 200,
    r"\frac{1}{1+" * 35 + "x" + "}" * 35,
    "x^{" * 35 + "x" + "}" * 35,
    r"\sqrt{" * 38 + "2" + "}" * 38,
    r"\binom{10000000}{5000000}",
    r"\sum_{k=1}^{100000000} \frac{1}{k}",
    r"\prod_{k=1}^{10^7} k",
    r"((10^{4000})^{4000})^{4000}",
    r"(x+y+z+1)^{900}",
    r"\int_0^1 \frac{\sin(x^x)}{e^{x^2}+\ln x} dx",
    "1+" * 400 + "x",
    "x" * 100_000,
    "~" * 999,
    r"\begin{vmatrix}"
    + r"\\".join("&".join(f"x_{{{i}{j}}}" for j in range(8)) for i in range(8))
    + r"\end{vmatrix}",
    r"\{" + ",".join(f"x^{{{i}}}+1" for i in range(29)) + r"\}",
]
SLOW = "(10^8+%d)!"
"""Reaches the limit of the worker, each time with another number."""


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal_pairs(a: str, b: str) -> None:
    assert math_equal(a, b)
    assert math_equal(b, a)


@pytest.mark.parametrize(("a", "b"), UNEQUAL)
def test_unequal_pairs(a: str, b: str) -> None:
    assert not math_equal(a, b)
    assert not math_equal(b, a)


def test_figure_of_the_documentation() -> None:
    verdicts = [math_equal(a, b) for a, b in EQUAL]
    verdicts += [not math_equal(a, b) for a, b in UNEQUAL]
    verdicts += [math_equal(a, b) == expected for a, b, expected, _ in WRONG]
    assert len(verdicts) >= 224
    assert sum(verdicts) >= 212


def test_percent_is_not_transitive() -> None:
    assert math_equal("50%", "50")
    assert math_equal("50%", "0.5")
    assert not math_equal("50", "0.5")


@given(st.text(max_size=200))
def test_reflexive(text: str) -> None:
    assert math_equal(text, text)
    assert math_equal(text, f" {text}\n")


ALPHABET = [*"0129xy+-*/^(){}[],.=<>!% \\", r"\frac", r"\sqrt", r"\text{", r"\pi", r"\pm", " or "]
PIECES = st.lists(st.sampled_from(ALPHABET), max_size=12).map("".join)


@settings(max_examples=300, deadline=None)
@given(PIECES, PIECES)
def test_symmetric_and_never_raises(a: str, b: str) -> None:
    forth = compare(a, b, lambda p, q: p == q)
    back = compare(b, a, lambda p, q: p == q)
    assert forth == back
    assert isinstance(normalise(a), str)


@settings(max_examples=25, deadline=None)
@given(PIECES, PIECES)
def test_symmetric_through_the_worker(a: str, b: str) -> None:
    assert math_equal(a, b) == math_equal(b, a)


FRACTIONS = st.fractions(min_value=-1000, max_value=1000, max_denominator=50)
SPELLINGS = st.sampled_from(
    ["{0}/{1}", r"\frac{{{0}}}{{{1}}}", r"$\dfrac{{{0}}}{{{1}}}$", "x = {0}/{1}"]
)


@given(FRACTIONS, FRACTIONS, SPELLINGS, SPELLINGS)
def test_fractions_are_equal_when_they_are(p: Fraction, q: Fraction, one: str, other: str) -> None:
    a = one.format(p.numerator, p.denominator)
    b = other.format(q.numerator, q.denominator)
    assert math_equal(a, b) == (p == q)
    assert read_number(a) == p


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


@pytest.mark.parametrize("hang", HANGS, ids=lambda hang: hang[:30])
def test_no_answer_hangs(hang: str) -> None:
    shared_worker()._ensure_ready()  # the start is no matter of the answer
    start = time.monotonic()
    assert not math_equal(hang, "7x+y")
    assert time.monotonic() - start < 5


def test_a_hang_is_paid_once() -> None:
    hang = SLOW % 1
    math_equal(hang, "7x+y")
    start = time.monotonic()
    assert not math_equal("7x+y", hang)
    assert time.monotonic() - start < 0.5


def test_a_hang_does_not_block_other_threads() -> None:
    shared_worker()._ensure_ready()
    math_equal("2x", "x+x")
    hung = threading.Thread(target=math_equal, args=(SLOW % 2, "7x+y"))
    hung.start()
    time.sleep(0.2)
    assert hung.is_alive()
    assert math_equal(r"\frac{7}{2}", "3.5")
    assert math_equal("2x", "x+x")  # remembered: does not wait either
    assert hung.is_alive()
    hung.join(30)
    assert not hung.is_alive()
    assert math_equal("3x+y", "y+3x")


async def test_a_hang_does_not_block_the_event_loop() -> None:
    await asyncio.to_thread(shared_worker()._ensure_ready)
    gaps: list[float] = []

    async def tick() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    ticker = asyncio.create_task(tick())
    start = time.monotonic()
    hung = asyncio.create_task(asyncio.to_thread(math_equal, SLOW % 3, "7x+y"))
    await asyncio.sleep(0.2)
    assert await asyncio.to_thread(math_equal, r"\frac{9}{2}", "4.5")
    assert not hung.done()
    assert not await hung
    taken = time.monotonic() - start
    ticker.cancel()
    assert 0.5 < taken < 5
    assert len(gaps) > 20
    assert max(gaps) < taken / 2
