from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cope_graph.gates.majority import group, vote
from cope_graph.gates.verdict import Question
from cope_graph.state import Sample

Q = Question("q")
ANSWERS = st.lists(st.sampled_from(["1", "2", "3", None]), min_size=1, max_size=12)


def same(a: str, b: str) -> bool:
    return a == b


def samples(*answers: str | None) -> list[Sample]:
    return [
        {"text": f"t{a}", "answer": a, "finish": "stop", "goal": None, "id": None} for a in answers
    ]


def test_the_largest_class_wins_with_its_share_of_all_samples() -> None:
    verdict = vote(same)(Q, samples("1", "2", "2", None))
    assert (verdict.answer, verdict.winner, verdict.confidence) == ("2", 1, 0.5)


def test_a_tie_goes_to_the_class_whose_first_member_came_first() -> None:
    verdict = vote(same)(Q, samples("2", "1", "1", "2"))
    assert (verdict.answer, verdict.winner) == ("2", 0)


def test_no_readable_answer_is_no_confidence_and_a_reason() -> None:
    verdict = vote(same)(Q, samples(None, None))
    assert (verdict.answer, verdict.winner, verdict.confidence) == (None, None, None)
    assert verdict.explanation == "none of 2 samples has a readable answer"


def test_equality_need_not_be_transitive_answers_meet_the_first_member_only() -> None:
    classes = group(["1", "2", "3"], lambda a, b: abs(int(a) - int(b)) == 1)
    assert [c.members for c in classes] == [(0, 1), (2,)]


@given(ANSWERS)
def test_classes_are_a_partition_of_the_readable_samples(answers: list[str | None]) -> None:
    classes = group(answers, same)
    members = sorted(index for c in classes for index in c.members)
    assert members == [i for i, answer in enumerate(answers) if answer is not None]
    sizes = [len(c.members) for c in classes]
    assert sizes == sorted(sizes, reverse=True)


@given(ANSWERS)
def test_an_unreadable_sample_never_raises_confidence(answers: list[str | None]) -> None:
    before = vote(same)(Q, samples(*answers))
    after = vote(same)(Q, samples(*answers, None))
    assert after.answer == before.answer
    assert (after.confidence or 0) <= (before.confidence or 0)
