"""What the tests gate keeps of the candidates that did not pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cope_graph.gates import tests as tried
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.sandbox.verdicts import AssertTest, Failure, Outcome

TESTS = (AssertTest("assert f(1) == 1"), AssertTest("assert f(2) == 2"))
OUTCOMES = {
    "good": Outcome("passed"),
    "bad": Outcome(
        "failed", (Failure(0, "failed", "3 == 1"), Failure(1, "failed", "x" * 500)), 0.1
    ),
    "half": Outcome("failed", (Failure(1, "failed", "0 == 2"),)),
    "slow": Outcome(
        "timeout", (Failure(0, "timeout", "not done"), Failure(1, "timeout", "not tried"))
    ),
    "big": Outcome("killed", (Failure(0, "failed", "3 == 1"), Failure(1, "killed", "killed: y"))),
    "many": Outcome("failed", tuple(Failure(at, "failed", "no") for at in range(100))),
}


def judged(*codes: str | None) -> Verdict:
    def without(_question: Question, _samples: Sequence[Any]) -> Verdict:
        return Verdict(None, None, None, "no tests")

    gate = tried.by_tests(lambda code, _tests: OUTCOMES[code], lambda _question: TESTS, without)
    samples: list[Any] = [{"answer": code} for code in codes]
    return gate(Question("q"), samples)


def lines(verdict: Verdict) -> list[tuple[int | None, str, str, int]]:
    failed = verdict.failed or ()
    return [(one["test"], one["status"], one["message"], one["candidates"]) for one in failed]


def test_candidates_that_fail_alike_are_counted_together_by_test() -> None:
    assert lines(judged("half", "bad", "good", "bad", "big", None)) == [
        (1, "failed", "3 == 1", 3),
        (2, "failed", "x" * 200, 2),
        (2, "failed", "0 == 2", 1),
        (2, "killed", "killed: y", 1),
        (None, "no_code", "", 1),
    ]


def test_a_candidate_that_was_ended_counts_at_the_test_that_ended_it() -> None:
    assert lines(judged("slow", "slow")) == [(1, "timeout", "not done", 2)]


def test_where_all_pass_nothing_failed_and_without_code_no_test_ran() -> None:
    assert judged("good", "good").failed == ()
    assert lines(judged(None, None)) == [(None, "no_code", "", 2)]


def test_what_is_kept_is_bounded_and_never_drops_those_without_code() -> None:
    kept = lines(judged("many", None))
    assert len(kept) == 64
    assert (kept[0], kept[-1]) == ((1, "failed", "no", 1), (None, "no_code", "", 1))
