"""Samples drawn as the nodes draw them: real clients, in a thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig

from cope_graph.models.bound import Bound, bind
from cope_graph.models.draw import Terms, adraw, draw
from cope_graph.models.exchange import CallFailure, Outcome, Request
from cope_graph.models.flight import Purpose, StopReason
from cope_graph.models.watch import Patience, Settled
from cope_graph.money.lines import LedgerLine
from cope_graph.money.prices import Price
from cope_graph.money.purse import Purse
from tests.loopback.clients import Server, chat

Drawn = list[list[Outcome]]

PRICE: Final = Price.of("1", "2")
_PURPOSE: Final = Purpose("small_execute", 1, "execute")
_NO_LIMIT: Final = Purse("run", None, ())


def terms(
    *,
    purse: Purse = _NO_LIMIT,
    timeout_s: float = 60.0,
    late: Callable[[], StopReason] = lambda: "timeout",
    straggler_s: float | None = None,
    settled: Settled | None = None,
    retries: int | None = None,
) -> Terms:
    """Give the terms of a patient caller without a budget, unless told otherwise."""
    patience = Patience(lambda: timeout_s, late, straggler_s, settled)
    return Terms(_PURPOSE, purse, patience, retries)


@dataclass(frozen=True)
class Drawer:
    """Draws in one of the two modes."""

    is_async: bool

    def __call__(
        self,
        model: Bound,
        requests: Sequence[Request],
        config: RunnableConfig | None = None,
        **given: Any,
    ) -> Drawn:
        """Draw; `given` are the terms."""
        if self.is_async:
            return asyncio.run(adraw(model, requests, config or {}, terms(**given)))
        return draw(model, requests, config or {}, terms(**given))


def ask(text: str = "What is it?", **given: Any) -> Request:
    return Request((HumanMessage(text),), **given)


def bound(server: Server, name: str = "m", price: Price | None = None, **options: Any) -> Bound:
    """Bind a ChatOpenAI that may be used in any number of event loops, and makes no retries."""
    options = {"default_headers": {"Connection": "close"}, **options}
    prices = {} if price is None else {"small": price}
    return bind(chat(server, name, **options), "small", prices)


def texts(drawn: Drawn) -> list[list[str]]:
    """List the texts of each request's replies."""
    return [[r["text"] for outcome in group for r in outcome["replies"]] for group in drawn]


def lines(drawn: Drawn) -> list[LedgerLine]:
    """List the bill."""
    return [line for group in drawn for outcome in group for line in outcome["lines"]]


def failures(drawn: Drawn) -> list[CallFailure]:
    """List what went wrong."""
    return [what for group in drawn for outcome in group if (what := outcome["failure"])]


def kinds(drawn: Drawn) -> list[str]:
    """List what went wrong, in one word each."""
    return [what["kind"] for what in failures(drawn)]
