"""A quorum decides at the end of the draw that brings it, whatever comes in which order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, TypeAlias

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.state import Decision, Sample

Answers: TypeAlias = list[str | None]

ANSWERS = st.lists(st.sampled_from(["1", "2", "3", None]), min_size=1, max_size=9)
ONWARD = st.sampled_from(["escalate", "nothing"])


def near(one: str, other: str) -> bool:
    """Compare without transitivity: 1 is near 2, 2 is near 3."""
    return abs(int(one) - int(other)) <= 1


GATES = [vote(str.__eq__), vote(near, transitive=False)]


def seen(gate: Callable[..., Verdict], answers: Answers, missing: Collection[int]) -> Verdict:
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
    return gate(Question("q"), samples)


def at_end_of_draw(
    gate: Callable[..., Verdict], answers: Answers, end: int, quorum: int, onward: Onward
) -> tuple[Decision, bool, str | None]:
    n = len(answers)
    verdict = seen(gate, answers[:end], ())
    limit = Threshold(quorum / n, strict=False, quorum=quorum)
    found = decide(verdict, limit, n=n, missing=range(end, n), onward=onward)
    return (*found, verdict.answer)


def has_quorum(gate: Callable[..., Verdict], answers: Sequence[str | None], quorum: int) -> bool:
    classes = seen(gate, [*answers], ()).classes
    return bool(classes) and len(classes[0].members) >= quorum


@given(st.data(), ANSWERS, st.integers(1, 9), ONWARD, st.sampled_from(GATES))
def test_late_samples_of_a_draw_never_change_what_it_decides(
    data: st.DataObject,
    answers: Answers,
    quorum: int,
    onward: Literal["escalate", "nothing"],
    gate: Callable[..., Verdict],
) -> None:
    n = len(answers)
    start = data.draw(st.integers(0, n - 1))
    end = data.draw(st.integers(start + 1, n))
    late = sorted(data.draw(st.sets(st.integers(start, end - 1))))
    assume(not has_quorum(gate, answers[:start], quorum))  # it would have ended there
    verdict = seen(gate, answers[:end], late)
    missing = [*late, *range(end, n)]
    limit = Threshold(quorum / n, strict=False, quorum=quorum)
    early = decide(verdict, limit, n=n, missing=missing, onward=onward, awaited=late)
    if early[0] != "undecided":
        whole = at_end_of_draw(gate, answers, end, quorum, onward)
        assert early == whole[:2]
        assert early[0] != "accept" or verdict.answer == whole[2]


@given(st.data(), ANSWERS, st.integers(1, 9), st.sampled_from(GATES))
def test_the_draws_one_after_another_accept_where_all_of_them_would(
    data: st.DataObject, answers: Answers, quorum: int, gate: Callable[..., Verdict]
) -> None:
    n = len(answers)
    inner = st.sets(st.integers(1, n - 1)) if n > 1 else st.just(set())
    ends = [*sorted(data.draw(inner)), n]
    looks = (at_end_of_draw(gate, answers, end, quorum, "escalate") for end in ends)
    decision, accepted, answer = next(look for look in looks if look[0] != "undecided")
    assert accepted is has_quorum(gate, answers, quorum)
    assert decision == ("accept" if accepted else "escalate")
    if accepted and quorum > n / 2 and gate is GATES[0]:  # no other class can have one
        assert answer == seen(gate, answers, ()).answer


@pytest.mark.parametrize("late", [[], [2]])
def test_a_quorum_there_does_not_wait_for_later_draws_but_for_its_own(late: list[int]) -> None:
    verdict = seen(GATES[0], ["1", "2", "2"] if not late else ["1", "2", "2", "2"], late)
    limit = Threshold(0.5, strict=False, quorum=2)
    found = decide(
        verdict, limit, n=4, missing=late or [3], onward="escalate", awaited=late
    )  # fmt: skip
    # Without late samples: two of three agree, and the fourth could tie them, which is no matter.
    # With one: the class of the first sample may yet begin a pair of its own.
    assert found == (("undecided", False) if late else ("accept", True))


def test_a_score_is_no_quorum() -> None:
    verdict = Verdict(0.99, 0, "1", "")
    limit = Threshold(0.5, strict=False, quorum=1)
    assert decide(verdict, limit, n=2, missing=(), onward="escalate") == ("escalate", False)
