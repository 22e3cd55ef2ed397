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
    from cope_graph.sandbox.verdicts import Failure, Outcome, Test
    from cope_graph.state import FailedTest, Sample

Trial = Callable[[str, "tuple[Test, ...]"], "Outcome"]
"""Runs a candidate against tests in a sandbox; it blocks."""

_MOST: Final = 64  # samples of a stage, by CopeContext
_LINES: Final = 64  # of what failed: a state stays small
_CHARACTERS: Final = 200  # of a message


def by_tests(
    trial: Trial, given_tests: Callable[[Question], tuple[Test, ...]], without: Gate
) -> Gate:
    """Make a gate that runs each candidate against the visible tests.

    The answer is drawn by lot from the candidates that pass all of them; with none, it is one of
    those that pass most, and the gate is not passed.

    Args:
        trial: Runs a candidate; it keeps its results, since a gate looks many times.
        given_tests: Gives a question's tests.
        without: The gate of a question without tests.
    """
    return partial(_gate, trial, given_tests, without)


def _gate(
    trial: Trial,
    given_tests: Callable[[Question], tuple[Test, ...]],
    without: Gate,
    question: Question,
    samples: Sequence[Sample],
) -> Verdict:
    tests = given_tests(question)
    if not tests:
        return without(question, samples)
    codes = [sample["answer"] for sample in samples]
    outcomes = _tried(trial, tests, [code for code in codes if code is not None])
    lots = random.Random(question.seed).sample(range(_MOST), _MOST)  # noqa: S311 - repeatable
    drawn = [index for index in lots if index < len(codes) and codes[index] is not None]
    found = {index: outcomes[str(codes[index])] for index in drawn}
    failed = _failed([found.get(index) for index in range(len(codes))])
    if not drawn:
        reason = f"none of {len(samples)} samples has code"
        return Verdict(None, None, None, reason, passes=False, failed=failed)
    passing = [index for index in drawn if found[index].status == "passed"]
    best = passing[0] if passing else min(drawn, key=lambda index: len(found[index].failures))
    return Verdict(
        confidence=len(passing) / len(samples),
        winner=best,
        answer=codes[best],
        explanation=_explanation([found[index] for index in drawn], len(samples), len(tests)),
        passes=bool(passing),
        preferred=tuple(lots),
        failed=failed,
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


def _failed(outcomes: Sequence[Outcome | None]) -> tuple[FailedTest, ...]:
    """Put candidates together that fail a test alike, by test; `None` is one without code."""
    counts = Counter(
        (one.test + 1, one.status, one.message[:_CHARACTERS])
        for outcome in outcomes
        if outcome is not None
        for one in _own(outcome)
    )
    # What failed most candidates comes first; what is alike in number stays in their order.
    ranked = sorted(counts.items(), key=lambda pair: (pair[0][0], -pair[1]))
    alike: list[FailedTest] = [
        {"test": test, "status": status, "message": message, "candidates": count}
        for (test, status, message), count in ranked
        if status != "passed"
    ]
    if without := sum(outcome is None for outcome in outcomes):
        none: FailedTest = {"test": None, "status": "no_code", "message": "", "candidates": without}
        alike = [*alike[: _LINES - 1], none]
    return tuple(alike[:_LINES])


def _own(outcome: Outcome) -> list[Failure]:
    """Leave out the tests that a candidate did not come to, once it was ended."""
    ended = [one for one in outcome.failures if one.status != "failed"]
    return [one for one in outcome.failures if one.status == "failed"] + ended[:1]


def _explanation(outcomes: Sequence[Outcome], samples: int, tests: int) -> str:
    counts = Counter(outcome.status for outcome in outcomes)
    passed = counts.pop("passed", 0)
    others = [f"{count} {status}" for status, count in sorted(counts.items())]
    if missing := samples - len(outcomes):
        others.append(f"{missing} without code")
    what = "the test" if tests == 1 else f"all {tests} tests"
    said = f"{passed} of {samples} candidates pass {what}"
    return f"{said} ({', '.join(others)})" if others else said
