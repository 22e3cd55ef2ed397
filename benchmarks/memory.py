"""Memory of a process over many runs of one graph (Linux: read from /proc).

    python -m benchmarks.memory [--runs 10000] [--at-once 32] [--markdown] [--json FILE]

The default cascade against a zero-latency server in a process of its own, under a shared budget;
every tenth run goes through all three stages. Half of the runs are made in an event loop, half in
threads. A last line says how much a run adds from the second mark on, by least squares: the first
runs fill caches.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from benchmarks.overhead import PRICES, QUESTION, REPLY
from benchmarks.table import table
from cope_graph import Budget, CopeContext, create_cope, tasks
from tests.loopback.clients import chat
from tests.loopback.openai_process import OpenAIServerProcess

MARKS = 10
HARD = "Question of a harder kind: "
AGREES, DIFFERS = [REPLY.format(84)] * 9, [REPLY.format(number) for number in range(9)]


@dataclass(frozen=True)
class Mark:
    """Memory after some runs."""

    runs: int
    rss_mib: float


def replies(body: dict[str, Any]) -> list[str]:
    """Answer alike, and hard questions differently each time (the server calls this)."""
    hard = HARD in body["messages"][-1]["content"] and body["model"] == "small"
    seed = body.get("seed") or 0
    return [(DIFFERS if hard else AGREES)[(i + seed) % 9] for i in range(body.get("n") or 1)]


def rss_mib() -> float:
    """Give the resident memory of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def question(number: int) -> Any:
    """Make a question of its own for each run."""
    kind = HARD if number % 10 == 0 else ""
    return {"messages": [("user", f"{kind}{QUESTION} ({number})")]}


def measure(runs: int, at_once: int) -> Iterator[Mark]:
    """Run, and look at the memory ten times."""
    with OpenAIServerProcess("benchmarks.memory:replies") as server, asyncio.Runner() as runner:
        graph = create_cope(
            chat(server, "small"),
            chat(server, "large"),
            task=tasks.math(),
            defaults=CopeContext(max_plan_tokens=200, max_answer_tokens=200, seed=1),
            prices={"small": PRICES["agrees"], "large": PRICES["large"]},
            budget=Budget(usd=1_000_000),
        ).compile()

        async def side_by_side(numbers: range) -> None:
            await graph.abatch([question(i) for i in numbers], {"max_concurrency": at_once})

        part = runs // MARKS // 2
        for mark in range(MARKS):
            first = 2 * part * mark
            runner.run(side_by_side(range(first, first + part)))
            graph.batch(
                [question(i) for i in range(first + part, first + 2 * part)],
                {"max_concurrency": at_once},
            )
            yield Mark(first + 2 * part, rss_mib())


def slope_bytes(marks: list[Mark]) -> float:
    """Give the bytes a run adds, by least squares."""
    mean_x = sum(mark.runs for mark in marks) / len(marks)
    mean_y = sum(mark.rss_mib for mark in marks) / len(marks)
    over = sum((m.runs - mean_x) * (m.rss_mib - mean_y) for m in marks)
    return over / sum((m.runs - mean_x) ** 2 for m in marks) * 2**20


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Memory over many runs.")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    marks = list(measure(args.runs, args.at_once))
    rows = [[str(runs), f"{rss:.1f}"] for runs, rss in map(astuple, marks)]
    print(table([["runs", "RSS MiB"], *rows], markdown=args.markdown, texts=0))
    print(f"\nA run adds {slope_bytes(marks[1:]):.0f} bytes from run {marks[1].runs} on.")
    if args.json:
        args.json.write_text(json.dumps([asdict(mark) for mark in marks], indent=1) + "\n")


if __name__ == "__main__":
    main()
