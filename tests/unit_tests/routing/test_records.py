"""What is no record of a run is refused, and records that nothing can be learnt from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cope_graph.errors import InputError
from cope_graph.routing import RoutingRecord, fit_router, proven
from cope_graph.routing.records import costs_of, digest
from tests.unit_tests.routing.made_up import by_length, records

YES, NO = True, False
GOOD: dict[str, Any] = {"question": "Why?", "accepted": False, "usd_stage1": 0.1, "usd_stage3": 1}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"usd_stage1": -1}, "not -1"),
        ({"usd_stage1": float("nan")}, "not nan"),
        ({"usd_stage1": Decimal("sNaN")}, "not sNaN"),
        ({"usd_stage1": None}, "holds usd_stage1"),
        ({"usd_stage1": "0.1"}, "not 0.1"),
        ({"usd_stage1": True}, "not True"),
        ({"usd_stage3": float("inf")}, "not inf"),
        ({"usd_stage3": Decimal(-1)}, "not -1"),
        ({"usd_stage2": 1}, "both or neither"),
        ({"accepted2": True}, "both or neither"),
        ({"accepted": 1}, "True or False"),
        ({"accepted": None}, "True or False"),
        ({"usd_stage2": 1, "accepted2": "yes"}, "True or False"),
        ({"question": "  "}, "needs its question"),
        ({"question": 7}, "needs its question"),
    ],
)
def test_what_cannot_have_been_recorded_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        RoutingRecord(**{**GOOD, **wrong})


BAD: list[tuple[list[Any], str]] = [
    ([], "needs 50 recorded questions at least, not 0"),
    (records(49), "needs 50 recorded questions at least, not 49"),
    ([*records(60), {"question": "Why?"}], "made of RoutingRecord"),
    (records(60, easy=1, hard=1), "accepted 60 of 60"),
    (records(60, easy=0, hard=0), "accepted 0 of 60"),
    ([RoutingRecord("Why?", i % 2 == 0, 0.1) for i in range(60)], "Stage 3 ran for 0"),
    (
        [
            RoutingRecord("Why?", i % 2 == 0, 0.1, usd_stage3=1 if i == 3 else None)
            for i in range(60)
        ],
        "Stage 3 ran for 1 ",
    ),
    (
        [*records(60), RoutingRecord("Why?", NO, 0.1, 0.2, YES, None)],
        "Stage 2 ran for 1 ",
    ),
]


@pytest.mark.parametrize(("given", "said"), BAD, ids=[said for _, said in BAD])
@pytest.mark.parametrize("make", [fit_router, lambda found: proven(by_length, found)])
def test_records_that_nothing_can_be_learnt_from_are_refused(
    make: Any, given: list[Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        make(given)


def test_costs_are_means_of_the_runs_that_paid_them() -> None:
    found = [
        RoutingRecord("a", YES, Decimal("0.1")),
        RoutingRecord("b", NO, 0.3, 1.0, YES),
        RoutingRecord("c", NO, 0.2, 3.0, NO, 8),
    ]
    costs = costs_of(found)
    assert costs.stage1 == pytest.approx(0.2)
    assert (costs.stage2, costs.stage3) == (2.0, 8.0)
    assert costs.accepts2 == 0.5
    assert costs.stages == (1, 2, 3)


def test_other_records_have_another_name() -> None:
    assert digest(records()) == digest(records())
    assert digest(records()) != digest(records(usd1=0.005))
    assert digest(records()) != digest([*records()[1:], records()[0]])
