"""Many runs on one budget: what they cost never exceeds it, and as many as it affords finish."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from cope_graph import Budget, CopeContext, create_cope, tasks
from cope_graph.errors import DeadlineError
from tests.integration_tests.budget_runs import (
    ONE,
    SETTINGS,
    TEN,
    Length,
    Outcome,
    Plan,
    Unit,
    Way,
    question,
    spend,
)
from tests.integration_tests.loops import Run, event_loop
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Reply, wanted_choices


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


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_run_in_line_for_money_ends_at_its_deadline_and_leaves_the_line(
    loop: Run, way: str
) -> None:
    budget = Budget(tokens=100_000)
    with OpenAIServer(lambda body: Reply(["The answer is 42."] * wanted_choices(body))) as server:
        graph: Any = create_cope(
            chat(server, "small"),
            chat(server, "large"),
            task=tasks.math(),
            defaults=SETTINGS,
            budget=budget,
        ).compile()

        def ask(deadline_s: float | None = None) -> Any:
            context = CopeContext(deadline_s=deadline_s)
            if way == "invoke":
                return graph.invoke(question(0), context=context)
            return loop(graph.ainvoke(question(0), context=context))

        budget.admit("another run", budget.limit)
        with pytest.raises(DeadlineError):
            ask(deadline_s=0.2)
        assert server.count == 0
        budget.leave("another run")
        assert ask()["answer"] == "42"
