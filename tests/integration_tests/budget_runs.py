"""Many runs on one budget, with replies as long as they may be or short, beside the server's bill.

`tests/integration_tests/test_shared_budgets.py` asserts what `benchmarks/reliability.py` prints.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from cope_graph import Budget, CopeContext, create_cope, tasks
from cope_graph.errors import BudgetError
from cope_graph.models.bound import bind
from cope_graph.money.amount import Amount
from cope_graph.stages.run import FRESH, Cascade, Run, entry
from cope_graph.stages.worst import worst_rest
from tests.integration_tests.bookkeeping import PRICES, Result, lines_of, usd
from tests.integration_tests.loops import Run as RunInLoop
from tests.loopback.clients import Server, chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply, wanted_choices

Way = Literal["ainvoke", "threads"]
Unit = Literal["usd", "tokens"]
Length = Literal["longest", "open", "short"]

PLAN_TOKENS: Final = 32
ANSWER_TOKENS: Final = 256
SETTINGS: Final = CopeContext(
    max_plan_tokens=PLAN_TOKENS, max_answer_tokens=ANSWER_TOKENS, retries=1, straggler_s=None
)
ONE: Final = Decimal(1)
TEN: Final = Decimal("10.5")
"""What a budget affords, in worst cases of a run."""

_THREADS: Final = 32


@dataclass(frozen=True)
class Plan:
    """Runs that share a budget.

    Attributes:
        runs: How many.
        way: How they are run.
        length: Of every reply. `"longest"`: exactly as long as it may be, and no two samples
            agree, so that every stage is paid; `"open"`: as long, and every other sample agrees,
            so that the decision stays open to the last; `"short"`: a few words, and all agree.
        affords: The budget, in worst cases of a run.
        unit: What it limits.
        counts: Whether the models count tokens themselves, which makes the worst case a close one.
        entered: Whether the budget is entered around the batch, instead of the graph's own.
        suffix: What the models' names end in, see `tests.loopback.suffixes`.
        breaks: Whether every fifth request is reset.
        settings: Of every run.
    """

    runs: int
    way: Way = "ainvoke"
    length: Length = "longest"
    affords: Decimal = TEN
    unit: Unit = "usd"
    counts: bool = True
    entered: bool = False
    suffix: str = ""
    breaks: bool = False
    settings: CopeContext = SETTINGS


@dataclass(frozen=True)
class Outcome:
    """What became of them.

    Attributes:
        plan: What was run.
        results: Outputs and errors.
        limit: The budget.
        worst: What one run may cost.
        spent: What the budget counts as spent.
        noted: The most the runs may have cost, by their ledgers.
        true: What they cost, by the server's count.
        seconds: What all took.
    """

    plan: Plan
    results: list[Result]
    limit: Decimal
    worst: Decimal
    spent: Decimal
    noted: Decimal
    true: Decimal
    seconds: float

    @property
    def floor(self) -> int:
        """How many have to finish."""
        return min(math.floor(self.limit / self.worst), self.plan.runs)

    @property
    def finished(self) -> int:
        """How many ran to their end."""
        outs = [result for result in self.results if isinstance(result, dict)]
        return sum(out["stopped_by"] is None for out in outs)

    @property
    def is_work_conserving(self) -> bool:
        """Whether a run went short only when less than another's worst case was left."""
        return self.finished == self.plan.runs or self.limit - self.spent < self.worst

    @property
    def strangers(self) -> list[Result]:
        """List the runs that ended neither with an answer nor for want of money."""
        return [r for r in self.results if not _is_typed(r)]


