"""The tests gate: candidates run against the tests of the question (paper, section 4.1: code)."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from cope_graph.gates.verdict import Gate, Question, Verdict

if TYPE_CHECKING:
    from cope_graph.sandbox.verdicts import Outcome, Test
    from cope_graph.state import Sample

Trial = Callable[[str, "tuple[Test, ...]"], "Outcome"]
"""Runs a candidate against tests in a sandbox; it blocks."""

_MOST: Final = 64  # samples of a stage, by CopeContext


def tests_gate(
    trial: Trial, tests_of: Callable[[Question], tuple[Test, ...]], without: Gate
) -> Gate:
    """Make a gate that runs each candidate against the visible tests.

    The answer is drawn by lot from the candidates that pass all of them; with none, it is one of
    those that pass most, and the gate is not passed.

    Args:
        trial: Runs a candidate; it keeps its results, since a gate looks many times.
        tests_of: Gives a question's tests.
        without: The gate of a question without tests.
    """
    return partial(_gate, trial, tests_of, without)


def _gate(
    trial: Trial,
    tests_of: Callable[[Question], tuple[Test, ...]],
    without: Gate,
    question: Question,
    samples: Sequence[Sample],
) -> Verdict:
    tests = tests_of(question)
    if not tests:
        return without(question, samples)
    codes = [sample["answer"] for sample in samples]
    outcomes = _tried(trial, tests, [code for code in codes if code is not None])
    lots = random.Random(question.seed).sample(range(_MOST), _MOST)  # noqa: S311 - repeatable
    drawn = [index for index in lots if index < len(codes) and codes[index] is not None]
    if not drawn:
        return Verdict(None, None, None, f"none of {len(samples)} samples has code", passes=False)
    found = {index: outcomes[str(codes[index])] for index in drawn}
    passing = [index for index in drawn if found[index].status == "passed"]
    best = passing[0] if passing else min(drawn, key=lambda index: len(found[index].failures))
    return Verdict(
        confidence=len(passing) / len(samples),
        winner=best,
        answer=codes[best],
        explanation=_explanation([found[index] for index in drawn], len(samples), len(tests)),
        passes=bool(passing),
        preferred=tuple(lots),
    )


def _tried(trial: Trial, tests: tuple[Test, ...], codes: Sequence[str]) -> dict[str, Outcome]:
    """Run each different candidate once, as many side by side as there are cores."""
    different = list(dict.fromkeys(codes))
    if not different:
        return {}
    with ThreadPoolExecutor(min(len(different), os.cpu_count() or 1)) as pool:
        return dict(
            zip(different, pool.map(lambda code: trial(code, tests), different), strict=True)
        )


def _explanation(outcomes: Sequence[Outcome], samples: int, tests: int) -> str:
    counts = Counter(outcome.status for outcome in outcomes)
    passed = counts.pop("passed", 0)
    others = [f"{count} {status}" for status, count in sorted(counts.items())]
    if missing := samples - len(outcomes):
        others.append(f"{missing} without code")
    what = "the test" if tests == 1 else f"all {tests} tests"
    said = f"{passed} of {samples} candidates pass {what}"
    return f"{said} ({', '.join(others)})" if others else said
