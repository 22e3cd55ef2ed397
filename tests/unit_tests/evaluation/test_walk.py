from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from cope_graph.errors import InputError
from cope_graph.evaluation.records import Records
from cope_graph.evaluation.replaying.methods import (
    COPE,
    LARGE,
    METHODS,
    PLAN_FREE,
    SMALL_VOTE,
    in_order,
)
from cope_graph.evaluation.replaying.replay import replay
from cope_graph.evaluation.replaying.walk import Gap, Thresholds, Walk, walk
from tests.unit_tests.evaluation.recorded import bench, records, row

HALF = Thresholds(0.5, 0.5, strict=True)


def walked(name: str, given: Records | None = None, n: int = 4) -> Walk:
    method = next(one for one in METHODS if one.name == name)
    found = walk(method, replay(given or bench(), n=n).at(n), HALF)
    assert isinstance(found, Walk)
    return found


@pytest.mark.parametrize(
    ("name", "ends", "right"),
    [
        ("small x1", [1, 1, 1, 1], [1, 1, 1, 0]),
        ("small vote", [1, 1, 1, 1], [1, 1, 1, 0]),
        ("large", [3, 3, 3, 3], [1, 1, 1, 1]),
        ("large with its own plan", [3, 3, 3, 3], [0, 0, 0, 0]),
        ("plan-free vote cascade", [1, 3, 3, 1], [1, 1, 1, 0]),
        ("agreement of several models", [1, 1, 1, 1], [1, 1, 1, 0]),
        ("oracle", [1, 1, 1, 2], [1, 1, 1, 1]),
        ("COPE", [1, 2, 3, 1], [1, 1, 1, 0]),
        ("S1+S2", [1, 2, 2, 1], [1, 1, 0, 0]),
        ("S2+S3", [2, 2, 3, 2], [1, 1, 1, 1]),
        ("S1+S3", [1, 3, 3, 1], [1, 1, 1, 0]),
        ("small planner: guideline", [1, 1, 3, 1], [1, 1, 1, 1]),
        ("small planner: none", [1, 2, 3, 1], [1, 1, 1, 0]),
        ("stage 1 alone", [1, 1, 1, 1], [1, 1, 1, 0]),
        ("stage 2 alone", [2, 2, 2, 2], [1, 1, 0, 1]),
    ],
)
def test_each_method_ends_where_its_gates_say(name: str, ends: list[int], right: list[int]) -> None:
    found = walked(name)
    assert (found.ends.argmax(axis=1) + 1).tolist() == ends
    assert found.right.tolist() == right
    assert found.ends.sum(axis=1).tolist() == [1] * 4
    assert found.right_ends.sum(axis=1).tolist() == right


def test_a_method_pays_for_the_stages_it_goes_through_and_no_others() -> None:
    found = walked("COPE").usd.sum(axis=2)
    assert found == pytest.approx(
        np.array([[0.8, 0, 0], [0.8, 1.4, 0], [0.8, 1.4, 1], [0.8, 0, 0]])
    )
    assert walked("S1+S3").usd.sum(axis=(1, 2)) == pytest.approx([0.8, 1.8, 1.8, 0.8])
    assert walked("small x1").usd.sum(axis=(1, 2)) == pytest.approx([0.1] * 4)
    assert walked("COPE").large.tolist() == [0, 12, 24, 0]
    assert walked("COPE").seconds.ravel().tolist() == [1, 3, 6, 1]
    assert walked("COPE").samples.tolist() == [4, 8, 9, 4]


def test_an_unknown_price_matters_where_it_was_paid_alone() -> None:
    given = bench()
    for one in given:
        for line in one["lines"]:
            if line["stage"] == 3:
                line["usd"] = None
    usd = walked("COPE", given).usd.sum(axis=(1, 2))
    assert [isnan(one) for one in usd] == [False, False, True, False]


def test_lots_are_the_mean_of_both_ways() -> None:
    found, vote, large = (walked(name) for name in ("random router", "small vote", "large"))
    assert found.right == pytest.approx(0.75 * vote.right + 0.25 * large.right)
    assert found.usd == pytest.approx(0.75 * vote.usd + 0.25 * large.usd)
    assert found.ends[:, 2].tolist() == [0.25] * 4
    assert found.chance.tolist() == [0.75, 0.25]


def test_an_unreadable_last_answer_gives_way_to_the_one_before_as_in_the_graph() -> None:
    given = records([row("x", "cope", {1: "abcd", 2: [None] * 4, 3: [None]})])
    found = walked("COPE", given)
    assert (found.right.tolist(), found.ends.tolist()) == ([1], [[0, 0, 1]])


def test_what_was_never_drawn_is_a_gap_and_no_figure() -> None:
    given = replay(records([row("x", "plan_free", {1: "abcd", 3: "a"})]), n=4).at(4)
    assert isinstance(walk(PLAN_FREE, given, HALF), Walk)
    assert walk(COPE, given, HALF) == Gap(COPE.steps[0])


def test_an_order_takes_each_stage_with_what_came_before_it() -> None:
    steps = in_order((2, 1, 3)).steps
    assert [(s.arm, s.stage, s.gate) for s in steps] == [
        ("no_goal", 2, "tau2"),
        ("cope", 1, "tau1"),
        ("no_goal", 3, "none"),
    ]
    assert in_order((3,)).steps == LARGE.steps
    assert in_order((1,)).steps != SMALL_VOTE.steps  # under goals, and without
    for wrong in ((3, 1), (1, 1), (4,), ()):
        with pytest.raises(InputError, match="An order is some of 1, 2, 3"):
            in_order(wrong)
