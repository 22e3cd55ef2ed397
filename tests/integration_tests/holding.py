"""Points of a run where its process waits for ever, so that its parent can kill it there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

from langchain_core.runnables import RunnableConfig

from cope_graph.gates.verdict import Verdict
from cope_graph.models.bound import Bound
from cope_graph.models.draw import Terms, adraw, draw
from cope_graph.models.exchange import Outcome, Request
from cope_graph.stages import node
from cope_graph.stages.judge import ajudge, judge
from cope_graph.stages.run import Run

HELD: Final = "held"
"""The line that the process prints when it waits."""


@contextmanager
def holding(point: str) -> Iterator[None]:  # noqa: C901 - one function a point
    """Wait for ever before or after the requests of a node, or in the gate."""

    def is_here(when: str, terms: Terms) -> bool:
        return point == f"{when} {terms.purpose.node} {terms.purpose.stage}"

    def held_draw(
        model: Bound, requests: Sequence[Request], config: RunnableConfig, terms: Terms
    ) -> list[list[Outcome]]:
        if is_here("before", terms):
            hold()
        drawn = draw(model, requests, config, terms)
        if is_here("after", terms):
            hold()
        return drawn

    async def held_adraw(
        model: Bound, requests: Sequence[Request], config: RunnableConfig, terms: Terms
    ) -> list[list[Outcome]]:
        if is_here("before", terms):
            await ahold()
        drawn = await adraw(model, requests, config, terms)
        if is_here("after", terms):
            await ahold()
        return drawn

    def held_judge(run: Run) -> Verdict:
        if point == f"gate {run.state['stage']}":
            hold()
        return judge(run)

    async def held_ajudge(run: Run) -> Verdict:
        if point == f"gate {run.state['stage']}":
            await ahold()
        return await ajudge(run)

    with (
        patch.object(node, "draw", held_draw),
        patch.object(node, "adraw", held_adraw),
        patch.object(node, "judge", held_judge),
        patch.object(node, "ajudge", held_ajudge),
    ):
        yield


def hold() -> None:
    print(HELD, flush=True)  # noqa: T201 - the parent reads it
    threading.Event().wait()


async def ahold() -> None:
    print(HELD, flush=True)  # noqa: T201 - the parent reads it
    await asyncio.Event().wait()
