"""Math word problems and competition problems: majority over mathematically equal answers."""

from __future__ import annotations

from cope_graph.gates.majority import vote
from cope_graph.tasks.equality import math_equal
from cope_graph.tasks.reading import read_math
from cope_graph.tasks.task import Prompts, Task

PROMPTS = Prompts(
    goal=(
        "{question}\n\n"
        'What does this problem ask for? Answer in one sentence that starts with "Find" and names '
        "the quantities that are given. Do not work it out."
    ),
    guideline=(
        "{question}\n\n"
        'How would you go about this? Answer in one sentence that starts with "First" and names '
        "the steps in words. Use no numbers and give no result."
    ),
    execute=(
        "{question}\n\n{plan}"
        "Think step by step in a few short sentences, without code. "
        "At the end, put the final answer in \\boxed{{}}."
    ),
    with_goal="{goal}\n\n",
    with_guideline="{guideline}\n\n",
)


def math() -> Task:
    r"""Make the math task: prompts of our own, answers compared by value.

    An answer is read from the last `\boxed{}`, else after "the answer is", else it is the last
    number. Answers are equal when they are the same text, number or expression
    (1/2 = 0.5 = \frac{1}{2}).
    """
    return Task("math", PROMPTS, read_math, vote(math_equal))
