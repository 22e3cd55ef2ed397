"""What a node asks of a model, and what it makes of the replies."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Outcome, Reply, Request, slots
from cope_graph.models.watch import Settled
from cope_graph.money.lines import LedgerLine, Role
from cope_graph.state import Failure, Stage, Stop

logger = logging.getLogger("cope_graph")
logger.addHandler(logging.NullHandler())  # what to show is the application's to say


@dataclass(frozen=True)
class Ask:
    """One visit to a model.

    Attributes:
        model: Who is asked.
        role: Whether for a plan or for an answer.
        stage: On whose account.
        requests: What is asked, side by side.
        update: Makes the state's update from the samples of each request, lost ones included.
        settled: Tells whether the decision stands without samples that are still on their way;
            `None` waits for all.
        blocks: Whether `update` may block: it then runs off an event loop.
    """

    model: Bound
    role: Role
    stage: Stage
    requests: tuple[Request, ...]
    update: Callable[[list[list[Reply]]], dict[str, Any]]
    settled: Settled | None = None
    blocks: bool = False


def settle(ask: Ask, drawn: list[list[Outcome]]) -> dict[str, Any]:
    """Turn what was drawn into the state's update, without the bill."""
    replies = [
        [reply for outcome in group for reply in slots(outcome)][: request.k]
        for request, group in zip(ask.requests, drawn, strict=True)
    ]
    return {"stage": ask.stage, **ask.update(replies)}


def bill(drawn: Iterable[Iterable[Outcome]]) -> list[LedgerLine]:
    """List the ledger's lines: one a request, retries included."""
    return [line for group in drawn for outcome in group for line in outcome["lines"]]


def failures(ask: Ask, node: str, drawn: Iterable[Iterable[Outcome]]) -> list[Failure]:
    """List what went wrong, like with like, and tell the log."""
    found: dict[str, Failure] = {}
    for outcome in (outcome for group in drawn for outcome in group):
        if (what := outcome["failure"]) is None:
            continue
        if what["message"] in found:
            found[what["message"]]["requests"] += 1
            continue
        found[what["message"]] = {
            "node": node,
            "stage": ask.stage,
            "side": ask.model.side,
            "model": ask.model.name,
            "kind": what["kind"],
            "message": what["message"],
            "requests": 1,
        }
    for failure in found.values():
        logger.warning("%s (%s, x%d)", failure["message"], node, failure["requests"])
    return list(found.values())


def stop_of(found: Iterable[Failure]) -> Stop | None:
    """Tell whether a failure ends the run: money or time is up, for every model alike."""
    kinds = {failure["kind"] for failure in found}
    return "budget" if "budget" in kinds else "deadline" if "deadline" in kinds else None
