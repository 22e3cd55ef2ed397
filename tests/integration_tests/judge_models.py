"""A small, a large and a third model on one loopback server, one of which judges."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from cope_graph import PLAN_FREE, CopeContext, Price, create_cope
from cope_graph.gates import judge
from cope_graph.tasks import Prompts, Task
from tests.loopback.clients import chat
from tests.loopback.completions import Bill
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

PRICES: Final = {
    "small": Price.of("0.0333333333", "0.77777777", "0.0111111119"),
    "large": Price.of("2.4999999999", "9.87654321", "1.23456789"),
    "critic": Price.of("1.1111111117", "3.33333331", "0.55555555"),
}
"""Prices with digits that floating point would lose."""

SETTINGS: Final = PLAN_FREE.model_copy(update={"n": 3, "max_answer_tokens": 50, "retries": 0})
LARGE_TEXT: Final = "A poem by the large model."

_PROMPTS: Final = Prompts(
    goal="{question}\n\nGoal?",
    guideline="{question}\n\nGuideline?",
    execute="{question}\n\n{plan}Write.",
    with_goal="{goal}\n\n",
    with_guideline="{guideline}\n\n",
)
_SHOWN: Final = re.compile(r"<candidate>\n(.*?)\n</candidate>", re.DOTALL)

Scored = Callable[[Sequence[str]], "Sequence[int] | str"]
"""From the candidates in the order shown to their scores, or to a reply that is no ballot."""


def judged_server(poems: Sequence[str], scored: Scored) -> OpenAIServer:
    """Make the server: the small model writes the poems in turn, who is shown them scores them."""
    turns = itertools.cycle(poems)

    def reply(body: Body) -> Reply:
        asked = body["messages"][-1]["content"]
        if shown := _SHOWN.findall(asked):
            said = scored(shown)
            ballot = said if isinstance(said, str) else json.dumps({"scores": said})
            return Reply([ballot], cached_tokens=3, reasoning_tokens=2)
        if body["model"].startswith("large"):
            return Reply([LARGE_TEXT], cached_tokens=5)
        return Reply([next(turns) for _ in range(body.get("n") or 1)], cached_tokens=2)

    return OpenAIServer(reply)


def graph_of(
    server: OpenAIServer,
    critic: str | None,
    *,
    large: str = "large",
    settings: CopeContext = SETTINGS,
) -> Any:
    """Make a cascade whose gate asks the third model of this name, or the large one."""
    own = {"default_headers": {"Connection": "close"}}  # a kept one belongs to one event loop
    model = None if critic is None else chat(server, critic, **own)
    gate = judge(model, rubric="Is it a poem?", max_tokens=40)
    task = Task("poem", _PROMPTS, lambda reply: reply.strip() or None, gate)
    small, big = chat(server, "small", **own), chat(server, large, **own)
    return create_cope(small, big, task=task, prices=PRICES, defaults=settings).compile()


def due(server: OpenAIServer, model: str) -> Decimal:
    """Price what the server counted, apart from the package's own arithmetic."""
    bill: Bill = server.billed.get(model, Bill())
    price = PRICES[model]
    assert price.cached is not None
    fresh = (bill.prompt_tokens - bill.cached_tokens) * price.input
    spent = fresh + bill.cached_tokens * price.cached + bill.completion_tokens * price.output
    return spent / Decimal(1_000_000)


def to_judge(server: OpenAIServer) -> list[Body]:
    """List the requests in which candidates were shown."""
    bodies = [request.body for request in server.requests]
    return [body for body in bodies if _SHOWN.search(body["messages"][-1]["content"])]


def shown_in(body: Body) -> list[str]:
    """List the candidates that a request shows, in order."""
    return _SHOWN.findall(body["messages"][-1]["content"])
