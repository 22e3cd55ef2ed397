"""Every fault of the loopback server, met by the small model, by the large one or by both.

`tests/integration_tests/test_fault_matrix.py` asserts what `benchmarks/reliability.py` prints.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from cope_graph import CopeContext, CopeError, create_cope, tasks
from tests.integration_tests.bookkeeping import (
    PRICES,
    Books,
    Result,
    counted,
    kept,
    lines_of,
    upper,
    usd,
)
from tests.integration_tests.faults import Fault, Side
from tests.integration_tests.loops import Run
from tests.loopback.clients import Server, chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply, wanted_choices
from tests.loopback.suffixes import behaviours

Graph = Any
Way = Callable[[Run, Graph, Any, CopeContext], list[Result]]

SETTINGS: Final = CopeContext(max_plan_tokens=32, max_answer_tokens=64, retries=1)
"""Of every run, beside the limits on its time; all else is at its default."""

GRACE_S: Final = 1.0
"""What a run may take beyond its deadline: to let go of its requests, to judge, to be scheduled."""


def _each(call: Callable[[], Any]) -> list[Result]:
    try:
        return [call()]
    except Exception as error:  # noqa: BLE001 - which one it is, is what is looked at
        return [error]


def _invoke(_: Run, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    return _each(lambda: graph.invoke(given, context=context))


def _ainvoke(run: Run, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    return _each(lambda: run(graph.ainvoke(given, context=context)))


def _stream(_: Run, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    def last() -> Any:
        modes = ["messages", "values"]
        events = list(graph.stream(given, context=context, stream_mode=modes))
        return [value for mode, value in events if mode == "values"][-1]

    return _each(last)


def _astream(run: Run, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    async def last() -> Any:
        events = graph.astream(given, context=context, stream_mode=["messages", "values"])
        return [value async for mode, value in events if mode == "values"][-1]

    return _each(lambda: run(last()))


def _batch(_: Run, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    outs: list[Result] = graph.batch([given, given], context=context, return_exceptions=True)
    return outs


def _abatch(run: Run, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    batch = graph.abatch([given, given], context=context, return_exceptions=True)
    outs: list[Result] = run(batch)
    return outs


WAYS: Final[dict[str, Way]] = {
    "invoke": _invoke,
    "ainvoke": _ainvoke,
    "stream": _stream,
    "astream": _astream,
    "batch": _batch,
    "abatch": _abatch,
}


@dataclass(frozen=True)
class Found:
    """What became of the runs of one case.

    Attributes:
        results: An output or an error for each run.
        seconds: What they took, side by side.
        ledger: What their ledgers say.
        truth: What the server says.
        upper_usd: The most they may have cost, by their ledgers; `None` when nothing bounds it.
        true_usd: What they cost, by the server's count.
        unsure_usd: As `upper_usd`, of requests whose usage was not reported.
        unseen_usd: What the server billed without telling.
    """

    results: list[Result]
    seconds: float
    ledger: Books
    truth: Books
    upper_usd: Decimal | None
    true_usd: Decimal
    unsure_usd: Decimal | None
    unseen_usd: Decimal

    @property
    def ends(self) -> set[str]:
        """Say how the runs ended."""
        return {_end(result) for result in self.results}

    @property
    def untyped(self) -> list[Result]:
        """List the errors that are none of this package's."""
        return [r for r in self.results if isinstance(r, BaseException) and not _is_typed(r)]

    @property
    def empty(self) -> list[Result]:
        """List the successes without an answer."""
        outs = [result for result in self.results if isinstance(result, dict)]
        return [out for out in outs if not (out["answer"] and out["messages"][-1].text.strip())]

    @property
    def is_true(self) -> bool:
        """Whether the ledgers agree with the server, and bound what it did not tell."""
        bounds = ((self.upper_usd, self.true_usd), (self.unsure_usd, self.unseen_usd))
        bounded = all(most is not None and most >= true for most, true in bounds)
        return bounded and self.ledger == self.truth


def find_all(fault: Fault, side: Side, run: Run) -> dict[str, Found]:
    """Look at a fault in every way a graph is run, all at once: most of the time is waiting."""
    with ThreadPoolExecutor(len(WAYS)) as pool:
        return dict(zip(WAYS, pool.map(lambda way: find(fault, side, way, run), WAYS), strict=True))


def find(fault: Fault, side: Side, way: str, run: Run) -> Found:
    """Let a fault befall runs, and look at what becomes of them."""
    context = SETTINGS.model_copy(
        update={"timeout_s": fault.timeout_s, "deadline_s": fault.deadline_s}
    )
    given = {"messages": [("user", fault.question)]}
    with OpenAIServer(_reply) as server, _graph(server, fault, side) as graph:
        started = time.perf_counter()
        results = WAYS[way](run, graph, given, context)
        seconds = time.perf_counter() - started
        lines = lines_of(results)
        unsure = [line for line in lines if line["status"] != "reported"]
        asked = [line for line in lines if fault.listens or line["error"] != "unreachable"]
        return Found(
            results=results,
            seconds=seconds,
            ledger=kept(asked),
            truth=counted(server),
            upper_usd=upper(lines),
            true_usd=usd(server.billed, _PRICES_BY_NAME),
            unsure_usd=upper(unsure),
            unseen_usd=usd(server.unreported, _PRICES_BY_NAME),
        )


@contextmanager
def _graph(server: Server, fault: Fault, side: Side) -> Iterator[Graph]:
    """Build the cascade; the small model is at one with itself where it is to be the answer."""
    names = {"small": "split" if side == "large" else "small", "large": "large"}
    with _nowhere() as nowhere:
        models = {}
        for one, name in names.items():
            hit = side in (one, "both")
            where = nowhere if hit and not fault.listens else server
            models[one] = chat(where, name + fault.suffix if hit else name)
        graph = create_cope(
            models["small"], models["large"], task=tasks.math(), prices=PRICES, defaults=SETTINGS
        )
        yield graph.compile()


@dataclass(frozen=True)
class _Nowhere:
    base_url: str


@contextmanager
def _nowhere() -> Iterator[_Nowhere]:
    """Hold a port where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield _Nowhere(f"http://127.0.0.1:{held.getsockname()[1]}/v1")


def _reply(body: Body) -> Reply:
    """Answer as a model that is right, or as one that is at odds with itself (`split`)."""
    prompt = str(body["messages"][-1]["content"])
    count = wanted_choices(body)
    if "boxed" not in prompt:
        return Reply([f"Find the product, way {i}." for i in range(count)], cached_tokens=3)
    first = int(found[1]) if (found := re.search(r"way (\d+)", prompt)) else 0
    split = behaviours(body["model"])[0] == "split"
    answers = [100 + first + i if split else 42 for i in range(count)]
    return Reply([f"So it goes. The answer is {a}." for a in answers], cached_tokens=5)


def _end(result: Result) -> str:
    if isinstance(result, BaseException):
        return type(result).__name__
    words = [f"stage {result['stage']}"]
    words += [] if result["accepted"] else ["not accepted"]
    words += ["degraded"] if result["degraded"] else []
    words += [f"stopped by {result['stopped_by']}"] if result["stopped_by"] else []
    return ", ".join(words)


def _is_typed(error: BaseException) -> bool:
    return isinstance(error, CopeError)


_PRICES_BY_NAME: Final = {**PRICES, "split": PRICES["small"]}
