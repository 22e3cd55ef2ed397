from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.tasks.reading import MAX_ANSWER, read_math

READ = [
    # boxes
    (r"So \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
    (r"\boxed{1} and then \boxed{2}", "2"),
    (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
    (r"\boxed{\text{a } \frac{\sqrt{3}}{2}}", r"\text{a } \frac{\sqrt{3}}{2}"),
    (r"\fbox{ $3$ }", "3"),
    (r"\boxed {7}", "7"),
    (r"$\boxed 5$", "5"),
    (r"\boxed 5.", "5"),
    (r"\boxed{\boxed{5}}", "5"),
    (r"\boxed{x = 5}", "x = 5"),
    (r"\boxed{12\%}", r"12\%"),
    (r"\boxed{5 \text{ cm}}", r"5 \text{ cm}"),
    (r"\boxed{\$1,200}", r"\$1,200"),
    (r"\boxed{\emptyset}", r"\emptyset"),
    (r"\boxed{∞}", "∞"),
    (r"The answer is 4, no: \boxed{5}. The answer is 4.", "5"),
    # boxes without an answer
    (r"\boxed{}", None),
    (r"\boxed{ }", None),
    (r"\boxed{N}", None),
    (r"\boxed{None}", None),
    (r"\boxed{?}", None),
    (r"\boxed{\ldots}", None),
    (r"\boxed{\text{your answer}} so 8", "8"),
    (r"\boxed{5} in the form \boxed{}", "5"),
    (r"the answer is 6, \boxed{N}", "6"),
    (r"\boxed{42", "42"),
    (r"\boxed{3} and \boxed{42", "3"),
    (r"\boxedfoo{3} 4", "4"),
    # phrases
    ("The answer is 42.", "42"),
    ("The answer is 41. No, the answer is 42.", "42"),
    ("the answer is: 42", "42"),
    ("Answer: 42", "42"),
    ("ANSWER = 42", "42"),
    ("**Answer:** $x=5$.", "x=5"),
    ("Final Answer: **12 dollars**", "12 dollars"),
    ("**Final Answer**\n\n42", "42"),
    ("### Final answer:\n\n42", "42"),
    (r"The final answer is \(\frac{3}{4}\).", r"\frac{3}{4}"),
    (r"The answer is \[ x^2 \]", "x^2"),
    (r"The answer is $$x^2$$", "x^2"),
    ("The answer is therefore 42.", "42"),
    ("The answer to the question is 5 because 2+3=5", "5"),
    ("The answer is 3.5. I hope it is correct.", "3.5"),
    ("The answer is $1,200.", "$1,200"),
    ("The answer is $5 in total.", "$5 in total"),
    ("The answer is 18 miles.", "18 miles"),
    ("The answer is Tuesday.", "Tuesday"),
    ("The answer is (C).", "(C)"),
    ("#### 72", "72"),
    ("Answer: $\\{1, 2\\}$", r"\{1, 2\}"),
    ("Answer: None", None),
    ("Answer: ...", None),
    ("Answer: N\nthat is 7", "7"),
    (
        "The answer is something that we find when we add all of the numbers of the list, so 12",
        "12",
    ),
    # numbers
    ("I got -3", "-3"),
    ("it fell to \u22124 degrees", "\u22124"),
    ("we go from 10-5", "5"),
    ("first 1/2, then 3/4", "3/4"),
    ("about 50%", "50%"),
    ("it is 1,234,567.89 in all", "1,234,567.89"),
    ("costs $18 a day", "$18"),
    ("it is .5", ".5"),
    (r"half of it, \frac{1}{2}", r"\frac{1}{2}"),
    ("**42**", "42"),
    ("3, 4 and 5 apples", "5"),
    # nothing
    ("", None),
    ("   \n", None),
    ("I do not know", None),
    ("...", None),
]


@pytest.mark.parametrize(("reply", "answer"), READ)
def test_read(reply: str, answer: str | None) -> None:
    assert read_math(reply) == answer


def test_an_answer_of_a_page_is_no_answer() -> None:
    assert read_math(rf"\boxed{{{'x' * (MAX_ANSWER + 1)}}}") is None


@given(st.text(alphabet="\\boxed{}$*. \n0123answer:is-/%,", max_size=300))
def test_what_is_read_is_an_answer(text: str) -> None:
    answer = read_math(text)
    if answer is not None:
        assert answer == answer.strip()
        assert 0 < len(answer) <= MAX_ANSWER
        assert any(char.isalnum() for char in answer)


HOSTILE = [
    r"\boxed{",
    r"\boxed{}",
    r"\boxed ",
    r"\boxed{a",
    "{",
    "}",
    "$",
    "answer: ",
    "answer: $$",
    "answer is **",
    "final answer ** ",
    "the answer is x ",
    "answer ",
    " ",
    "\n",
    "9",
    "9,",
    "1/",
    "-",
    ".",
    "*",
    r"\frac{1}",
]


def seconds(text: str) -> float:
    """CPU time, the best of three, since other work disturbs."""
    taken = []
    for _ in range(3):
        start = time.thread_time()
        read_math(text)
        taken.append(time.thread_time() - start)
    return min(taken)


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_the_reply(piece: str) -> None:
    short, long = (seconds((piece * size)[:size]) for size in (25_000, 100_000))
    # Linear is a factor of 4, quadratic one of 16; some milliseconds are noise.
    assert long < 10 * short + 0.05
    assert long < 5


def test_nested_boxes_are_linear() -> None:
    text = r"\boxed{" * 14_000 + "5" + "}" * 14_000
    assert seconds(text) < 5
    assert read_math(text) == "5"
