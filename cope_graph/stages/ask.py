"""What a node asks of a model, and what it makes of the replies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Drawn, Reply, Request
from cope_graph.money.ledger import plain
from cope_graph.state import LedgerLine, Role, Stage


@dataclass(frozen=True)
class Ask:
    """One visit to a model.

    Attributes:
        model: Who is asked.
        role: Whether for a plan or for an answer.
        stage: On whose account.
        requests: What is asked, side by side.
        update: Makes the state's update from the replies to each request.
    """

    model: Bound
    role: Role
    stage: Stage
    requests: tuple[Request, ...]
    update: Callable[[list[list[Reply]]], dict[str, Any]]


def settle(ask: Ask, drawn: list[list[Drawn]]) -> dict[str, Any]:
    """Turn what was drawn into the state's update, without the bill."""
    replies = [[reply for got in group for reply in got.replies] for group in drawn]
    return {"stage": ask.stage, **ask.update(replies)}


def bill(ask: Ask, node: str, drawn: list[list[Drawn]]) -> list[LedgerLine]:
    """Write one ledger line for each request made."""
    return [_line(ask, node, got) for group in drawn for got in group]


def _line(ask: Ask, node: str, got: Drawn) -> LedgerLine:
    usd = ask.model.usd(got.usage, got.model)
    return {
        "node": node,
        "stage": ask.stage,
        "role": ask.role,
        "model": got.model,
        "samples": len(got.replies),
        "input_tokens": got.usage.input_tokens,
        "output_tokens": got.usage.output_tokens,
        "cached_tokens": got.usage.cached_tokens,
        "reasoning_tokens": got.usage.reasoning_tokens,
        "seconds": round(got.seconds, 6),
        "status": got.usage.status,
        "usd": None if usd is None else plain(usd),
    }
