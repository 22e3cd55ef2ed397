"""Math word problems and competition problems: majority over mathematically equal answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cope_graph.gates.majority import vote
from cope_graph.sandbox.runner import DEFAULT_LIMITS, CodeRunner, Limits
from cope_graph.tasks.equality import math_equal
from cope_graph.tasks.reading import read_math
from cope_graph.tasks.task import Prompts, Task

if TYPE_CHECKING:
    from cope_graph.sandbox.choose import SandboxName

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


def math(
    *,
    programs: int = 0,
    sandbox: SandboxName | CodeRunner = "auto",
    limits: Limits = DEFAULT_LIMITS,
) -> Task:
    r"""Make the math task: prompts of our own, answers compared by value.

    An answer is read from the last `\boxed{}`, else after "the answer is", else it is the last
    number. Answers are equal when they are the same text, number or expression
    (1/2 = 0.5 = \frac{1}{2}).

    With `programs`, so many of the n samples of stages 1 and 2 are Python programs. They run in a
    sandbox, and the last line that one prints is its answer, which votes beside the others; one
    that fails, prints nothing or takes too long is a sample without an answer. They are the last
    ones of each small model's samples: with waves or early stopping a question that the others
    agree on needs none of them.

    Args:
        programs: How many of the n samples are programs; 0 is the paper.
        sandbox: Where programs run: `"auto"`, a name, or a `CodeRunner` of yours.
        limits: What a program may use.

    Raises:
        InputError: `programs` is no number of samples, or there is no sandbox of that name.
        SandboxSetupError: There is no sandbox here; it names each one's reason.
    """
    drawn = None
    if programs != 0:
        from cope_graph.tasks.programs import program_samples  # noqa: PLC0415 - seldom needed

        drawn = program_samples(programs, PROMPTS, sandbox=sandbox, limits=limits)
    return Task("math", PROMPTS, read_math, vote(math_equal), programs=drawn)
