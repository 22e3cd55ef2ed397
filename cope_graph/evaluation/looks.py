"""What the gate saw in a run, read from its checkpoints: so a killed run tells it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.runnables import RunnableConfig

from cope_graph.evaluation.rows import Look

_LARGE_STAGE: Final = 3


async def looks_of(graph: Any, config: RunnableConfig, n: int) -> list[Look]:
    """List the gate's last look at each stage of a run, in order.

    Args:
        graph: The compiled graph, with its checkpointer.
        config: The thread of the run.
        n: Samples of stages 1 and 2.
    """
    return looks_in(await states_of(graph, config), n)


async def states_of(graph: Any, config: RunnableConfig) -> list[Mapping[str, Any]]:
    """List the states of a run, from its first to its last; none where it has not begun.

    Args:
        graph: The compiled graph, with its checkpointer.
        config: The thread of the run.
    """
    states = [snapshot.values async for snapshot in graph.aget_state_history(config)]
    return states[::-1]


def looks_in(states: Sequence[Mapping[str, Any]], n: int) -> list[Look]:
    """Do the same with the states of a run, in order."""
    looks: dict[int, Look] = {}
    seen = 0
    for state in states:
        visits = state.get("visits") or []
        if len(visits) == seen:
            continue
        seen = len(visits)
        visit = visits[-1]
        due = 1 if visit["stage"] == _LARGE_STAGE else n
        looks[visit["stage"]] = Look(visit, state["samples"], state["seconds"], due)
    return list(looks.values())
