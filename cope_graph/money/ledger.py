"""The bill of a run: one line a request, and what the lines add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from cope_graph.money.lines import Ledger, LedgerLine, Status, Totals

_WEAKEST_FIRST: tuple[Status, ...] = ("unknown", "estimated", "reported")


def add_lines(ledger: Ledger, lines: Iterable[LedgerLine]) -> Ledger:
    """Return the ledger with more lines and its sums anew."""
    return total([*ledger["lines"], *lines])


def total(lines: Sequence[LedgerLine]) -> Ledger:
    """Add up lines.

    Returns:
        A ledger. Its `usd` is `None` as soon as one line has no price: an unknown price is
        never taken for 0.
    """
    statuses = {line["status"] for line in lines}
    known = [Decimal(line["usd"]) for line in lines if line["usd"] is not None]
    return {
        **sums(lines),
        "status": next((s for s in _WEAKEST_FIRST if s in statuses), "reported"),
        "usd_known": plain(sum(known, Decimal(0))),
        "seconds": round(sum(line["seconds"] for line in lines), 6),
        "by_node": _by(lines, lambda line: line["node"]),
        "by_role": _by(lines, lambda line: line["role"]),
        "by_stage": _by(lines, lambda line: str(line["stage"])),
        "lines": list(lines),
    }


def sums(lines: Iterable[LedgerLine]) -> Totals:
    """Add up requests, tokens and USD."""
    lines = list(lines)
    return {
        "requests": len(lines),
        "input_tokens": sum(line["input_tokens"] for line in lines),
        "output_tokens": sum(line["output_tokens"] for line in lines),
        "usd": _sum([line["usd"] for line in lines]),
        "usd_upper": _sum([line["usd_upper"] for line in lines]),
    }


def _sum(usd: Sequence[str | None]) -> str | None:
    known = [Decimal(one) for one in usd if one is not None]
    return plain(sum(known, Decimal(0))) if len(known) == len(usd) else None


def _by(lines: Sequence[LedgerLine], key: Callable[[LedgerLine], str]) -> dict[str, Totals]:
    keys = dict.fromkeys(key(line) for line in lines)
    return {name: sums(line for line in lines if key(line) == name) for name in keys}


def plain(usd: Decimal) -> str:
    """Write USD as a plain decimal: every digit, no exponent, no trailing zeros."""
    text = format(usd, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
