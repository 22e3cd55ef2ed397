"""A run in a process of its own that can be held at a chosen point, for its parent to kill it.

    python -m tests.integration_tests.killed_run LIFE

LIFE is a `Life` as JSON. The process prints "held" when it has come to the point where it waits
for ever, and the answer when the run comes to its end.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph

from cope_graph import CopeContext, Price, create_cope, tasks
from cope_graph.money.lines import Ledger
from tests.integration_tests.holding import ahold, hold, holding
from tests.integration_tests.savers import asaver, saver
from tests.integration_tests.upstream import SEED, TEMPERATURES
from tests.loopback.clients import chat

_ROOT: Final = Path(__file__).resolve().parents[2]
ASK: Final[dict[str, Any]] = {"messages": [("user", "How many?")]}
PRICES: Final = {"small": Price.of("0.15", "0.60"), "large": Price.of("2.50", "10.00")}

Graph = StateGraph[Any, Any, Any, Any]
Nesting = Literal["alone", "node", "called"]


class Outer(MessagesState):
    """The state of a graph around the cascade."""

    answer: str | None
    stage: int
    ledger: Ledger


@dataclass(frozen=True)
class Life:
    """What a process does until it is killed.

    Attributes:
        base_url: Of the models' server.
        database: A PostgreSQL address, or the path of an SQLite file.
        thread: The run's thread.
        small: The small model's name; the server knows its suffixes.
        is_async: Whether by `astream`, else by `stream`.
        nesting: Whether the graph is the whole, a node of another, or called in a node of another.
        hold: Where to wait for ever: `"before NODE STAGE"`, when its requests are still to be
            made; `"after NODE STAGE"`, when they have come; `"gate STAGE"`, in the gate;
            `"between NODE"`, when it has ended and what follows has not begun.
        resumes: Whether it goes on with the thread's run, else begins one.
        max_concurrency: As in the run's config.
        streams: Whether tokens and subgraphs are streamed too, for which LangGraph waits in a
            thread, or a place, of the run's own.
    """

    base_url: str
    database: str
    thread: str
    small: str = "small"
    is_async: bool = False
    nesting: Nesting = "alone"
    hold: str = ""
    resumes: bool = False
    max_concurrency: int | None = None
    streams: bool = False

    @property
    def config(self) -> RunnableConfig:
        """That of the run."""
        return RunnableConfig(
            configurable={"thread_id": self.thread},
            **({"max_concurrency": self.max_concurrency} if self.max_concurrency else {}),
        )

    def graph(self) -> Graph:
        """Build the graph."""
        options: dict[str, Any] = {"default_headers": {"Connection": "close"}}
        cope = create_cope(
            chat(self, self.small, **options),
            chat(self, "large", **options),
            task=tasks.math(),
            defaults=CopeContext(seed=SEED, straggler_s=None, **TEMPERATURES),
            prices=PRICES,
            overrides="any",
        )
        return cast("Graph", cope) if self.nesting == "alone" else self._nested(cope.compile())

    def _nested(self, cope: Any) -> Graph:
        def call(state: Outer) -> Any:
            return _shared(cope.invoke({"messages": state["messages"]}))

        async def acall(state: Outer) -> Any:
            return _shared(await cope.ainvoke({"messages": state["messages"]}))

        parent: Graph = StateGraph(Outer)
        parent.add_node("cope", cope if self.nesting == "node" else RunnableLambda(call, acall))
        parent.add_edge(START, "cope")
        return parent

    def live(self) -> None:
        """Run to the end and print the answer, unless it is held."""
        with saver(self.database) as kept:
            app = self.graph().compile(checkpointer=kept)
            for event in app.stream(**self._how):
                if self._is_between(event):
                    hold()
            print(app.get_state(self.config).values["answer"])  # noqa: T201 - the parent reads it

    async def alive(self) -> None:
        """Do the same in an event loop."""
        async with asaver(self.database) as kept:
            app = self.graph().compile(checkpointer=kept)
            async for event in app.astream(**self._how):
                if self._is_between(event):
                    await ahold()
            state = await app.aget_state(self.config)
            print(state.values["answer"])  # noqa: T201 - the parent reads it

    @property
    def _how(self) -> dict[str, Any]:
        modes = {"stream_mode": ["messages", "updates"], "subgraphs": True} if self.streams else {}
        given = None if self.resumes else ASK
        return {"input": given, "config": self.config, "durability": "sync", **modes}

    def _is_between(self, event: Any) -> bool:
        return any(self.hold == f"between {name}" for name in event)


def _shared(out: dict[str, Any]) -> dict[str, Any]:
    return {key: out[key] for key in ("messages", "answer", "stage", "ledger")}


@contextmanager
def process(life: Life) -> Iterator[subprocess.Popen[str]]:
    """Run a life in a process of its own, which is killed when the `with` ends."""
    command = [sys.executable, "-m", __spec__.name, json.dumps(asdict(life))]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def main() -> None:
    """Live as the command line says."""
    # A parent that was started in the background ignores it, and so would we.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    life = Life(**json.loads(sys.argv[1]))
    with holding(life.hold):
        if life.is_async:
            asyncio.run(life.alive())
        else:
            life.live()


if __name__ == "__main__":
    main()
