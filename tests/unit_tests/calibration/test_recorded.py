"""Records of a bench as outcomes: which schedules they hold, and what they can't answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cope_graph.calibration import StageTable, VoterTable, from_records
from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.evaluation.records import Records
from tests.unit_tests.evaluation.recorded import bench, records, row

MODELS = {"small": "m", "large": "l", "voter:x": "x", "voter:y": "y"}


def whole() -> Records:
    return records(bench().rows, models=MODELS)


def stages(found: Any) -> dict[tuple[tuple[int, ...], str], StageTable]:
    return {
        (table.schedule.stages, table.schedule.small_plan): table
        for table in found.tables
        if isinstance(table, StageTable)
    }


def test_every_schedule_of_the_records_is_a_table() -> None:
    found = from_records(whole())
    assert set(stages(found)) == {
        ((1, 3), "none"),
        ((1, 2, 3), "goal"),
        ((1, 3), "goal"),
        ((1, 2, 3), "guideline"),
        ((2, 3), "none"),
    }
    assert found.notes == ()


def test_outcomes_are_those_of_the_records() -> None:
    table = stages(from_records(whole()))[(1, 2, 3), "goal"]
    assert table.alone.items == ("one", "two", "three", "four")
    assert table.small[1].confidence.tolist() == [0.75, 0.25, 0.25, 0.75]
    assert table.small[1].right.tolist() == [True, True, True, False]
    assert table.small[1].usd.tolist() == pytest.approx([0.8] * 4)  # four plans, four samples
    assert table.small[2].usd.tolist() == pytest.approx([1.4] * 4)
    assert table.usd3 is not None
    assert table.usd3.tolist() == [1.0] * 4


def test_without_plans_the_large_model_alone_is_stage_3() -> None:
    table = stages(from_records(whole()))[(1, 3), "none"]
    assert table.right3 is None
    assert table.alone.usd.tolist() == [1.0] * 4


def test_voters_are_to_be_ordered_by_cost_with_one_sample_of_the_small_model() -> None:
    (table,) = (one for one in from_records(whole()).tables if isinstance(one, VoterTable))
    assert table.voters == ("m", "x", "y")
    assert table.by_cost
    assert table.usd[:, 0].tolist() == pytest.approx([0.1] * 4)
    agree = table.groups[:, 0] == table.groups[:, table.voters.index("x")]
    assert agree.tolist() == [True, True, True, False]


def test_half_of_the_samples_are_a_schedule_too() -> None:
    settings = CopeContext(n=6)
    rows = [row(str(i), "plan_free", {1: "aaabbb" if i else "bbbaaa", 3: ["a"]}) for i in range(3)]
    found = from_records(records(rows, settings=settings))
    sizes = [one.schedule.n for one in found.tables if isinstance(one, StageTable)]
    assert sizes == [6, 3]
    assert from_records(records(rows, settings=settings), n=6).tables[0].schedule.n == 6  # type: ignore[union-attr]


def test_at_fewer_samples_a_plan_that_was_picked_among_all_is_no_outcome() -> None:
    found = from_records(whole(), n=3)
    assert ((1, 3), "goal") in stages(found)
    assert not [key for key in stages(found) if key[0] == (1, 2, 3)]
    assert "picked among more than n=3 samples" in " ".join(found.notes)


def test_records_without_plan_stages_say_that_stage_1_alone_is_calibrated() -> None:
    rows = [one for one in bench().rows if one["arm"] == "plan_free"]
    found = from_records(records(rows))
    assert "stage 1's threshold alone" in " ".join(found.notes)
    assert [one.schedule.stages for one in found.tables if isinstance(one, StageTable)] == [(1, 3)]


def test_an_item_without_an_outcome_is_left_out_and_counted() -> None:
    rows = [*bench().rows, row("five", "plan_free", {}, error="broken")]
    found = from_records(records(rows, models=MODELS))
    assert any(note.startswith("1 items are left out") for note in found.notes)


def test_without_the_large_model_alone_there_is_no_loss() -> None:
    rows = [one for one in bench().rows if one["arm"] == "cope"]
    with pytest.raises(InputError, match=r"large model does alone.*cope bench"):
        from_records(records(rows))


def test_runs_that_ended_early_are_refused() -> None:
    rows = [
        row("one", "plan_free", {1: "aaaa"}),
        row("two", "plan_free", {1: "abcd", 3: ["a"]}),
    ]
    rows[0]["stages"][0]["accepted"] = True
    with pytest.raises(InputError, match="complete outcomes with cope bench"):
        from_records(records(rows, made_by="solve"))


def test_samples_that_were_never_drawn_are_refused() -> None:
    cut = row("one", "plan_free", {1: "aaaa", 3: ["a"]})
    cut["stages"][0]["samples"] = cut["stages"][0]["samples"][:2]
    with pytest.raises(InputError, match=r"stopped early|Record|record"):
        from_records(records([cut], made_by="solve"))


def test_an_unknown_price_is_refused_with_the_option() -> None:
    made = [one for one in bench().rows if one["arm"] == "plan_free"]
    for one in made:
        for line in one["lines"]:
            line["usd"] = None
    with pytest.raises(InputError, match="--small-price"):
        from_records(records(made))


def test_a_gate_that_runs_tests_has_no_threshold() -> None:
    made = [one for one in bench().rows if one["arm"] == "plan_free"]
    for one in made:
        one["stages"][0]["passes"] = True
    with pytest.raises(InputError, match="no threshold to calibrate"):
        from_records(records(made))


def test_an_item_without_an_answer_has_a_confidence_of_0() -> None:
    rows = [
        row("one", "plan_free", {1: [None] * 4, 3: ["a"]}),
        row("two", "plan_free", {1: "aaaa", 3: ["a"]}),
    ]
    table = stages(from_records(records(rows)))[(1, 3), "none"]
    assert np.array_equal(table.small[1].confidence, [0.0, 1.0])
    assert not table.small[1].right[0]
