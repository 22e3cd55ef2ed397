"""Code without tests: candidates that give the same outputs on the same made-up inputs agree.

What agrees may be wrong together, and made-up inputs may be none that the question means: the
verdict says that there were no tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from cope_graph.gates.majority import group
from cope_graph.gates.verdict import AnswerClass, Gate, Question, Verdict
from cope_graph.sandbox.runner import CodeRunner, Limits
from cope_graph.tasks.behaviour import behaviour
from cope_graph.tasks.entry import entry
from cope_graph.tasks.made_up import calls
from cope_graph.tasks.once import once

if TYPE_CHECKING:
    from cope_graph.state import Sample

Does = Callable[[str, str], str | None]
"""What a candidate does, from the question and its code."""


def agreement(runner: CodeRunner, limits: Limits) -> Gate:
    """Make a gate that lets candidates vote by what they do.

    Args:
        runner: The sandbox.
        limits: What all calls of a candidate may use together.
    """
    return partial(_gate, once(partial(_does, runner, limits)))


def _gate(does: Does, question: Question, samples: Sequence[Sample]) -> Verdict:
    codes = [sample["answer"] for sample in samples]
    first = next((index for index, code in enumerate(codes) if code is not None), None)
    if first is None:
        reason = f"there are no tests, and none of {len(samples)} samples has code"
        return Verdict(None, None, None, reason, by_share=True)
    if len(samples) == 1:
        return Verdict(None, 0, codes[0], "there are no tests, and no other candidate to compare")
    alike = group(_all(does, question.text, codes), str.__eq__)
    if not alike:
        reason = "there are no tests, and no candidate takes any of the inputs made up for it"
        return Verdict(None, first, codes[first], reason)
    classes = tuple(AnswerClass(str(codes[it.members[0]]), it.members) for it in alike)
    members = classes[0].members
    explanation = (
        f"there are no tests: {len(members)} of {len(samples)} candidates do the same "
        "on inputs made up for them"
    )
    share = len(members) / len(samples)
    return Verdict(share, members[0], classes[0].answer, explanation, classes, by_share=True)


def _all(does: Does, question: str, codes: Sequence[str | None]) -> list[str | None]:
    """Run each different candidate once, as many side by side as there are cores."""
    different = list({code for code in codes if code is not None})
    with ThreadPoolExecutor(min(len(different), os.cpu_count() or 1)) as pool:
        done = dict(zip(different, pool.map(partial(does, question), different), strict=True))
    return [None if code is None else done[code] for code in codes]


def _does(runner: CodeRunner, limits: Limits, question: str, code: str) -> str | None:
    called = entry(question, code)
    made = calls(question, called.width + len(called.keywords))
    return behaviour(runner, limits, code, called, made)
