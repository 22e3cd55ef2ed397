"""What no budget could bound is refused before anything is paid, by name."""

from __future__ import annotations

import re
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest

from cope_graph import Budget, CopeContext, create_cope, tasks
from cope_graph.errors import BudgetError, InputError, UnknownPriceError
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner
from tests.unit_tests.money.spending import (
    ASK,
    HUGE,
    PLAN_FREE,
    PRICES,
    SURE,
    cascade,
    chat,
)

ENDS = {"max_plan_tokens": 9, "max_answer_tokens": 9}
_WHY = "which a budget needs: pass create_cope(defaults=CopeContext"
SMALL_ENDLESS = f"The small model s has no limit on its replies, {_WHY}"
LARGE_ENDLESS = f"The large model l has no limit on its replies, {_WHY}"
BOTH_ENDLESS = f"The small model s has no limit on its replies, nor has the large model l, {_WHY}"


def test_a_budget_in_usd_refuses_models_without_a_price_by_name_when_the_graph_is_built() -> None:
    small, large = chat("s", []), chat("l", [])
    budget = Budget(usd=1)
    with pytest.raises(UnknownPriceError, match="The small model s has no known price") as caught:
        create_cope(small, large, task=tasks.math(), budget=budget)
    assert "nor has the large model l" in str(caught.value)
    assert "set COPE_SMALL_PRICE and COPE_LARGE_PRICE" in str(caught.value)
    one = {"small": PRICES["small"]}
    with pytest.raises(UnknownPriceError, match="The large model l has no known price"):
        create_cope(small, large, task=tasks.math(), budget=budget, prices=one)
    create_cope(small, large, task=tasks.math(), budget=Budget(tokens=1))
    create_cope(small, large, task=tasks.math(), budget=budget, prices=PRICES)


@pytest.mark.parametrize("way", ["entered", "context"])
def test_a_budget_in_usd_refuses_them_at_a_runs_start_too(both: Runner, way: str) -> None:
    small, large = chat("s", SURE), chat("l", [])
    app = create_cope(small, large, task=tasks.math()).compile()
    context = {"budget_usd": 1} if way == "context" else None
    around = Budget(usd=1) if way == "entered" else nullcontext()
    with around, pytest.raises(UnknownPriceError, match="The small model s has no known price"):
        both(app, ASK, context=context)
    assert small.calls == []


@pytest.mark.parametrize(
    ("small_max", "large_max", "settings", "name"),
    [
        (None, 9, {}, f"{SMALL_ENDLESS}(max_plan_tokens=..., max_answer_tokens=...)"),
        (None, 9, {"max_plan_tokens": 9}, f"{SMALL_ENDLESS}(max_answer_tokens=...)"),
        (None, 9, {"max_answer_tokens": 9}, f"{SMALL_ENDLESS}(max_plan_tokens=...)"),
        (None, 9, PLAN_FREE, f"{SMALL_ENDLESS}(max_answer_tokens=...)"),
        (9, None, {}, f"{LARGE_ENDLESS}(max_plan_tokens=..., max_answer_tokens=...)"),
        (9, None, PLAN_FREE, f"{LARGE_ENDLESS}(max_answer_tokens=...)"),
        (None, None, {"stages": (1, 3)}, f"{BOTH_ENDLESS}(max_plan_tokens=..., max_answer_tok"),
    ],
)
def test_a_reply_without_a_limit_is_refused_by_the_settings_name(
    both: Runner, small_max: Any, large_max: Any, settings: dict[str, Any], name: str
) -> None:
    small, large = chat("s", SURE, small_max), chat("l", [], large_max)
    app = cascade(small, large, **settings).compile()
    with pytest.raises(BudgetError, match=re.escape(name)) as caught:
        both(app, ASK, context={"budget_tokens": HUGE})
    assert caught.value.ledger is not None
    assert small.calls == []
    with pytest.raises(BudgetError, match=re.escape(name)):
        cascade(small, large, Budget(tokens=HUGE), **settings)
    cascade(small, large, Budget(deadline_s=60), **settings)
    cascade(small, large, Budget(tokens=HUGE), **{**settings, **ENDS})


def test_everything_that_is_missing_is_said_at_once() -> None:
    small, large = chat("s", [], None), chat("l", [], None)
    with pytest.raises(UnknownPriceError) as caught:
        create_cope(small, large, task=tasks.math(), budget=Budget(usd=1))
    said = str(caught.value)
    assert "prices={'small': Price.of('INPUT', 'OUTPUT'), 'large': Price.of(" in said
    assert f"{BOTH_ENDLESS}(max_plan_tokens=..., max_answer_tokens=...)" in said


def test_a_model_that_a_run_never_asks_needs_neither_price_nor_limit(both: Runner) -> None:
    settings = CopeContext(small_plan="none", stages=(1,))
    small, large = chat("s", SURE), ScriptedChat(model_name="l", replies=[])
    prices = {"small": PRICES["small"]}
    graph = create_cope(small, large, task=tasks.math(), defaults=settings, prices=prices)
    out = both(graph.compile(), ASK, context={"budget_usd": Decimal(3000)})
    assert (out["answer"], out["ledger"]["usd"]) == ("3", "26")


def test_a_budget_is_a_budget() -> None:
    with pytest.raises(InputError, match=r"is a int, not a Budget: pass Budget\(usd='1.00'\)"):
        create_cope(chat("s", []), chat("l", []), task=tasks.math(), budget=3)  # type: ignore[arg-type]
