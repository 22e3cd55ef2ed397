"""The law of early decisions, for gates that know without a threshold what passes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations, product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates import tests as by_tests
from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.verdict import Gate, Question, Verdict
from cope_graph.sandbox.verdicts import AssertTest, Failure, Outcome, Test
from cope_graph.state import Decision
from cope_graph.tasks import agreement
from tests.candidates import samples_of

FATES = st.lists(st.sampled_from(["passed", "failed", None]), min_size=1, max_size=10)
ONWARD = st.sampled_from(get_args(Onward))
TESTS: tuple[Test, ...] = (AssertTest("assert f(1)"),)
Look = tuple[Decision, bool, str | None]


def _fate(code: str, _tests: Sequence[Test]) -> Outcome:
    passed = code.startswith("passed")
    return Outcome("passed" if passed else "failed", () if passed else (Failure(0, "failed", ""),))


def _never(_question: Question, _samples: object) -> Verdict:
    raise AssertionError


BY_TESTS = by_tests.by_tests(_fate, lambda _: TESTS, _never)


def by_agreement(question: Question, samples: Sequence[object]) -> Verdict:
    """Let candidates agree when they begin alike; those that begin with `none` take no input."""
    return agreement._gate(_does, question, samples)  # type: ignore[arg-type]


def _does(_question: str, code: str) -> str | None:
    return None if code.startswith("none") else code.split(maxsplit=1)[0]


def look(
    gate: Gate,
    fates: Sequence[str | None],
    missing: Collection[int],
    onward: Onward,
    seed: int,
    threshold: Threshold | None = None,
) -> Look:
    n = len(fates)
    codes = [
        None if fate is None or i in missing else f"{fate} {i}" for i, fate in enumerate(fates)
    ]
    verdict = gate(Question("q", seed=seed), samples_of(*codes))
    threshold = threshold or Threshold(0.5)
    decision, passed = decide(verdict, threshold, n=n, missing=sorted(missing), onward=onward)
    return decision, passed, verdict.answer


def decided_early(full: Look, early: Look) -> bool:
    """Tell whether the decision fell early, after checking that it is that of the full draw."""
    assert full[0] != "undecided"
    if early[0] == "undecided":
        return False
    assert early[:2] == full[:2]
    assert early[0] != "accept" or early[2] == full[2]
    return True


@given(FATES, ONWARD, st.sets(st.integers(0, 9)), st.integers(0, 10**9))
def test_stopping_early_gives_the_decision_and_the_answer_of_the_full_draw(
    fates: list[str | None], onward: Onward, missing: set[int], seed: int
) -> None:
    missing &= set(range(len(fates)))
    full = look(BY_TESTS, fates, (), onward, seed)
    decided_early(full, look(BY_TESTS, fates, missing, onward, seed))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_no_subset_of_few_samples_decides_otherwise_and_some_decide_early(n: int) -> None:
    early = 0
    subsets = [set(m) for size in range(1, n + 1) for m in combinations(range(n), size)]
    for fates in product(["passed", "failed", None], repeat=n):
        for seed in range(8):
            full = look(BY_TESTS, fates, (), "escalate", seed)
            looks = [look(BY_TESTS, fates, missing, "escalate", seed) for missing in subsets]
            early += sum(decided_early(full, one) for one in looks)
    assert early > 0 or n == 1


@given(FATES, ONWARD, st.integers(1, 10), st.integers(0, 10**9))
def test_a_wave_that_decides_early_decides_as_the_full_draw(
    fates: list[str | None], onward: Onward, drawn: int, seed: int
) -> None:
    n, there = len(fates), fates[:drawn]
    full = look(BY_TESTS, fates, (), onward, seed)
    codes = [None if fate is None else f"{fate} {i}" for i, fate in enumerate(there)]
    verdict = BY_TESTS(Question("q", seed=seed), samples_of(*codes))
    missing = range(len(there), n)
    decision, passed = decide(verdict, Threshold(0.5), n=n, missing=missing, onward=onward)
    decided_early(full, (decision, passed, verdict.answer))


@given(
    st.lists(st.sampled_from(["a", "b", "none", None]), min_size=1, max_size=10),
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    st.booleans(),
    ONWARD,
    st.sets(st.integers(0, 9)),
)
def test_without_tests_the_early_answer_does_what_that_of_the_full_draw_does(
    does: list[str | None], tau: float, strict: bool, onward: Onward, missing: set[int]
) -> None:
    missing &= set(range(len(does)))
    threshold = Threshold(tau, strict=strict)
    full = look(by_agreement, does, (), onward, 0, threshold)
    early = look(by_agreement, does, missing, onward, 0, threshold)
    decided_early(_in_kind(full), _in_kind(early))


def _in_kind(look: Look) -> Look:
    return (*look[:2], look[2] and look[2].split()[0])


def test_one_that_passes_ends_the_rest_only_when_its_lot_comes_first() -> None:
    lots = BY_TESTS(Question("q", seed=5), samples_of("passed 0")).preferred
    first, second, *_ = [index for index in lots if index < 8]
    fates = ["failed"] * 8
    fates[second] = "passed"
    others = set(range(8)) - {second}
    assert look(BY_TESTS, fates, others, "escalate", 5)[0] == "undecided"
    assert look(BY_TESTS, fates, others - {first}, "escalate", 5)[:2] == ("accept", True)


def test_none_that_passes_yet_is_never_decided_early() -> None:
    assert look(BY_TESTS, ["failed"] * 8, {7}, "escalate", 0)[0] == "undecided"
    assert look(BY_TESTS, ["failed"] * 8, (), "escalate", 0)[0] == "escalate"
    assert look(BY_TESTS, ["failed"] * 8, (), "nothing", 0)[:2] == ("accept", False)
