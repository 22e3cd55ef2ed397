"""Runs that are killed and resumed: how it is done, and what must be true in the end."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from dataclasses import astuple
from operator import sub
from typing import Any, Final

from tests.integration_tests.bookkeeping import usd
from tests.integration_tests.holding import HELD
from tests.integration_tests.killed_run import PRICES, Life, process
from tests.integration_tests.savers import asaver, results, saver
from tests.integration_tests.upstream import Held, Upstream, nobody
from tests.loopback.completions import Bill
from tests.loopback.openai_server import OpenAIServer
from tests.processes import soon

ONE_BY_ONE: Final = "small-ignore-n"
"""A small model that draws one sample a request: eight for each of its steps."""


def kill(
    life: Life,
    upstream: Upstream,
    asked: int,
    held: Held = nobody,
    how: signal.Signals = signal.SIGKILL,
) -> None:
    """Run a life until so many requests were made, all results that came are persisted, and it
    is where it is to be held; then end it."""
    upstream.held = held
    with process(life) as child:

        def there() -> bool:
            assert child.poll() is None, "the process ended by itself"
            persisted = results(life.database, life.thread)
            return upstream.asked.total() == asked and persisted == upstream.answered

        if life.hold and child.stdout:
            assert child.stdout.readline() == f"{HELD}\n"
        assert soon(there), (upstream.asked, results(life.database, life.thread))
        child.send_signal(how)
        assert child.wait(30) == -how
    upstream.held = nobody


def resume(life: Life, **options: Any) -> Any:
    """Go on with a killed run, in this process, to its end."""

    async def alive() -> Any:
        async with asaver(life.database) as kept:
            app = life.graph().compile(checkpointer=kept)
            return await app.ainvoke(None, life.config, durability="sync", **options)

    if life.is_async:
        return asyncio.run(alive())
    with saver(life.database) as kept:
        app = life.graph().compile(checkpointer=kept)
        return app.invoke(None, life.config, durability="sync", **options)


def check(out: Any, upstream: Upstream, server: OpenAIServer) -> None:
    """Compare with what the server saw in all lives together."""
    assert (out["answer"], out["stage"]) == ("42", 3)
    once = Counter(dict.fromkeys(upstream.asked, 1))
    assert upstream.asked - once == upstream.lost  # what was on its way, and nothing else
    ledger, bills = out["ledger"], _told(upstream, server)
    assert ledger["requests"] == len(ledger["lines"]) == len(once)
    assert ledger["status"] == "reported"
    assert ledger["input_tokens"] == sum(bill.prompt_tokens for bill in bills.values())
    assert ledger["output_tokens"] == sum(bill.completion_tokens for bill in bills.values())
    assert ledger["usd"] == str(usd(bills, PRICES).normalize())


def _told(upstream: Upstream, server: OpenAIServer) -> dict[str, Bill]:
    """What the server billed for requests that it answered, by model."""
    return {
        model: Bill(*map(sub, astuple(bill), astuple(upstream.lost_bills.get(model, Bill()))))
        for model, bill in server.billed.items()
    }
