from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.evaluation.records import StageRecord
from cope_graph.evaluation.replaying.outcomes import Sheet, sheet
from cope_graph.evaluation.replaying.repricing import Pricing
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question
from cope_graph.state import Sample, Stage
from tests.unit_tests.evaluation.recorded import equal, row, stage


def read(*stages: StageRecord, number: Stage = 1) -> Sheet:
    """Read one stage of an arm, an item for each record."""
    rows = {f"item {i}": row(f"item {i}", "cope", {}, stages=[s]) for i, s in enumerate(stages)}
    return sheet(("cope", number), tuple(rows), rows, Pricing({}))


def sample(answer: str | None) -> Sample:
    return {"text": "", "answer": answer, "finish": None, "goal": None, "id": None}


ANSWERS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12)
TAUS = st.one_of(
    st.floats(0, 1),
    # The thresholds that shares of samples may stand at exactly.
    st.tuples(st.integers(0, 12), st.integers(1, 12)).map(lambda of: min(of[0] / of[1], 1.0)),
)


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(st.lists(st.sampled_from("abc_"), min_size=n, max_size=n), min_size=1)
    ),
    st.integers(1, 12),
    TAUS,
    st.booleans(),
)
def test_a_vote_of_the_first_samples_is_the_gates_own(
    votes: list[list[str]], fewer: int, tau: float, strict: bool
) -> None:
    drawn = [[None if answer == "_" else answer for answer in one] for one in votes]
    n = min(fewer, len(drawn[0]))
    found = read(*(stage(1, answers) for answers in drawn)).at(n)
    accepted = found.accepts(tau, strict=strict)
    for i, answers in enumerate(drawn):
        verdict = vote(equal)(Question(""), [sample(answer) for answer in answers[:n]])
        _, passed = decide(verdict, Threshold(tau, strict), n=n, missing=(), onward="escalate")
        assert accepted[i] == passed
        assert found.answered[i] == (verdict.answer is not None)
        assert found.right[i] == (verdict.answer == "a")
        if verdict.confidence is not None:
            assert found.confidence[i] == verdict.confidence


def test_an_item_without_an_answer_passes_no_threshold_not_even_0() -> None:
    found = read(stage(1, [None, None]), stage(1, ["a", None]))
    assert found.at(2).accepts(0.0, strict=False).tolist() == [False, True]


def test_a_stage_that_was_not_drawn_is_not_there() -> None:
    found = read(stage(1, "ab"), stage(2, "ab")).at(2)
    assert (found.there.tolist(), found.answered.tolist()) == ([True, False], [True, False])


def test_more_samples_than_were_drawn_are_refused_with_the_item_and_the_most() -> None:
    with pytest.raises(
        InputError, match=r"n=3 does: stage 1 of arm 'cope' of item 'item 1' had 2 "
    ):
        read(stage(1, "aab"), stage(1, "ab")).at(3)
    with pytest.raises(InputError, match="Ask for n=2 or fewer"):
        read(stage(1, "aab"), stage(1, "ab")).at(3)


def test_a_gate_that_does_not_vote_has_its_recorded_word_and_no_other() -> None:
    found = read(stage(1, "ab", votes=False, confidence=0.3, answer="b", right=False))
    at = found.at(2)
    assert (at.confidence.tolist(), at.right.tolist()) == ([0.3], [False])
    assert at.accepts(0.2, strict=True).tolist() == [True]
    assert at.accepts(0.3, strict=True).tolist() == [False]
    with pytest.raises(InputError, match=r"a gate that does not vote and saw 2 samples. Keep n=2"):
        found.at(1)


def test_a_gate_that_knows_looks_at_no_threshold() -> None:
    passing = stage(1, "ab", votes=False, confidence=0.5, passes=True)
    failing = stage(1, "ab", votes=False, confidence=0.5, passes=False)
    found = read(passing, failing).at(2)
    for tau in (0.0, 0.9):
        assert found.accepts(tau, strict=True).tolist() == [True, False]


def test_the_first_sample_alone_needs_no_vote_and_no_judge() -> None:
    found = read(stage(1, "ab", votes=False, confidence=0.3, answer="b", right=False)).first()
    assert (found.right.tolist(), found.samples.tolist()) == ([True], [1])
    assert read(stage(1, [None, "a"])).first().answered.tolist() == [False]


def test_seconds_are_known_for_the_n_that_was_drawn_alone() -> None:
    found = read(stage(1, "ab"))
    assert found.at(2).seconds.tolist() == [1.0]
    assert str(found.at(1).seconds.tolist()) == "[nan]"
