from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations, product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question
from cope_graph.state import Decision, Sample

GATE = vote(str.__eq__)
ANSWERS = st.lists(st.sampled_from(["1", "2", "3", None]), min_size=1, max_size=10)
TAUS = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
ONWARD = st.sampled_from(get_args(Onward))


def look(
    answers: Sequence[str | None],
    n: int,
    threshold: Threshold | None,
    onward: Onward,
    missing: Collection[int] | None = None,
) -> tuple[Decision, bool, str | None]:
    """Decide while some samples have not come; if not said which, those behind the answers."""
    missing = range(len(answers), n) if missing is None else missing
    samples: list[Sample] = [
        {
            "text": "",
            "answer": None if index in missing else answer,
            "finish": "stop",
            "goal": None,
            "id": None,
        }
        for index, answer in enumerate(answers)
    ]
    verdict = GATE(Question("q"), samples)
    decision, accepted = decide(verdict, threshold, n=n, missing=sorted(missing), onward=onward)
    return decision, accepted, verdict.answer


@pytest.mark.parametrize(
    ("agreeing", "tau", "strict", "accepted"),
    [
        (7, 0.75, True, True),
        (6, 0.75, True, False),
        (6, 0.75, False, True),
        (5, 0.5, True, True),
        (4, 0.5, True, False),
        (4, 0.5, False, True),
        (8, 1.0, True, False),
        (8, 1.0, False, True),
    ],
)
def test_the_threshold_is_to_be_exceeded_unless_told_otherwise(
    agreeing: int,
    tau: float,
    strict: bool,
    accepted: bool,
) -> None:
    answers: list[str | None] = ["1"] * agreeing + [None] * (8 - agreeing)
    assert look(answers, 8, Threshold(tau, strict=strict), "escalate")[1] is accepted


@pytest.mark.parametrize("onward", ["escalate", "hand_over"])
def test_below_the_threshold_the_run_goes_on(onward: Onward) -> None:
    assert look(["1", "2"], 2, Threshold(0.5), onward)[:2] == (onward, False)


def test_below_the_threshold_with_nothing_left_it_ends_unaccepted() -> None:
    assert look(["1", "2"], 2, Threshold(0.5), "nothing")[:2] == ("accept", False)


def test_without_a_threshold_any_answer_is_taken_and_no_answer_is_not() -> None:
    assert look(["1"], 1, None, "nothing")[:2] == ("accept", True)
    assert look([None], 1, None, "nothing")[:2] == ("accept", False)


def test_it_draws_on_while_the_rest_can_change_the_decision() -> None:
    assert look(["1", "1"], 4, Threshold(0.5), "escalate")[0] == "undecided"
    assert look(["1", "1", "1"], 4, Threshold(0.5), "escalate")[:2] == ("accept", True)
    assert look(["1", "2", "3"], 5, Threshold(0.75), "escalate")[0] == "escalate"


def test_it_judges_by_index_which_samples_are_missing() -> None:
    # Two of two agree; the missing ones may tie them, and would win if they came first.
    assert look(["1", "1", None, None], 4, Threshold(0.4), "nothing", {2, 3})[0] == "accept"
    assert look([None, None, "1", "1"], 4, Threshold(0.4), "nothing", {0, 1})[0] == "undecided"


def test_a_stage_without_a_threshold_is_never_decided_before_its_sample_is_there() -> None:
    assert look([None], 1, None, "nothing", {0})[0] == "undecided"


def decided_early(
    answers: Sequence[str | None],
    threshold: Threshold,
    onward: Onward,
    missing: Collection[int],
) -> bool:
    """Tell whether the decision fell early, after checking that it is that of the full draw."""
    n = len(answers)
    full = look(answers, n, threshold, onward)
    early = look(answers, n, threshold, onward, missing)
    assert full[0] != "undecided"
    if early[0] == "undecided":
        return False
    assert early[:2] == full[:2]
    if early[0] == "accept":
        assert early[2] == full[2]
    return True


@given(ANSWERS, TAUS, st.booleans(), ONWARD, st.sets(st.integers(0, 9)))
def test_stopping_early_gives_the_decision_and_the_answer_of_the_full_draw(
    answers: list[str | None],
    tau: float,
    strict: bool,
    onward: Onward,
    missing: set[int],
) -> None:
    missing &= set(range(len(answers)))
    decided_early(answers, Threshold(tau, strict=strict), onward, missing)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("strict", [True, False])
def test_no_subset_of_few_samples_decides_otherwise_than_all_of_them(n: int, strict: bool) -> None:
    early = 0
    subsets = [set(m) for size in range(n + 1) for m in combinations(range(n), size)]
    for answers in product(["1", "2", None], repeat=n):
        for tau in (0.0, 0.25, 0.5, 0.75, 1.0):
            for onward in ("escalate", "nothing"):
                for missing in subsets:
                    threshold = Threshold(tau, strict=strict)
                    early += bool(missing) and decided_early(answers, threshold, onward, missing)
    assert early > 0 or n == 1


@given(ANSWERS, TAUS, st.booleans())
def test_a_higher_threshold_never_accepts_more(
    answers: list[str | None],
    tau: float,
    strict: bool,
) -> None:
    n = len(answers)
    low = look(answers, n, Threshold(tau / 2, strict=strict), "escalate")[1]
    high = look(answers, n, Threshold(tau, strict=strict), "escalate")[1]
    assert low >= high
