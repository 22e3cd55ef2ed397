from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cope_graph import CopeContext
from cope_graph.agents.episode import NEW_EPISODE, Episode
from cope_graph.agents.limits import limits
from cope_graph.errors import InputError


def episode(**taken: Any) -> Episode:
    made: Any = {**NEW_EPISODE, **taken}
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("given", "taken", "halt"),
    [
        ((3, None, None), {"steps": 2}, None),
        ((3, None, None), {"steps": 3}, "steps"),
        ((None, 100, None), {"tokens_upper": 99}, None),
        ((None, 100, None), {"tokens_upper": 100}, "tokens"),
        ((None, 100, None), {"tokens_upper": None}, "tokens"),
        ((None, None, "0.3"), {"usd_upper": "0.299999999"}, None),
        ((None, None, 0.3), {"usd_upper": "0.3"}, "usd"),
        ((None, None, "0.3"), {"usd_upper": None}, "usd"),
        ((None, None, None), {"steps": 10**6, "usd_upper": None, "tokens_upper": None}, None),
    ],
)
def test_a_limit_is_reached_when_nothing_is_left(
    given: tuple[Any, Any, Any], taken: dict[str, Any], halt: str | None
) -> None:
    assert limits(*given).reached(episode(**taken)) == halt


def test_a_step_gets_what_is_left_of_the_turn_and_no_more_than_its_own() -> None:
    turn = limits(None, 1000, "0.30")
    taken = episode(tokens_upper=900, usd_upper="0.1")
    wide = turn.of_step(taken, CopeContext())
    assert wide is not None
    assert (wide.budget_tokens, wide.budget_usd) == (100, Decimal("0.2"))
    narrow = turn.of_step(taken, CopeContext(budget_tokens=7, budget_usd=Decimal("0.01")))
    assert narrow is not None
    assert (narrow.budget_tokens, narrow.budget_usd) == (7, Decimal("0.01"))


def test_a_turn_without_limits_leaves_a_steps_own() -> None:
    settings = CopeContext(budget_tokens=7)
    assert limits(5, None, None).of_step(NEW_EPISODE, settings) is None


def test_the_limit_that_is_nearer_is_named() -> None:
    taken = episode(tokens_upper=900, usd_upper="0.1")
    assert limits(None, 1000, "0.3").nearest(taken) == "tokens"
    assert limits(None, 10_000, "0.101").nearest(taken) == "usd"
    assert limits(None, 1000, None).nearest(taken) == "tokens"
    assert limits(None, None, None).nearest(taken) == "usd"


def test_the_end_says_which_limit_and_what_the_turn_took() -> None:
    said = limits(3, None, None).said("steps", episode(steps=3, usd="0.02"))
    assert said == "Stopped: its 3 steps are used (3 steps, for 0.02 USD), and there is no answer."
    assert "unknown price" in limits(3, None, None).said("steps", episode(usd=None))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ((0, None, None), "max_steps"),
        ((True, None, None), "max_steps"),
        ((2.5, None, None), "max_steps"),
        ((None, -1, None), "budget_tokens"),
        ((None, None, 0), "budget_usd"),
        ((None, None, "ten"), "budget_usd"),
        ((None, None, "NaN"), "budget_usd"),
        ((None, None, True), "budget_usd"),
        ((None, None, float("inf")), "budget_usd"),
    ],
)
def test_what_is_no_limit_is_refused_by_its_name(given: tuple[Any, Any, Any], name: str) -> None:
    with pytest.raises(InputError, match=f"{name}=.* is no limit"):
        limits(*given)