def spend(plan: Plan, run: RunInLoop) -> Outcome:
    """Let the runs spend."""
    with OpenAIServer(_replies(plan)) as server:
        small, large = model(server, "small", plan), model(server, "large", plan)
        worst = _in(plan.unit, worst_of_a_run(small, large, plan.settings))
        limit = worst * plan.affords
        budget = Budget(usd=limit) if plan.unit == "usd" else Budget(tokens=math.floor(limit))
        graph = create_cope(
            small,
            large,
            task=tasks.math(),
            defaults=plan.settings,
            prices=PRICES,
            budget=None if plan.entered else budget,
        ).compile()
        started = time.perf_counter()
        with budget if plan.entered else nullcontext():
            results = _run(graph, plan, run)
        seconds = time.perf_counter() - started
        lines = lines_of(results)
        bills = server.billed
    tokens = sum(bill.prompt_tokens + bill.completion_tokens for bill in bills.values())
    uppers = [Amount(Decimal(ln["usd_upper"] or "NaN"), ln["tokens_upper"]) for ln in lines]
    return Outcome(
        plan,
        results,
        limit=_in(plan.unit, budget.limit),
        worst=worst,
        spent=_in(plan.unit, budget.spent),
        noted=sum((_in(plan.unit, upper) for upper in uppers), Decimal(0)),
        true=usd(bills, PRICES) if plan.unit == "usd" else Decimal(tokens),
        seconds=seconds,
    )


def _is_typed(result: Result) -> bool:
    if isinstance(result, BaseException):
        return isinstance(result, BudgetError)
    return bool(result["answer"]) and result["stopped_by"] in (None, "budget")


def question(number: int) -> dict[str, Any]:
    """Ask something; all questions are equally long."""
    return {"messages": [("user", _question(number))]}


def _question(number: int) -> str:
    return f"Item {number:03}: what is 7 * 6?"


def worst_of_a_run(small: ChatOpenAI, large: ChatOpenAI, settings: CopeContext) -> Amount:
    """Bound a run as the graph does before its first request."""
    cascade = Cascade(
        small=bind(small, "small", PRICES),
        large=bind(large, "large", PRICES),
        task=tasks.math(),
        defaults=settings,
    )
    first = settings.stages[0]
    state: Any = {**FRESH, "messages": [HumanMessage(_question(0))], "stage": first}
    return worst_rest(Run(cascade, state, settings), entry(settings), first)


def model(server: Server, side: str, plan: Plan) -> ChatOpenAI:
    count = {"custom_get_token_ids": lambda text: list(range(len(text.split())))}
    return chat(server, side + plan.suffix, **(count if plan.counts else {}))


def _run(graph: Any, plan: Plan, run: RunInLoop) -> list[Result]:
    questions = [question(number) for number in range(plan.runs)]
    if plan.way == "threads":
        outs: list[Result] = graph.batch(
            questions, {"max_concurrency": _THREADS}, return_exceptions=True
        )
        return outs

    async def gathered() -> Any:
        runs = [graph.ainvoke(each) for each in questions]
        return await asyncio.gather(*runs, return_exceptions=True)

    given: list[Result] = run(gathered())
    return given


def _in(unit: Unit, amount: Amount) -> Decimal:
    given = amount.usd if unit == "usd" else amount.tokens
    return Decimal("NaN") if given is None else Decimal(given)


def _replies(plan: Plan) -> Callable[[Body], Reply]:
    count = itertools.count(1)
    answers = count if plan.length == "longest" else itertools.cycle((1, 2))

    def reply(body: Body) -> Reply:
        k, limit = wanted_choices(body), int(body["max_completion_tokens"])
        if plan.length == "short":
            return Reply(["The answer is 42."] * k)
        if "boxed" not in str(body["messages"][-1]["content"]):
            return Reply([" ".join(["plan"] * limit)])
        words = " ".join(["so"] * (limit - 4))  # and four more
        return Reply([f"{words} The answer is {next(answers)}." for _ in range(k)])

    requests = itertools.count(1)

    def breaking(body: Body) -> Reply:
        """Reset every fifth request."""
        given = reply(body)
        return replace(given, fault="reset") if next(requests) % 5 == 0 else given

    return breaking if plan.breaks else reply
