from __future__ import annotations

from typing import Any

import pytest

from cope_graph.errors import InputError
from cope_graph.evaluation.records import Row
from cope_graph.evaluation.replaying.compared import compared
from tests.unit_tests.evaluation.recorded import records, row, stage

ARM = "plan_free"


def fine(item: str, **given: Any) -> Row:
    return row(item, ARM, {1: "aaab", 3: "a"}, **given)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([fine("x", error="it broke")], "a run in arm plan_free ended with an error"),
        ([fine("x"), fine("x")], "more than one run in arm plan_free"),
        (
            [fine("x", stages=[stage(1, "ab", right=None), stage(3, "a")])],
            "nobody knows whether an answer in arm plan_free is right",
        ),
        (
            [fine("x", stages=[stage(1, "abab", confidence=float("nan")), stage(3, "a")])],
            "a figure in arm plan_free is no number",
        ),
        ([fine("x", stages=[stage(1, "aaaa")])], "a stage in arm plan_free is missing"),
        (
            [fine("x", stages=[stage(1, "ab", n=4), stage(3, "a")])],
            "fewer than 4 samples in arm plan_free",
        ),
    ],
)
def test_an_item_whose_row_cannot_be_used_is_left_out_and_counted(
    rows: list[Row], why: str
) -> None:
    found = compared(records([*rows, fine("y")]), 4)
    assert (found.items, found.excluded) == (("y",), {why: 1})


def test_an_item_that_an_arm_lacks_is_left_out_of_all() -> None:
    found = compared(records([fine("x"), fine("y"), row("y", "own_plan", {3: "a"})]), 4)
    assert (found.items, found.excluded) == (("y",), {"no run in arm own_plan": 1})
    assert [*found.rows[ARM]] == ["y"]


def test_a_run_that_failed_and_was_made_again_counts() -> None:
    found = compared(records([fine("x", error="it broke"), fine("x")]), 4)
    assert found.items == ("x",)
    assert found.rows[ARM]["x"]["error"] is None


def test_an_unlabelled_sample_without_an_answer_is_no_matter() -> None:
    one = fine("x")
    one["stages"][0]["samples"][3] |= {"answer": None, "right": None}
    assert compared(records([one]), 4).items == ("x",)


def test_nothing_left_is_an_error_that_says_why() -> None:
    with pytest.raises(InputError, match=r"No item of r.jsonl can be compared \(a run in arm"):
        compared(records([fine("x", error="it broke")]), 4)
    with pytest.raises(InputError, match="it has no rows"):
        compared(records([]), 4)


def test_runs_that_stopped_drawing_early_are_refused_with_what_can_be_asked() -> None:
    early = fine("x", stages=[stage(1, "aaa", n=4, accepted=True)])
    solved = records([early, fine("y")], made_by="solve")
    with pytest.raises(InputError, match=r"'x' stopped early, with 3 of 4 .* Ask for n=3, or rec"):
        compared(solved, 4)
    assert compared(solved, 3).items == ("x", "y")


def test_a_run_that_was_accepted_lacks_no_stage_and_one_that_broke_off_does() -> None:
    accepted = fine("x", stages=[stage(1, "aaaa", accepted=True)])
    broken = fine("y", stages=[stage(1, "abcd", accepted=False)])
    found = compared(records([accepted, broken, fine("z")], made_by="solve"), 4)
    assert found.items == ("x", "z")
    assert found.excluded == {"a stage in arm plan_free is missing": 1}
