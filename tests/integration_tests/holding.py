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
from cope_graph.stages import gate_node, node
from cope_graph.stages.look import alook, look
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

    def held_look(run: Run) -> Verdict:
        if point == f"gate {run.state['stage']}":
            hold()
        return look(run)

    async def held_alook(run: Run) -> Verdict:
        if point == f"gate {run.state['stage']}":
            await ahold()
        return await alook(run)

    with (
        patch.object(node, "draw", held_draw),
        patch.object(node, "adraw", held_adraw),
        patch.object(gate_node, "draw", held_draw),
        patch.object(gate_node, "adraw", held_adraw),
        patch.object(gate_node, "look", held_look),
        patch.object(gate_node, "alook", held_alook),
    ):
        yield


def hold() -> None:
    print(HELD, flush=True)  # noqa: T201 - the parent reads it
    threading.Event().wait()


async def ahold() -> None:
    print(HELD, flush=True)  # noqa: T201 - the parent reads it
    await asyncio.Event().wait()
