"""Some arms alone: what is compared then, and the way there."""

from __future__ import annotations

from typing import Any

import pytest

from cope_graph.errors import InputError
from cope_graph.evaluation.records import Records
from cope_graph.evaluation.replaying.summarising import summarise
from tests.unit_tests.evaluation.recorded import bench, records, row


def stopped() -> Records:
    """Make a bench that was stopped when one of three items had its last arm."""
    rows = [row(item, "plan_free", {1: "aaab", 3: "a"}) for item in "xyz"]
    return records([*rows, row("x", "cope", {1: "aaab", 2: "aaaa", 3: "a"})])


def test_items_that_an_arm_was_not_drawn_for_are_warned_of_with_the_way_out() -> None:
    found = summarise(stopped())
    assert (found.items, found.excluded) == (1, {"no run in arm cope": 2})
    said = [word.text for word in found.words if word.level == "warning"]
    assert (
        "2 items are left out, since not all arms were drawn for them (cope): the same `cope "
        "bench` goes on, and `--arms plan_free` compares all items without those arms."
    ) in said


def test_some_arms_alone_compare_all_items_that_these_have() -> None:
    found = summarise(stopped(), arms=["plan_free"])
    assert (found.items, found.excluded) == (3, {})
    assert "COPE" not in [one.name for one in found.methods]
    assert not any("not all arms" in word.text for word in found.words)


def test_a_whole_bench_is_not_warned_of() -> None:
    assert not any("not all arms" in word.text for word in summarise(bench()).words)


def test_without_a_whole_arm_of_a_cascade_the_bench_has_to_go_on() -> None:
    rows = [row("x", "plan_free", {1: "aaab", 3: "a"}), row("x", "own_plan", {3: "a"})]
    found = summarise(records([*rows, row("y", "own_plan", {3: "a"})]))
    assert any(word.text.endswith("the same `cope bench` goes on.") for word in found.words)


def test_the_whole_data_set_is_told_and_nothing_of_it_counts_as_left_out() -> None:
    data: Any = {"name": "d", "sha256": "0", "items": 685}
    rows = [row(item, "plan_free", {1: "aaab", 3: "a"}) for item in "xyz"]
    found = summarise(records(rows, data=data))
    assert (found.items, found.whole, found.excluded) == (3, 685, {})


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        (["cope", "nope"], r"no arm 'nope' in r.jsonl; there is: plan_free, cope\."),
        ([], "name one of plan_free, cope"),
        (["own_plan"], "no arm 'own_plan'"),
    ],
)
def test_arms_that_are_not_there_are_refused(arms: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        summarise(stopped(), arms=arms)
