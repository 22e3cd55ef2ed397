"""Runs a second, many at once, beside the bare requests that they consist of.

    python -m benchmarks.throughput [--at-once 256] [--rounds 5] [--markdown] [--json FILE]

The server, a process of its own, answers after 50 ms. *Bare* is plain Python that makes the same
requests with `ChatOpenAI`, *naive* a LangGraph of five nodes that makes them (both in
benchmarks/naive.py); *cope* is the cascade, also under a shared budget that is never short. Each
round takes every contender once, in rotating order, in one event loop; medians are reported. The
server's bill of each round is compared: all buy the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from benchmarks.naive import State, Steps, abare, naive_graph
from benchmarks.overhead import CASES, PRICES, QUESTION, SCRIPT, Case, bought
from benchmarks.table import table
from cope_graph import PLAN_FREE, Budget, CopeContext, create_cope, tasks
from tests.loopback.clients import chat
from tests.loopback.openai_process import OpenAIServerProcess

UPSTREAM_S = 0.05
MOST_TOKENS = 1000


@dataclass(frozen=True)
class Row:
    """Runs a second, the median over the rounds."""

    case: str
    at_once: int
    requests: int
    bare_per_s: float
    naive_per_s: float
    cope_per_s: float
    budget_per_s: float
    naive_to_bare: float
    cope_to_bare: float
    budget_to_bare: float


HEAD = ["case", "at once", "requests", "bare /s", "naive /s", "cope /s", "with budget /s"]
HEAD += ["naive / bare", "cope / bare", "with budget / bare"]

Contender = Callable[[], Awaitable[str]]


def contenders(case: Case, server: OpenAIServerProcess) -> list[Contender]:
    """Build bare, naive, cope, and cope under a budget, each as a run that gives its answer."""
    steps = Steps(server, case.small, planned=case.planned)
    start: State = {"question": QUESTION, "stage": 1}
    settings = CopeContext() if case.planned else PLAN_FREE
    capped = settings.model_copy(
        update={"max_plan_tokens": MOST_TOKENS, "max_answer_tokens": MOST_TOKENS}
    )
    question: Any = {"messages": [("user", QUESTION)]}

    def cope(defaults: CopeContext, budget: Budget | None) -> Contender:
        graph = create_cope(
            chat(server, case.small),
            chat(server, "large"),
            task=tasks.math(),
            defaults=defaults,
            prices=PRICES,
            budget=budget,
        ).compile()

        async def run() -> str:
            return str((await graph.ainvoke(question))["answer"])

        return run

    async def by_bare() -> str:
        return (await abare(steps, start.copy(), planned=case.planned))["answer"]

    naive = naive_graph(steps, planned=case.planned, prefix="a")

    async def by_naive() -> str:
        return str((await naive.ainvoke(start))["answer"])

    return [by_bare, by_naive, cope(settings, None), cope(capped, Budget(usd="1000000"))]


async def round_of(run: Contender, at_once: int) -> float:
    """Give the wall seconds of runs side by side."""
    started = time.perf_counter()
    answers = await asyncio.gather(*(run() for _ in range(at_once)))
    assert set(answers) == {"84"}
    return time.perf_counter() - started


def measure(case: Case, at_once: int, rounds: int) -> Row:
    """Measure one case."""
    with (
        OpenAIServerProcess(SCRIPT, delay_s=UPSTREAM_S) as server,
        asyncio.Runner() as runner,
    ):
        runs = contenders(case, server)
        seconds: list[list[float]] = [[] for _ in runs]
        bills = set()
        for turn in range(rounds + 1):  # the first warms up
            for index in range(turn, turn + len(runs)):
                before = server.stats()
                took = runner.run(round_of(runs[index % len(runs)], at_once))
                seconds[index % len(runs)].append(took)
                bills.add(bought(before, server.stats()))
        assert len(bills) == 1, f"not all bought the same: {bills}"
    per_s = [at_once / median(times[1:]) for times in seconds]
    ratios = [other / per_s[0] for other in per_s[1:]]
    return Row(case.name, at_once, bills.pop()[0], *per_s, *ratios)


def cells(row: Row) -> list[str]:
    """Write a row of the table."""
    return [f"{it:.2f}" if isinstance(it, float) else str(it) for it in astuple(row)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Runs a second beside the bare requests.")
    parser.add_argument("--at-once", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = [measure(case, args.at_once, args.rounds) for case in CASES]
    print(table([HEAD, *map(cells, rows)], markdown=args.markdown))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
