"""Lines of a bill, as tests write them."""

from __future__ import annotations

from typing import Any

from cope_graph.money.lines import LedgerLine


def line(**given: Any) -> LedgerLine:
    """Make a reported line of 0.1 USD; its upper bounds are what it says it cost."""
    fields: Any = {
        "node": "small_execute",
        "stage": 1,
        "role": "execute",
        "model": "m",
        "samples": 1,
        "input_tokens": 10,
        "output_tokens": 2,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "seconds": 0.5,
        "gpu_seconds": 0.0,
        "status": "reported",
        "usd": "0.1",
        "tokens_upper": 12,
        "error": None,
    } | given
    made: LedgerLine = {"usd_upper": fields["usd"]} | fields
    return made
