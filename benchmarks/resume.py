"""What it costs to keep each request's result, so that a crash pays for none of them twice.

    python -m benchmarks.resume [--runs 30] [--markdown] [--json FILE]

The cascade's default run that ends in stage 1 makes 9 requests. It is measured with each
checkpointer and `durability="sync"`: as it is, where each request is a LangGraph task whose result
is persisted when it comes, and (`node`) as it would be if only whole nodes were. A toy graph of the
same requests (`benchmarks.fan_out`) tells what a task costs from what a `Send` would.

All ask one zero-latency server, a process of its own. What counts is the CPU time of this process,
all threads: PostgreSQL's own is not in it. One run each in turn; the medians are reported.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, nullcontext, suppress
from dataclasses import asdict, astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from langchain_core.callbacks import BaseCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver

from benchmarks.fan_out import WAYS, fan_out
from benchmarks.naive import Steps
from benchmarks.overhead import PRICES, QUESTION, SCRIPT, AsyncRun, Run, acpu, compare, cpu
from benchmarks.table import table
from cope_graph import create_cope, tasks
from cope_graph.stages import visit
from tests.integration_tests.savers import asaver, saver, set_up
from tests.loopback.clients import chat
from tests.loopback.openai_process import OpenAIServerProcess
from tests.postgres import NoPostgresError, postgres

MEMORY = "memory"
ASK: dict[str, Any] = {"messages": [("user", QUESTION)]}
TOY_ASK: dict[str, Any] = {"question": QUESTION, "stage": 1}


@dataclass(frozen=True)
class Row:
    """CPU milliseconds of one run, the median over the rounds."""

    checkpointer: str
    mode: str
    node_ms: float
    request_ms: float
    ratio: float
    toy_node_ms: float
    toy_tasks_ms: float
    toy_send_ms: float


HEAD = ["checkpointer", "run by", "node ms", "request ms", "/ node"]
HEAD += ["toy: node ms", "toy: tasks ms", "toy: Send ms"]
Databases = dict[str, str | None]


class Spans(BaseCallbackHandler):
    """Counts what a trace would show."""

    def __init__(self) -> None:
        """Start at none."""
        self.count = 0

    def on_chain_start(self, *_: Any, **__: Any) -> None:
        """Count a graph, a node or a task."""
        self.count += 1

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Count a request."""
        self.count += 1


def cells(row: Row) -> list[str]:
    """Write a row of the table."""
    return [f"{it:.2f}" if isinstance(it, float) else str(it) for it in astuple(row)]


def keeping(whole: bool) -> Any:  # noqa: FBT001 - one or the other
    """Keep whole nodes alone, or requests too."""
    return patch.object(visit, "keeper", lambda _: None) if whole else nullcontext()


def cascade(server: OpenAIServerProcess) -> Any:
    """Build the graph."""
    small, large = chat(server, "agrees"), chat(server, "large")
    return create_cope(small, large, task=tasks.math(), prices=PRICES)


def how(kept: object) -> dict[str, Any]:
    """Make a run's options."""
    if kept is None:
        return {}
    return {"config": {"configurable": {"thread_id": uuid4().hex}}, "durability": "sync"}


def contenders(server: OpenAIServerProcess, kept: Any) -> list[Run]:
    """Build what is compared: the cascade in two ways, the toy in three."""
    steps = Steps(server, "agrees", planned=True)
    apps = [cascade(server)] * 2 + [fan_out(steps, way, "") for way in WAYS]

    def run(app: Any, ask: Any) -> str:
        return str(app.invoke(ask, **how(kept))["answer"])

    return [
        partial(run, app.compile(checkpointer=kept), ASK if index < 2 else TOY_ASK)
        for index, app in enumerate(apps)
    ]


def acontenders(server: OpenAIServerProcess, kept: Any) -> list[AsyncRun]:
    """Do the same for an event loop."""
    steps = Steps(server, "agrees", planned=True)
    apps = [cascade(server)] * 2 + [fan_out(steps, way, "a") for way in WAYS]

    async def run(app: Any, ask: Any) -> str:
        return str((await app.ainvoke(ask, **how(kept)))["answer"])

    return [
        partial(run, app.compile(checkpointer=kept), ASK if index < 2 else TOY_ASK)
        for index, app in enumerate(apps)
    ]


def measured(measure: Callable[..., float], runs: Sequence[Any]) -> list[partial[float]]:
    """Make each a measure; the first is the cascade that keeps whole nodes."""

    def one(run: Any, whole: bool) -> float:  # noqa: FBT001 - one or the other
        with keeping(whole):
            return measure(run)

    return [partial(one, run, index == 0) for index, run in enumerate(runs)]


def rows(databases: Databases, rounds: int) -> Iterator[Row]:
    """Measure with every checkpointer, sync and async."""
    for name, database in databases.items():
        with OpenAIServerProcess(SCRIPT) as server, ExitStack() as stack, asyncio.Runner() as loop:
            kept: Any = InMemorySaver() if database == MEMORY else None
            akept, astack = kept, AsyncExitStack()
            if database and database != MEMORY:
                set_up(database)
                kept = stack.enter_context(saver(database))
                akept = loop.run(astack.enter_async_context(asaver(database)))
            modes = (
                ("invoke", measured(cpu, contenders(server, kept))),
                ("ainvoke", measured(partial(acpu, loop), acontenders(server, akept))),
            )
            for mode, measures in modes:
                (whole, request, *toys), requests = compare(measures, rounds, server)
                assert requests == 9, requests
                yield Row(name, mode, whole, request, request / whole, *toys)
            loop.run(astack.aclose())


def looks(server: OpenAIServerProcess) -> Iterator[list[str]]:
    """Count what a trace and a stream of updates show of a run."""
    for name, whole in (("node", True), ("request", False)):
        app, spans = cascade(server).compile(checkpointer=InMemorySaver()), Spans()
        config = {"configurable": {"thread_id": name}, "callbacks": [spans]}
        with keeping(whole):
            updates = list(app.stream(ASK, config, stream_mode="updates"))
        yield [name, str(spans.count), str(len(updates))]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="The cost of keeping each request's result.")
    parser.add_argument("--runs", type=int, default=30, help="of each contender")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        databases: Databases = {"none": None, "InMemorySaver": MEMORY}
        databases["SQLite"] = str(folder / "checkpoints.db")
        with suppress(NoPostgresError):
            databases["PostgreSQL"] = stack.enter_context(postgres(folder))
        found = list(rows(databases, args.runs))
    print(table([HEAD, *map(cells, found)], markdown=args.markdown, texts=2))
    with OpenAIServerProcess(SCRIPT) as server:
        seen = list(looks(server))
    print(f"\n{table([['keeps', 'spans', 'updates'], *seen], markdown=args.markdown)}")
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
