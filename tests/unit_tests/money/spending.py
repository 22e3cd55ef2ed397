"""A cascade of scripted models with prices and limits, and a look into what a budget holds."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from decimal import Decimal
from threading import Event
from typing import Any

from pydantic import PrivateAttr

from cope_graph import Budget, CopeContext, Price, create_cope, tasks
from cope_graph.money.amount import NOTHING, Amount
from cope_graph.money.lines import Ledger
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import EVERY_WAY, Runner

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
UNSURE = [says("3")] * 4 + [says("4")] * 4
SURE = [says("3")] * 8
GOALS = [f"goal {i}" for i in range(8)]
PLAN_FREE: dict[str, Any] = {"small_plan": "none", "stages": (1, 3)}
PRICES = {"small": Price.of("1000000", "1000000"), "large": Price.of("2000000", "2000000")}
"""1 USD a token, and 2: figures to reckon with in one's head."""
HUGE = 100_000
"""More tokens than any budget of these tests has: a model with this limit is never asked."""


class Watched(Budget):
    """Remembers what runs asked it to hold."""

    def __init__(self, **limits: Any) -> None:
        super().__init__(**limits)
        self.asked: list[Amount] = []

    def admit(self, run: str, worst: Amount) -> Future[None]:
        self.asked.append(worst)
        return super().admit(run, worst)


class SlowChat(ScriptedChat):
    """Does not answer until it is told to, or cancelled."""

    _released: Event = PrivateAttr(default_factory=Event)

    def release(self) -> None:
        self._released.set()

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        self._released.wait(30)
        return super()._generate(*args, **kwargs)

    async def _agenerate(self, *_: Any, **__: Any) -> Any:
        await asyncio.sleep(30)


def chat(name: str, replies: list[str], max_tokens: int | None = 10) -> ScriptedChat:
    return ScriptedChat(model_name=name, replies=replies, max_tokens=max_tokens)


def cascade(
    small: ScriptedChat, large: ScriptedChat, budget: Budget | None = None, **settings: Any
) -> Any:
    defaults = CopeContext(**settings)
    return create_cope(
        small, large, task=tasks.math(), defaults=defaults, prices=PRICES, budget=budget
    )


def check_nothing_is_held(budget: Budget) -> None:
    till = budget._till
    assert (till._held, till._flying, till._holds) == (NOTHING, NOTHING, {})


def check_spent(budget: Budget, *ledgers: Ledger) -> None:
    """Check that a budget was charged what the bills say, and holds nothing more."""
    check_nothing_is_held(budget)
    if budget.limit.usd is not None:
        assert budget.spent.usd == sum((Decimal(str(bill["usd"])) for bill in ledgers), Decimal(0))
    if budget.limit.tokens is not None:
        assert budget.spent.tokens == sum(
            bill["input_tokens"] + bill["output_tokens"] for bill in ledgers
        )


def all_at_once(both: Runner, app: Any, count: int) -> list[Any]:
    """Run a graph many times side by side, the way that `both` runs it; errors are results."""
    if both is EVERY_WAY["invoke"]:
        return list(app.batch([ASK] * count, return_exceptions=True))

    async def batch() -> list[Any]:
        return list(await app.abatch([ASK] * count, return_exceptions=True))

    return asyncio.run(batch())
