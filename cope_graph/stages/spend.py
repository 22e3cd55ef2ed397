"""The money and the time of a run, as its nodes see them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Final

from cope_graph.errors import BudgetError, UnknownPriceError
from cope_graph.gates.asking import AskingGate
from cope_graph.models.bound import Bound
from cope_graph.models.flight import StopReason
from cope_graph.models.steps import Step, Steps
from cope_graph.models.worst import most_tokens
from cope_graph.money.amount import Amount
from cope_graph.money.budget import Budget, entered
from cope_graph.money.lines import LedgerLine
from cope_graph.money.purse import Purse
from cope_graph.stages.run import Run, Used

JUDGED: Final = "the judge's max_tokens"
_LOOK_AGAIN_S: Final = 1.0


@dataclass(frozen=True)
class Clock:
    """The time of a run, from when one of its nodes began.

    Attributes:
        run: The run.
        purse: Its budgets, which may have deadlines.
        started: When the node began.
    """

    run: Run
    purse: Purse
    started: float = field(default_factory=time.monotonic)

    @property
    def node_s(self) -> float:
        """Seconds the node has taken."""
        return time.monotonic() - self.started

    def left_s(self) -> float | None:
        """Seconds until the run must end, `None` without a deadline."""
        own, spent = self.run.settings.deadline_s, self.run.state.get("seconds", 0.0)
        left = [] if own is None else [own - spent - self.node_s]
        shared = self.purse.seconds_left
        return min([*left, *([] if shared is None else [shared])], default=None)

    def limit_s(self) -> float:
        """Seconds a request may take that begins now."""
        left = self.left_s()
        timeout = self.run.settings.timeout_s
        return timeout if left is None else min(timeout, left)

    def late(self) -> StopReason:
        """Say why a request ends at its limit."""
        left = self.left_s()
        return "deadline" if left is not None and left <= 0 else "timeout"


def purse_of(run: Run) -> Purse:
    """Open a run's purse: its own limits less what it has spent, and the budgets it shares."""
    shared = dict.fromkeys([*entered(), *([run.cascade.budget] if run.cascade.budget else [])])
    return Purse(run.state.get("run", ""), _own(run), tuple(sorted(shared, key=id)))


def check_bounds(run: Run, purse: Purse) -> None:
    """Refuse to start what no budget could bound, see `check_models`."""
    if purse.is_limited:
        check_models(run, usd=purse.limits_usd)


def check_models(run: Run, *, usd: bool) -> None:
    """Refuse models that no budget could hold, naming everything that is missing.

    Args:
        run: The run, of which the settings count.
        usd: Whether USD are limited, and not tokens alone.

    Raises:
        UnknownPriceError: A model has no price and the budget is in USD.
        BudgetError: A model has no limit on its replies.
    """
    used = run.models_used()
    models = [one for one in used if not one.model.is_agent]
    unpriced = [one.model for one in models if usd and not one.model.has_price()]
    missing = [(one.model, _unset(run, one)) for one in models]
    endless = [model for model, names in missing if names]
    names = list(dict.fromkeys(name for _, names in missing for name in names))
    nested = [one.model for one in used if one.model.is_cascade]
    agents = [one.model for one in used if one.model.is_agent]
    several = bool(run.cascade.more_voters)
    wrong = [_no_price(unpriced, several=several)] if unpriced else []
    wrong += [_no_end(endless, names)] if endless else []
    wrong += [_no_bound(nested)] if nested else []
    wrong += [_no_bound_on_agents(agents)] if agents else []
    if wrong:
        raise (UnknownPriceError if unpriced else BudgetError)(" ".join(wrong))


def _unset(run: Run, used: Used) -> list[str]:
    """Name the limits on a model's replies that are needed and that it does not have."""
    needed = {"max_plan_tokens": used.plans, "max_answer_tokens": used.answers}
    settings, gate, model = run.settings, run.cascade.task.gate, used.model
    unset = [
        name
        for name, needs in needed.items()
        if needs and most_tokens(model, getattr(settings, name)) is None
    ]
    asked = gate.max_tokens if isinstance(gate, AskingGate) else None
    if used.judges and most_tokens(model, asked) is None:
        unset.append(JUDGED)
    return unset


