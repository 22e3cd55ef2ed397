"""CPU of a run over the same requests without the cascade.

    python -m benchmarks.overhead [--runs 40] [--markdown] [--json FILE]

Contenders: the bare `ChatOpenAI` calls, a naive LangGraph of five nodes that makes them (both in
`benchmarks.naive`), and `create_cope`. All ask one zero-latency server, a process of its own. What
counts is the CPU time of this process, all threads: wall time on a shared machine would measure its
other users. One run each in turn, in rotating order; the medians are reported. The server's bill of
every single run is compared: the contenders buy the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import partial
from operator import sub
from pathlib import Path
from statistics import median
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from benchmarks.naive import State, Steps, abare, bare, naive_graph
from benchmarks.table import table
from cope_graph import PLAN_FREE, CopeContext, Price, create_cope, tasks
from tests.loopback.clients import chat
from tests.loopback.completions import Bill
from tests.loopback.openai_process import OpenAIServerProcess, Stats

QUESTION = (
    "A farmer has 6 fields. Each field gives 14 sacks of wheat in a good year and half as many in "
    "a bad one. After two bad years, how many sacks has the farmer harvested?"
)
REPLY = (
    "In a bad year each field gives half of 14 sacks, that is 14 / 2 = 7 sacks. The 6 fields give "
    "6 * 7 = 42 sacks a year, so two bad years give 2 * 42 = 84 sacks in all.\n\nThe answer is {}."
)
SCRIPT = {
    "agrees": [REPLY.format(84)],
    "differs": [REPLY.format(number) for number in range(8)],
    "large": [REPLY.format(84)],
}
PRICES = dict.fromkeys(SCRIPT, Price.of("0.15", "0.60"))
WARM_UP = 5

Run = Callable[[], str]
AsyncRun = Callable[[], Awaitable[str]]


@dataclass(frozen=True)
class Case:
    """What happens in a run."""

    name: str
    small: str
    planned: bool
    requests: int


CASES = (
    Case("accept at stage 1, plan-free", "agrees", planned=False, requests=1),
    Case("accept at stage 1, default", "agrees", planned=True, requests=1 + 8),
    Case("three stages", "differs", planned=True, requests=1 + 8 + 1 + 1 + 1),
)


@dataclass(frozen=True)
class Row:
    """CPU milliseconds of one run, the median over the rounds."""

    case: str
    mode: str
    requests: int
    bare_ms: float
    naive_ms: float
    cope_ms: float
    to_naive: float
    to_bare: float


HEAD = ["case", "run by", "requests", "bare ms", "naive ms", "cope ms", "/ naive", "/ bare"]


def cells(row: Row) -> list[str]:
    """Write a row of the table."""
    return [f"{it:.2f}" if isinstance(it, float) else str(it) for it in astuple(row)]


def contenders(case: Case, server: OpenAIServerProcess) -> tuple[list[Run], list[AsyncRun]]:
    """Build the three, each as a function that gives the answer."""
    steps = Steps(server, case.small, planned=case.planned)
    start: State = {"question": QUESTION, "stage": 1}
    naive = naive_graph(steps, planned=case.planned)
    anaive = naive_graph(steps, planned=case.planned, prefix="a")
    cope = create_cope(
        chat(server, case.small),
        chat(server, "large"),
        task=tasks.math(),
        defaults=CopeContext() if case.planned else PLAN_FREE,
        prices=PRICES,
    ).compile()
    question: Any = {"messages": [("user", QUESTION)]}

    async def by_bare() -> str:
        return (await abare(steps, start.copy(), planned=case.planned))["answer"]

    async def by_naive() -> str:
        return str((await anaive.ainvoke(start))["answer"])

    async def by_cope() -> str:
        return str((await cope.ainvoke(question))["answer"])

    sync: list[Run] = [
        lambda: bare(steps, start.copy(), planned=case.planned)["answer"],
        lambda: str(naive.invoke(start)["answer"]),
        lambda: str(cope.invoke(question)["answer"]),
    ]
    return sync, [by_bare, by_naive, by_cope]


def cpu(run: Run) -> float:
    """Give the CPU milliseconds of one run."""
    started = time.process_time()
    assert run() == "84"
    return (time.process_time() - started) * 1000


def acpu(runner: asyncio.Runner, run: AsyncRun) -> float:
    """Do the same in an event loop."""

    async def measured() -> float:
        started = time.process_time()
        assert await run() == "84"
        return (time.process_time() - started) * 1000

    return runner.run(measured())


def compare(measures: Sequence[partial[float]], rounds: int, server: OpenAIServerProcess) -> Any:
    """Run all in turn, and return the medians and the requests of one run."""
    spent: list[list[float]] = [[] for _ in measures]
    bills = set()
    for turn in range(WARM_UP + rounds):
        for index in range(turn, turn + len(measures)):
            before = server.stats()
            spent[index % len(measures)].append(measures[index % len(measures)]())
            bills.add(bought(before, server.stats()))
    assert len(bills) == 1, f"not all bought the same: {bills}"
    return [median(times[WARM_UP:]) for times in spent], bills.pop()[0]


def bought(before: Stats, after: Stats) -> tuple[Any, ...]:
    """Give the requests between two looks, and the tokens billed for them by model."""
    bills = [
        (model, *map(sub, astuple(bill), astuple(before.billed.get(model, Bill()))))
        for model, bill in after.billed.items()
        if bill != before.billed.get(model)
    ]
    return (after.count - before.count, *bills)


def measure(rounds: int) -> Iterator[Row]:
    """Measure every case, sync and async."""
    for case in CASES:
        with OpenAIServerProcess(SCRIPT) as server, asyncio.Runner() as runner:
            sync, concurrent = contenders(case, server)
            modes = (
                ("invoke", [partial(cpu, run) for run in sync]),
                ("ainvoke", [partial(acpu, runner, run) for run in concurrent]),
            )
            for mode, measures in modes:
                (plain, naive, cope), requests = compare(measures, rounds, server)
                assert requests == case.requests, requests
                yield Row(case.name, mode, requests, plain, naive, cope, cope / naive, cope / plain)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="CPU of a run over the same requests.")
    parser.add_argument("--runs", type=int, default=40, help="of each contender")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = list(measure(args.runs))
    print(table([HEAD, *map(cells, rows)], markdown=args.markdown, texts=2))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
