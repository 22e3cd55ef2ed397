"""The ledgers of runs beside the server's own count: what both must agree on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from cope_graph import Price
from cope_graph.models.usage import Usage
from cope_graph.money.lines import LedgerLine
from cope_graph.money.prices import cost
from tests.loopback.completions import Bill
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.suffixes import behaviours

PRICES: Final = {
    "small": Price.of("0.15", "0.60", "0.075"),
    "large": Price.of("2.50", "10.00", "1.25"),
}

Result = dict[str, Any] | BaseException
"""A run's output, or what it raised."""


@dataclass(frozen=True)
class Books:
    """What is known of some requests.

    Attributes:
        requests: How many there were, refused ones included.
        tokens: Prompt, completion and cached tokens of those whose usage was reported, by model.
    """

    requests: int
    tokens: Mapping[str, tuple[int, int, int]]


def lines_of(results: Iterable[Result]) -> list[LedgerLine]:
    """List the ledger lines of runs; an error carries its own."""
    ledgers = [
        getattr(result, "ledger", None) if isinstance(result, BaseException) else result["ledger"]
        for result in results
    ]
    return [line for ledger in ledgers if ledger for line in ledger["lines"]]


def kept(lines: Iterable[LedgerLine]) -> Books:
    """Add up what ledgers say."""
    lines = list(lines)
    tokens: dict[str, tuple[int, int, int]] = {}
    for line in lines:
        if line["status"] == "reported":
            of_line = (line["input_tokens"], line["output_tokens"], line["cached_tokens"])
            had = tokens.get(line["model"], (0, 0, 0))
            tokens[line["model"]] = _add(had, of_line)
    return Books(len(lines), _some(tokens))


def counted(server: OpenAIServer) -> Books:
    """Add up what the server counted."""
    unreported = server.unreported
    tokens = {
        model: _less(_tokens(bill), _tokens(unreported.get(model, Bill())))
        for model, bill in server.billed.items()
    }
    return Books(server.count, _some(tokens))


def upper(lines: Iterable[LedgerLine]) -> Decimal | None:
    """Add up the most that lines may have cost; `None` when nothing bounds one."""
    bounds = [line["usd_upper"] for line in lines]
    return None if None in bounds else sum((Decimal(b) for b in bounds if b), Decimal(0))


def usd(bills: Mapping[str, Bill], prices: Mapping[str, Price]) -> Decimal:
    """Price what a server billed, by the models' names without their suffixes."""
    return sum(
        (_usd(bill, prices[behaviours(name)[0]]) for name, bill in bills.items()), Decimal(0)
    )


def _usd(bill: Bill, price: Price) -> Decimal:
    return cost(Usage(*_tokens(bill)), price)


def _tokens(bill: Bill) -> tuple[int, int, int]:
    return bill.prompt_tokens, bill.completion_tokens, bill.cached_tokens


def _add(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _less(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _some(tokens: Mapping[str, tuple[int, int, int]]) -> dict[str, tuple[int, int, int]]:
    return {model: figures for model, figures in tokens.items() if any(figures)}
