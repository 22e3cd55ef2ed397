"""Every fault of the loopback server, met by the small model, by the large one or by both.

`tests/integration_tests/test_fault_matrix.py` asserts what `benchmarks/reliability.py` prints.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from cope_graph import CopeContext, CopeError, Price, create_cope, tasks
from tests.integration_tests.bookkeeping import Books, Result, counted, kept, lines_of, upper, usd
from tests.loopback.clients import Server, chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply, wanted_choices
from tests.loopback.suffixes import behaviours

Side = Literal["small", "large", "both"]
Graph = Any
Way = Callable[[asyncio.Runner, Graph, Any, CopeContext], list[Result]]

QUESTION: Final = "What is 7 * 6?"
PRICES: Final = {
    "small": Price.of("0.15", "0.60", "0.075"),
    "large": Price.of("2.50", "10.00", "1.25"),
}
SETTINGS: Final = CopeContext(max_plan_tokens=32, max_answer_tokens=64, retries=1)
"""Of every run, beside the limits on its time; all else is at its default."""

_SIDES: Final[tuple[Side, ...]] = ("small", "large")
_ALL: Final[tuple[Side, ...]] = ("small", "large", "both")


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        title: In words.
        suffix: What the faulty model's name ends in, see `tests.loopback.suffixes`.
        sides: Which models it befalls, in turn.
        question: What is asked.
        listens: Whether there is a server at all.
        timeout_s: What a request may take.
        deadline_s: What a run may take.
    """

    title: str
    suffix: str = ""
    sides: tuple[Side, ...] = _SIDES
    question: str = QUESTION
    listens: bool = True
    timeout_s: float = 1.0
    deadline_s: float = 8.0


FAULTS: Final = (
    Fault("none"),
    Fault("429 always", "-429", _ALL),
    # The server asks for a second's wait before the second try.
    Fault("429 once, Retry-After 1 s", "-429once", timeout_s=3.0),
    Fault("429 always, Retry-After 30 s", "-429after30", _ALL),
    Fault("500", "-500", _ALL),
    Fault("503", "-503"),
    Fault("401", "-401", _ALL),
    Fault("timeout", "-timeout"),
    Fault("timeout, the deadline first", "-timeout", _ALL, deadline_s=0.6),
    Fault("drip: a byte every 0.2 s", "-drip"),
    Fault("malformed JSON", "-badjson"),
    Fault("HTML with 200", "-html"),
    Fault("no choices", "-nochoices", _ALL),
    Fault("empty content", "-empty", _ALL),
    Fault("null content", "-null", _ALL),
    Fault("cut at the token limit", "-length", _ALL),
    Fault("crash in mid-body", "-crash"),
    Fault("connection reset", "-reset", _ALL),
    Fault("nothing listens", listens=False, sides=_ALL),
    Fault("no usage", "-nousage", _ALL),
    Fault("truncated stream", "-truncated"),
    Fault("n > 1 refused", "-refuse-n"),
    Fault("unicode", "-unicode"),
    Fault("lone surrogate in the reply", "-surrogate"),
    Fault("lone surrogate in the question", question="What is 7 \ud800 6?"),
    Fault("100 KB prompt", question=f"{'The farmer sighs. ' * 5_700}{QUESTION}"),
)


def _each(call: Callable[[], Any]) -> list[Result]:
    try:
        return [call()]
    except Exception as error:  # noqa: BLE001 - which one it is, is what is looked at
        return [error]


def _invoke(_: asyncio.Runner, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    return _each(lambda: graph.invoke(given, context=context))


def _ainvoke(runner: asyncio.Runner, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    return _each(lambda: runner.run(graph.ainvoke(given, context=context)))


def _stream(_: asyncio.Runner, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    def last() -> Any:
        modes = ["messages", "values"]
        events = list(graph.stream(given, context=context, stream_mode=modes))
        return [value for mode, value in events if mode == "values"][-1]

    return _each(last)


def _astream(runner: asyncio.Runner, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    async def last() -> Any:
        events = graph.astream(given, context=context, stream_mode=["messages", "values"])
        return [value async for mode, value in events if mode == "values"][-1]

    return _each(lambda: runner.run(last()))


def _batch(_: asyncio.Runner, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    outs: list[Result] = graph.batch([given, given], context=context, return_exceptions=True)
    return outs


def _abatch(runner: asyncio.Runner, graph: Graph, given: Any, context: CopeContext) -> list[Result]:
    batch = graph.abatch([given, given], context=context, return_exceptions=True)
    outs: list[Result] = runner.run(batch)
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
    def ends(self) -> list[str]:
        """Say how each run ended."""
        return [_end(result) for result in self.results]

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
        """Whether the ledgers are complete, agree with the server and bound what it did not tell."""
        bounds = ((self.upper_usd, self.true_usd), (self.unsure_usd, self.unseen_usd))
        bounded = all(most is not None and most >= true for most, true in bounds)
        return bounded and self.ledger == self.truth


def find(fault: Fault, side: Side, way: str, runner: asyncio.Runner) -> Found:
    """Let a fault befall runs, and look at what becomes of them."""
    context = SETTINGS.model_copy(
        update={"timeout_s": fault.timeout_s, "deadline_s": fault.deadline_s}
    )
    given = {"messages": [("user", fault.question)]}
    with OpenAIServer(_reply) as server, _graph(server, fault, side) as graph:
        started = time.perf_counter()
        results = WAYS[way](runner, graph, given, context)
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
