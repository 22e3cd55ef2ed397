"""The tests gate, with candidates whose fate is written on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from cope_graph.errors import SandboxError
from cope_graph.gates import tests as by_tests
from cope_graph.gates.verdict import Gate, Question, Verdict
from cope_graph.sandbox.verdicts import AssertTest, Failure, Outcome, Test
from cope_graph.state import Sample
from tests.candidates import samples_of

TWO: tuple[Test, ...] = (AssertTest("assert f(1)"), AssertTest("assert f(2)"))
WITHOUT = Verdict(0.5, 0, "voted", "there are no tests")


def fate(code: str, tests: Sequence[Test]) -> Outcome:
    """Read a candidate's fate in its first word; `one` fails one test, `two` both."""
    kind = code.split(maxsplit=1)[0]
    if kind == "breaks":
        msg = "the sandbox failed"
        raise SandboxError(msg)
    failed = {"one": 1, "two": 2}.get(kind, 0)
    failures = tuple(Failure(i, "failed", "no") for i in range(min(failed, len(tests))))
    if kind in ("timeout", "killed"):
        return Outcome(kind, (Failure(0, kind, "late"), Failure(1, kind, "late")))  # type: ignore[arg-type]
    return Outcome("failed" if failures else "passed", failures)


def gate_of(tests: tuple[Test, ...] = TWO) -> Gate:
    return by_tests.by_tests(fate, lambda _: tests, lambda _question, _samples: WITHOUT)


def look(samples: Sequence[Sample], seed: int = 0) -> Verdict:
    return gate_of()(Question("q", seed=seed), samples)


def test_one_that_passes_all_tests_is_the_answer_with_its_share_of_all_samples() -> None:
    verdict = look(samples_of("one a", "passed b", None, "timeout c"))
    assert (verdict.answer, verdict.winner, verdict.confidence) == ("passed b", 1, 0.25)
    assert verdict.passes is True
    assert verdict.explanation == (
        "1 of 4 candidates pass all 2 tests (1 failed, 1 timeout, 1 without code)"
    )


def test_one_test_is_called_one() -> None:
    verdict = gate_of((AssertTest("assert f(1)"),))(Question("q"), samples_of("passed"))
    assert verdict.explanation == "1 of 1 candidates pass the test"


def test_the_lot_falls_by_the_seed_alone_and_on_every_one_that_passes_alike() -> None:
    samples = samples_of("passed a", "one b", "passed c", None, "passed d", "killed e")
    drawn = [look(samples, seed).winner for seed in range(600)]
    assert drawn == [look(samples, seed).winner for seed in range(600)]
    counts = Counter(drawn)
    assert set(counts) == {0, 2, 4}
    assert min(counts.values()) > 150  # 200 each; 150 is more than four standard deviations off


def test_when_none_passes_the_one_that_passes_most_is_shown_and_does_not_pass() -> None:
    for seed in range(20):
        verdict = look(samples_of("two a", "one b", "timeout c"), seed)
        assert (verdict.answer, verdict.confidence, verdict.passes) == ("one b", 0.0, False)


def test_without_code_there_is_no_answer_and_a_reason() -> None:
    verdict = look(samples_of(None, None))
    assert (verdict.answer, verdict.winner, verdict.confidence) == (None, None, None)
    assert verdict.passes is False
    assert verdict.explanation == "none of 2 samples has code"


def test_without_tests_the_other_gate_decides() -> None:
    assert gate_of(())(Question("q"), samples_of("passed a")) == WITHOUT


def test_a_sandbox_that_fails_is_no_failed_test() -> None:
    with pytest.raises(SandboxError, match="the sandbox failed"):
        look(samples_of("passed a", "breaks b"))


def test_what_is_alike_runs_once() -> None:
    ran: list[str] = []

    def trial(code: str, tests: Sequence[Test]) -> Outcome:
        ran.append(code)
        return fate(code, tests)

    gate = by_tests.by_tests(trial, lambda _: TWO, lambda _question, _samples: WITHOUT)
    verdict = gate(Question("q"), samples_of("passed a", "passed a", "one b", "passed a"))
    assert sorted(ran) == ["one b", "passed a"]
    assert verdict.confidence == 0.75
