from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.vote import vote
from cope_graph.state import Decision, Sample

GATE = vote(str.__eq__)
ANSWERS = st.lists(st.sampled_from(["1", "2", "3", None]), min_size=1, max_size=10)
TAUS = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
ONWARD = st.sampled_from(get_args(Onward))


def look(
    answers: list[str | None], n: int, threshold: Threshold | None, onward: Onward
) -> tuple[Decision, bool, str | None]:
    samples: list[Sample] = [
        {"text": "", "answer": a, "finish": "stop", "goal": None, "id": None} for a in answers
    ]
    verdict = GATE("q", samples)
    left = n - len(answers)
    decision, accepted = decide(
        verdict, threshold, drawn=len(answers), remaining=left, onward=onward
    )
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


@given(ANSWERS, TAUS, st.booleans(), ONWARD)
def test_stopping_early_gives_the_decision_and_the_answer_of_the_full_draw(
    answers: list[str | None],
    tau: float,
    strict: bool,
    onward: Onward,
) -> None:
    n, threshold = len(answers), Threshold(tau, strict=strict)
    full = look(answers, n, threshold, onward)
    assert full[0] != "undecided"
    for drawn in range(1, n):
        early = look(answers[:drawn], n, threshold, onward)
        if early[0] == "undecided":
            continue
        assert early[:2] == full[:2]
        if early[0] == "accept":
            assert early[2] == full[2]


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
