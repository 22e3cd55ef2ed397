"""What thresholds can't be calibrated on, each with its fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cope_graph.calibration import Alone, Schedule, StageOutcomes, calibrate
from cope_graph.calibration.schedule import check_schedule
from cope_graph.errors import InputError
from tests.unit_tests.calibration.outcomes import names, schedule, table, voters


def small(items: int = 4, **changed: Any) -> dict[int, StageOutcomes]:
    given: dict[str, Any] = {
        "confidence": np.full(items, 0.5),
        "right": np.arange(items) % 2 == 0,
        "usd": np.zeros(items),
    }
    return {1: StageOutcomes(**(given | changed))}


def alone(items: int = 4, **changed: Any) -> Alone:
    given: dict[str, Any] = {
        "items": names(items),
        "right": np.ones(items, np.bool_),
        "usd": np.ones(items),
    }
    return Alone(**(given | changed))


NAN = np.array([0.5, float("nan"), 0.5, 0.5])
REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("no item", lambda: alone(0)),
    ("Item 'x' is there twice", lambda: Alone(("x", "x"), np.ones(2, np.bool_), np.ones(2))),
    ("2 labels for 4 items", lambda: alone(right=np.array([1, 0]))),
    ("no label for item 'item 1'", lambda: alone(right=[True, None, True, True])),
    ("no label for item 'item 1'", lambda: alone(right=np.array([1, float("nan"), 0, 1]))),
    ("USD of item 'item 1' is nan", lambda: alone(usd=NAN)),
    ("USD of item 'item 0' is -1.0", lambda: alone(usd=np.array([-1.0, 0, 0, 0]))),
    ("not every one is a number", lambda: alone(usd=["a", "b", "c", "d"])),
    ("confidence of item 'item 1' is nan", lambda: table(4, small=small(confidence=NAN))),
    ("it has to be 0 to 1", lambda: table(4, small=small(confidence=np.full(4, 1.5)))),
    ("no share of 8 samples", lambda: table(4, small=small(confidence=np.full(4, 1 / 3)))),
    ("another n", lambda: table(4, schedule=schedule(n=5), small=small())),
    ("labelled right", lambda: table(4, small=small(right=np.ones(4)))),
    ("labelled wrong", lambda: table(4, small=small(right=np.zeros(4)))),
    ("labelled wrong", lambda: voters(4, right=np.zeros((4, 4)))),
    ("outcomes are of stages", lambda: table(4, schedule=schedule(plans=True))),
    ("both or neither", lambda: table(4, right3=np.ones(4))),
    ("outcomes of a small stage", lambda: table(4, schedule=only_large(), small={})),
    ("A model is there twice", lambda: voters(9, voters=("a", "b", "b", "c"))),
    ("A model is there twice", lambda: voters(9, large="a")),
    ("two voters at least", lambda: voters(9, most=1)),
    ("items x voters is", lambda: voters(9, groups=np.zeros((9, 3)))),
    ("above 0 and below 1, not 0", lambda: calibrate(table(90), max_loss=0)),
    ("above 0 and below 1, not 2", lambda: calibrate(table(90), max_loss=2)),
    ("Give one target", lambda: calibrate(table(90))),
    ("Give one target", lambda: calibrate(table(90), max_loss=0.1, max_usd=1)),
    ("confidence is above 0", lambda: calibrate(table(90), max_loss=0.1, confidence=1)),
    ("max_usd is above 0", lambda: calibrate(table(90), max_usd=0)),
    ("no more than most_usd", lambda: calibrate(table(90), max_usd=1, most_usd=0.5)),
    ("more than most_usd", lambda: calibrate(table(90), max_usd=0.009, most_usd=0.01)),
    ("raise max_usd above", lambda: calibrate(table(90), max_usd=0.0001)),
    ("one at least", lambda: calibrate([], max_loss=0.1)),
    ("differ in items", lambda: calibrate([table(90), table(80)], max_loss=0.1)),
    ("empty: give a share", lambda: calibrate(voters(90), max_loss=0.1, split=0)),
    ("empty: give a share", lambda: calibrate(voters(90), max_loss=0.1, split=1)),
    ("empty: give a share", lambda: calibrate(voters(90), max_loss=0.1, split=0.001)),
]


def only_large() -> Schedule:
    return Schedule(("small",), "large", 8, (3,), "none")


@pytest.mark.parametrize(
    ("said", "make"), REFUSED, ids=[f"{i} {x}" for i, (x, _) in enumerate(REFUSED)]
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    said: str, make: Callable[[], object]
) -> None:
    with pytest.raises(InputError, match=said):
        make()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Schedule(("a", "b"), "l", 2, (1, 3), "none", 3), "can't be reached by 2 voters"),
        (Schedule(("a", "a"), "l", 2, (1, 3), "none", 2), "each model once"),
        (Schedule(("a",), "a", 2), "each model once"),
        (Schedule(("a", "b"), "l", 2), "need a quorum"),
        (Schedule(("a", "b"), "l", 3, (1, 3), "none", 2), "n is how many they are"),
        (Schedule(("a",), "l", 2, (3, 1)), "in order that end at 3"),
        (Schedule(("a",), "l", 2, (1, 2)), "in order that end at 3"),
    ],
)
def test_a_schedule_that_no_run_can_follow_is_refused(wrong: Schedule, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_schedule(wrong)


def test_no_answer_is_a_confidence_of_0_and_never_accepted() -> None:
    (ladder,) = table(4, small=small(confidence=np.zeros(4))).ladders()
    assert not ladder.accepted.any()