def _no_bound(models: list[Bound]) -> str:
    return (
        f"{_named(models, 'a cascade inside')}, whose spending no max_tokens bounds: limit that "
        "one, ChatCope(budget=...), and not this one."
    )


def _no_bound_on_agents(models: list[Bound]) -> str:
    names = " and ".join(f"{model.side}_executor" for model in models)
    return (
        f"{names} asks models as often as it likes, which no max_tokens bounds: run this graph "
        "without a limit on money, and bound the agent itself (ModelCallLimitMiddleware, "
        "recursion_limit)."
    )


def _no_price(models: list[Bound], *, several: bool) -> str:
    keys = [model.name if several and model.side == "small" else model.side for model in models]
    prices = ", ".join(f"'{key}': Price.of('INPUT', 'OUTPUT')" for key in keys)
    variables = " and ".join(dict.fromkeys(f"COPE_{model.side.upper()}_PRICE" for model in models))
    return (
        f"{_named(models, 'no known price')}, so a budget in USD cannot hold: pass "
        f"create_cope(prices={{{prices}}}), set {variables} (cope solve, the server), or limit "
        "tokens."
    )


def _no_end(models: list[Bound], names: list[str]) -> str:
    settings = ", ".join(f"{name}=..." for name in names if name != JUDGED)
    ways = [f"create_cope(defaults=CopeContext({settings}))"] if settings else []
    ways += ["gates.judge(max_tokens=...)"] if JUDGED in names else []
    return (
        f"{_named(models, 'no limit on its replies')}, which a budget needs: pass "
        f"{' and '.join(ways)}, or set max_tokens on the model."
    )


def _named(models: list[Bound], lack: str) -> str:
    first, *others = (f"the {model.side} model {model.name}" for model in models)
    return f"T{first[1:]} has {lack}{''.join(f', nor has {other}' for other in others)}"


def admission(purse: Purse, clock: Clock, worst: Callable[[], Amount]) -> Steps[None]:
    """Wait, as a generator of steps, until the run may go on spending.

    It ends early when the run's time is up; its requests then find no money held for them.

    Args:
        purse: The run's.
        clock: The run's.
        worst: Gives what the rest of the run may cost.
    """
    limited = [budget for budget in purse.shared if budget.limits_money]
    most = worst() if limited else Amount()
    for budget in limited:  # one after the other: see `Purse.shared`
        granted = budget.admit(purse.run, most)
        try:
            while not granted.done() and clock.late() != "deadline":
                pause = min(clock.limit_s(), _LOOK_AGAIN_S)
                yield Step(partial(_wait, granted, pause), partial(_await, granted, pause))
                budget.poke()
        finally:
            granted.cancel()


def _wait(granted: Future[None], pause: float) -> None:
    with suppress(TimeoutError):
        granted.result(pause)


async def _await(granted: Future[None], pause: float) -> None:
    await asyncio.wait([asyncio.wrap_future(granted)], timeout=pause)


def _own(run: Run) -> Budget | None:
    """Make the run's own limits, less what its bill says it may have spent."""
    usd, tokens = run.settings.budget_usd, run.settings.budget_tokens
    lines = run.state["ledger"]["lines"]
    if usd is not None:
        usd = max(usd - sum((_most_usd(line, usd) for line in lines), Decimal(0)), Decimal(0))
    if tokens is not None:
        tokens = max(tokens - sum(_most_tokens(line, tokens) for line in lines), 0)
    return None if usd is None and tokens is None else Budget(usd=usd, tokens=tokens)


def _most_usd(line: LedgerLine, limit: Decimal) -> Decimal:
    """Give the most a line may have cost: all there was, when nothing bounds it."""
    upper = line["usd_upper"]
    return limit if upper is None else max(Decimal(upper), Decimal(0))


def _most_tokens(line: LedgerLine, limit: int) -> int:
    upper = line["tokens_upper"]
    return limit if upper is None else max(upper, 0)
