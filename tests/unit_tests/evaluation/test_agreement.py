from __future__ import annotations

import pytest

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.replay import replay
from cope_graph.evaluation.replaying.walk import Outcomes
from tests.unit_tests.evaluation.recorded import bench, records, row, stage


def outcomes(*voters: str) -> Outcomes:
    return replay(bench(), n=4, voters=voters or None).at(4)


def test_all_voters_and_the_small_models_first_answer_are_one_vote() -> None:
    found = outcomes()["agreement", 1, False]
    assert found.confidence.tolist() == pytest.approx([2 / 3] * 4)
    assert found.right.tolist() == [True, True, True, False]  # "four" begins with a b
    assert found.samples.tolist() == [3] * 4
    assert found.bill.usd.sum(axis=1) == pytest.approx([2.1] * 4)
    assert found.bill.large.tolist() == [0] * 4


def test_a_tie_goes_to_whom_the_order_names_first() -> None:
    assert outcomes("x", "y")["agreement", 1, False].right.tolist() == [True] * 4
    assert outcomes("y", "x")["agreement", 1, False].right.tolist() == [False] * 4


def test_voters_that_are_not_there_or_are_named_twice_are_refused() -> None:
    assert replay(bench(), n=4).voters == ("x", "y", "small")
    with pytest.raises(InputError, match="no voter 'z' in these records; there is: x, y, small"):
        outcomes("x", "z")
    with pytest.raises(InputError, match="named once each"):
        outcomes("x", "x")


def test_answers_in_no_classes_make_no_agreement() -> None:
    rows = [row("i", "plan_free", {1: "ab", 3: "a"}), row("i", "voter:x", {3: "a"})]
    found = replay(records(rows), n=2).at(2)  # a gate that does not vote numbers no classes
    assert ("agreement", 1, False) not in found


def test_a_voter_without_an_answer_counts_among_all_and_never_wins() -> None:
    silent = stage(3, [None])
    rows = [
        row("i", "plan_free", {1: "ab", 3: "a"}),
        row("i", "voter:x", {3: [None]}, stages=[silent]),
    ]
    found = replay(records(rows), n=2).at(2)["agreement", 1, False]
    assert (found.confidence.tolist(), found.right.tolist()) == ([0.5], [True])
