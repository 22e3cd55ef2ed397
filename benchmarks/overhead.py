"""CPU of a run over the same requests without the cascade.

    python -m benchmarks.overhead [--runs 40] [--markdown] [--json FILE]

Contenders: the bare `ChatOpenAI` calls, a naive LangGraph of five nodes that makes them (both in
`benchmarks.naive`), and `create_cope`. All ask one zero-latency server on loopback, in a process of
its own. What counts is the CPU time of this process, all threads: wall time on a shared machine
would measure its other users. One run each in turn, in rotating order; the medians are reported.
The server's bill of every single run is compared: the contenders buy the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from benchmarks.naive import Models, State, Steps, abare, bare, naive_graph
from cope_graph import PLAN_FREE, CopeContext, Price, create_cope, tasks
from tests.loopback.openai_process import OpenAIServerProcess

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
PRICES = {
    "agrees": Price.of("0.15", "0.60"),
    "differs": Price.of("0.15", "0.60"),
    "large": Price.of("2.50", "10"),
}
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


def contenders(case: Case, url: str) -> tuple[list[Run], list[AsyncRun]]:
    """Build the three, each as a function that gives the answer."""
    steps = Steps(Models(url, case.small, planned=case.planned))
    start: State = {"question": QUESTION, "stage": 1}
    naive = naive_graph(steps, planned=case.planned)
    anaive = naive_graph(steps, planned=case.planned, prefix="a")
    small, large = (
        ChatOpenAI(model=name, base_url=url, api_key=SecretStr("test"))
        for name in (case.small, "large")
    )
    defaults = CopeContext() if case.planned else PLAN_FREE
    cope = create_cope(
        small, large, task=tasks.math(), defaults=defaults, prices=PRICES
    ).compile()
    question: Any = {"messages": [("user", QUESTION)]}

    async def by_bare() -> str:
        return (await abare(steps, start.copy(), planned=case.planned))["answer"]

    async def by_naive() -> str:
        return str((await anaive.ainvoke(start))["answer"])

    async def by_cope() -> str:
        return str((await cope.ainvoke(question))["answer"])

    return [
        lambda: bare(steps, start.copy(), planned=case.planned)["answer"],
        lambda: str(naive.invoke(start)["answer"]),
        lambda: str(cope.invoke(question)["answer"]),
    ], [by_bare, by_naive, by_cope]


def cpu(run: Run) -> float:
    """Give the CPU milliseconds of one run."""
    started = time.process_time()
    answer = run()
    spent = time.process_time() - started
    assert answer == "84", answer
    return spent * 1000


async def acpu(run: AsyncRun) -> float:
    """Do the same in an event loop."""
    started = time.process_time()
    answer = await run()
    spent = time.process_time() - started
    assert answer == "84", answer
    return spent * 1000


def compare(measures: list[Callable[[], float]], rounds: int, server: OpenAIServerProcess) -> Any:
    """Run all in turn, and return the medians and the requests of one run."""
    spent: list[list[float]] = [[] for _ in measures]
    bills = set()
    for turn in range(WARM_UP + rounds):
        for index in range(turn, turn + len(measures)):
            before = server.stats()
            milliseconds = measures[index % len(measures)]()
            after = server.stats()
            if turn >= WARM_UP:
                spent[index % len(measures)].append(milliseconds)
            bills.add(bought(before, after))
    assert len(bills) == 1, f"the contenders bought different things: {bills}"
    return [median(times) for times in spent], bills.pop()


def bought(before: Any, after: Any) -> tuple[Any, ...]:
    """Give the difference of two bills, by model."""
    totals = {model: asdict(bill) for model, bill in after.billed.items()}
    for model, bill in before.billed.items():
        for key, value in asdict(bill).items():
            totals[model][key] -= value
    return tuple((model, *bill.items()) for model, bill in totals.items() if bill["requests"])


def measure(rounds: int) -> Iterator[Row]:
    """Measure every case, sync and async."""
    for case in CASES:
        with OpenAIServerProcess(SCRIPT) as server, asyncio.Runner() as runner:
            sync, concurrent = contenders(case, server.base_url)
            modes: dict[str, list[Callable[[], float]]] = {
                "invoke": [lambda run=run: cpu(run) for run in sync],
                "ainvoke": [lambda run=run: runner.run(acpu(run)) for run in concurrent],
            }
            for mode, measures in modes.items():
                (plain, naive, cope), bill = compare(measures, rounds, server)
                requests = sum(dict(items)["requests"] for _, *items in bill)
                assert requests == case.requests
                yield Row(
                    case.name, mode, requests, plain, naive, cope, cope / naive, cope / plain
                )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="CPU of a run over the same requests.")
    parser.add_argument("--runs", type=int, default=40, help="runs of each contender")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = list(measure(args.runs))
    head = ("case", "run by", "requests", "bare ms", "naive ms", "cope ms", "/ naive", "/ bare")
    for row in rows:
        print(row)
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
