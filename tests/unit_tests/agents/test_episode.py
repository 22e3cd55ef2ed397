from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.agents.episode import NEW_EPISODE, Episode, after_step, with_bill

DOLLARS = st.decimals(0, 1000, places=9)


def bill(usd: str | None = "0.1", tokens: int | None = 12) -> dict[str, Any]:
    line = {"tokens_upper": tokens}
    sums = {"requests": 1, "input_tokens": 10, "output_tokens": 2, "usd": usd, "usd_upper": usd}
    return {**sums, "lines": [line]}


def facts(stage: int = 1, plan: str | None = None, **more: Any) -> dict[str, Any]:
    return {"stage": stage, "accepted": True, "plan": plan, "ledger": bill(), **more}


def step(episode: Episode = NEW_EPISODE, **more: Any) -> Episode:
    kept = more.pop("kept", None)
    surprised = more.pop("surprised", False)
    return after_step(episode, facts(**more), kept=kept, surprised=surprised)


def test_steps_are_counted_by_who_decided_them() -> None:
    episode = NEW_EPISODE
    for stage in (1, 1, 3, 2, 1):
        episode = step(episode, stage=stage, accepted=stage != 2)
    counted = {name: episode[name] for name in ("steps", "small", "guided", "large", "unaccepted")}
    assert counted == {"steps": 5, "small": 3, "guided": 1, "large": 1, "unaccepted": 1}


def test_a_plan_is_counted_when_it_is_written_and_ages_when_it_is_kept() -> None:
    written = step(step(), plan="look, then go")
    assert (written["plans"], written["plan"], written["since_plan"]) == (1, "look, then go", 1)
    kept = step(written, plan="look, then go", kept="look, then go")
    assert (kept["plans"], kept["plan"], kept["since_plan"]) == (1, "look, then go", 2)
    dropped = step(kept, plan=None, surprised=True)
    assert (dropped["plan"], dropped["since_plan"], dropped["surprises"]) == (None, 3, 1)


def test_the_same_words_written_anew_are_a_plan_that_was_paid() -> None:
    again = step(step(plan="look"), plan="look", kept=None)
    assert (again["plans"], again["since_plan"]) == (2, 1)


@given(st.lists(DOLLARS, max_size=20))
def test_dollars_add_up_to_every_digit(spent: list[Decimal]) -> None:
    episode = NEW_EPISODE
    for usd in spent:
        episode = with_bill(episode, bill(str(usd)))
    assert Decimal(episode["usd"] or "none") == sum(spent)
    assert episode["requests"] == len(spent)


@given(st.lists(st.none() | DOLLARS.map(str), min_size=1, max_size=9))
def test_one_unknown_price_makes_the_sum_unknown_and_never_0(spent: list[str | None]) -> None:
    episode = NEW_EPISODE
    for usd in spent:
        episode = with_bill(episode, bill(usd))
    assert (episode["usd"] is None) == (None in spent)


@pytest.mark.parametrize(("tokens", "upper"), [((3, 4), 7), ((3, None), None), ((None, 4), None)])
def test_tokens_have_an_upper_bound_as_long_as_every_request_has(
    tokens: tuple[int | None, ...], upper: int | None
) -> None:
    episode = NEW_EPISODE
    for count in tokens:
        episode = with_bill(episode, bill(tokens=count))
    assert episode["tokens_upper"] == upper


def test_a_step_does_not_change_the_turn_before_it() -> None:
    before = dict(NEW_EPISODE)
    step(stage=3, plan="x")
    assert before == NEW_EPISODE
