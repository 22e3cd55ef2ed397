"""CPU of an agent's step over the same requests made by a plain agent.

    python -m benchmarks.agent_overhead [--runs 30] [--markdown] [--json FILE]

Contenders: LangChain's `create_agent` whose model makes the requests of a step
(`benchmarks.plain_steps`; where that is one request for n samples it is a bare `ChatOpenAI`), and
`create_cope_agent`. Each run is a turn of six calls of a tool and an answer. Measured as in
`benchmarks.overhead`: CPU time of this process, the server is another; one run each in turn, in
rotating order, medians; every run's bill is compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel

from benchmarks.overhead import compare
from benchmarks.plain_steps import N, PlannedSteps, ThreeStages
from benchmarks.table import table
from cope_graph import CopeContext, Price, create_cope_agent
from tests.loopback.clients import chat
from tests.loopback.openai_process import OpenAIServerProcess
from tests.loopback.replies import Body, Reply

CALLS = 6
STEPS = CALLS + 1
SYSTEM = "You look for things in a house. Call a tool or answer."
QUESTION = "Where is the key of the cellar? Look at one place after another, six at most."
ANSWER = "The key of the cellar is in drawer 6."
PLAN = "Next, look at the place that has not been looked at yet and is the most likely one."
PRICES = dict.fromkeys(["agrees", "differs", "large"], Price.of("0.15", "0.60"))


def look(place: str) -> str:
    """Look at a place."""
    return f"At {place} there are a pen, two cups, a book and a box that is closed. No key is here."


def replies(body: Body) -> Reply:
    """Answer as a model: a plan where no tools are offered, else the next step of the turn."""
    if not body.get("tools"):
        return Reply([PLAN])
    taken = sum(message["role"] == "tool" for message in body["messages"])
    differs = body["model"] == "differs"
    if taken < CALLS:
        numbers = range(N) if differs else [0]
        return Reply([None], [[("look", {"place": f"drawer {taken + i}"})] for i in numbers])
    return Reply([f"{ANSWER}{' Or not.' * i}" for i in (range(N) if differs else [0])])


@dataclass(frozen=True)
class Case:
    """What happens at every step."""

    name: str
    small: str
    settings: CopeContext
    requests: int


CASES = (
    Case(
        "accept at stage 1, plan-free",
        "agrees",
        CopeContext(n=N, small_plan="none"),
        requests=1,
    ),
    Case("accept at stage 1, n goals", "agrees", CopeContext(n=N), requests=1 + N),
    Case(
        "three stages, plan-free first",
        "differs",
        CopeContext(n=N, small_plan="none"),
        requests=4,
    ),
)


@dataclass(frozen=True)
class Row:
    """CPU milliseconds of one step, the median over the rounds."""

    case: str
    mode: str
    requests: int
    plain_ms: float
    cope_ms: float
    to_plain: float


HEAD = ["each step", "run by", "requests", "create_agent ms", "create_cope_agent ms", "ratio"]


def plain_model(case: Case, server: OpenAIServerProcess) -> BaseChatModel:
    """Give the model of the plain agent."""
    if case.requests == 1:
        return chat(server, case.small, temperature=0.4, n=N)
    one = chat(server, case.small, temperature=0.4)
    many = chat(server, case.small, temperature=0.8, n=N)
    if case.settings.small_plan != "none":
        return PlannedSteps(planner=many, solver=one)
    first = chat(server, case.small, temperature=0.4, n=N)
    large = chat(server, "large", temperature=0.8), chat(server, "large", temperature=0.0)
    return ThreeStages(first=first, planner=large[0], second=many, solver=large[1])


def agents(case: Case, server: OpenAIServerProcess) -> list[Any]:
    """Build the two."""
    plain = create_agent(plain_model(case, server), [look], system_prompt=SYSTEM)
    cope = create_cope_agent(
        chat(server, case.small),
        chat(server, "large"),
        [look],
        system_prompt=SYSTEM,
        defaults=case.settings,
        prices=PRICES,
        replan="every_step",
    )
    return [plain, cope]


def asked() -> Any:
    """Give the input of a turn."""
    return {"messages": [("user", QUESTION)]}


def cpu(agent: Any) -> float:
    """Give the CPU milliseconds of one step of one turn."""
    started = time.process_time()
    out = agent.invoke(asked())
    spent = time.process_time() - started
    return _checked(out, spent)


def acpu(runner: asyncio.Runner, agent: Any) -> float:
    """Do the same in an event loop."""

    async def measured() -> float:
        started = time.process_time()
        out = await agent.ainvoke(asked())
        return _checked(out, time.process_time() - started)

    return runner.run(measured())


def _checked(out: Any, spent: float) -> float:
    messages = out["messages"]
    assert messages[-1].text == ANSWER, messages[-1]
    assert len(messages) == 1 + 2 * CALLS + 1
    return 1000 * spent / STEPS


def measure(rounds: int) -> Iterator[Row]:
    """Measure every case, sync and async."""
    for case in CASES:
        with (
            OpenAIServerProcess("benchmarks.agent_overhead:replies") as server,
            asyncio.Runner() as runner,
        ):
            both = agents(case, server)
            modes = (
                ("invoke", [partial(cpu, agent) for agent in both]),
                ("ainvoke", [partial(acpu, runner, agent) for agent in both]),
            )
            for mode, measures in modes:
                (plain, cope), requests = compare(measures, rounds, server)
                assert requests == STEPS * case.requests, requests
                yield Row(case.name, mode, case.requests, plain, cope, cope / plain)


def cells(row: Row) -> list[str]:
    """Write a row of the table."""
    return [f"{it:.2f}" if isinstance(it, float) else str(it) for it in astuple(row)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="CPU of an agent's step over the same requests.")
    parser.add_argument("--runs", type=int, default=30, help="of each contender")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = list(measure(args.runs))
    print(table([HEAD, *map(cells, rows)], markdown=args.markdown, texts=2))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
