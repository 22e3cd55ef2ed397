"""Many runs on one budget: what they cost never exceeds it, and as many as it affords finish."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from cope_graph import CopeContext
from tests.integration_tests.budget_runs import (
    ONE,
    SETTINGS,
    TEN,
    Length,
    Outcome,
    Plan,
    Unit,
    Way,
    spend,
)
from tests.integration_tests.loops import Run, event_loop


@pytest.fixture(scope="module")
def loop() -> Iterator[Run]:
    with event_loop() as run:
        yield run


def check(outcome: Outcome) -> None:
    """Assert what holds whatever the replies are like and whatever fails."""
    assert outcome.strangers == []
    assert outcome.true <= outcome.spent <= outcome.limit
    assert outcome.spent == outcome.noted
    assert outcome.is_work_conserving
    assert outcome.seconds < 120


@pytest.mark.parametrize("unit", ["usd", "tokens"])
@pytest.mark.parametrize("way", ["ainvoke", "threads"])
@pytest.mark.parametrize(("runs", "affords"), [(1, ONE), (32, TEN), (256, TEN)])
@pytest.mark.parametrize("length", ["longest", "short"])
def test_runs_on_one_budget_keep_to_it_and_as_many_as_it_affords_finish(
    loop: Run, unit: Unit, way: Way, runs: int, affords: Decimal, length: Length
) -> None:
    outcome = spend(Plan(runs, way, length, affords, unit), loop)
    check(outcome)
    assert outcome.finished >= outcome.floor
    if length == "short":  # what is not spent is not kept from the others
        assert outcome.finished >= min(runs, 10 * outcome.floor)
    elif runs > 1:
        assert outcome.floor == 10
        assert outcome.finished < runs
        assert outcome.true >= outcome.limit * Decimal("0.9")


@pytest.mark.parametrize("way", ["ainvoke", "threads"])
@pytest.mark.parametrize("runs", [32, 256])
def test_a_budget_entered_around_a_batch_holds_for_it(loop: Run, way: Way, runs: int) -> None:
    outcome = spend(Plan(runs, way, entered=True), loop)
    check(outcome)
    assert runs > outcome.finished >= outcome.floor == 10


@pytest.mark.parametrize("way", ["ainvoke", "threads"])
def test_a_model_that_counts_no_tokens_is_bounded_by_the_bytes_of_its_prompts(
    loop: Run, way: Way
) -> None:
    close = spend(Plan(32, way), loop)
    outcome = spend(Plan(32, way, counts=False), loop)
    check(outcome)
    assert outcome.worst > close.worst
    assert outcome.finished >= outcome.floor == 10


@pytest.mark.parametrize("unit", ["usd", "tokens"])
@pytest.mark.parametrize("way", ["ainvoke", "threads"])
@pytest.mark.parametrize(("runs", "length"), [(32, "longest"), (32, "short")])
def test_a_budget_holds_where_every_fifth_request_is_reset(
    loop: Run, unit: Unit, way: Way, runs: int, length: Length
) -> None:
    outcome = spend(Plan(runs, way, length, unit=unit, breaks=True), loop)
    check(outcome)
    # A request whose usage nobody saw is charged in full.
    assert outcome.true < outcome.spent
    assert outcome.finished > 0


WAVES: dict[str, Any] = {"wave": 1, "tau1": 0.5, "tau2": 0.5}


@pytest.mark.parametrize("counts", [True, False], ids=["counts", "bytes"])
@pytest.mark.parametrize("unit", ["usd", "tokens"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"small_plan": "guideline", "large_plan": "goal"},
        {"small_plan": "none"},
        {"stages": (1, 2)},
        {"stages": (2, 3)},
        {"stages": (1, 3)},
        {"stages": (1, 3), "own_plan": True},
        {"stages": (3,)},
        WAVES,
        WAVES | {"small_plan": "none"},
    ],
    ids=str,
)
def test_the_worst_case_of_a_run_is_enough_for_it(
    loop: Run, settings: dict[str, Any], unit: Unit, *, counts: bool
) -> None:
    bounds = {"max_plan_tokens": 16, "max_answer_tokens": 16, "n": 4}
    of_runs = CopeContext(**{**SETTINGS.model_dump(), **bounds, **settings})
    # Where no usage is reported every request is charged its worst case.
    plan = Plan(1, "ainvoke", "open", ONE, unit, counts=counts, suffix="-nousage", settings=of_runs)
    outcome = spend(plan, loop)
    check(outcome)
    assert outcome.finished == outcome.floor == 1
