"""Which models say the same: answers of several runs of an item, grouped together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from langchain_core.runnables import RunnableConfig

from cope_graph.errors import InputError
from cope_graph.evaluation.datasets.items import Item
from cope_graph.evaluation.looks import looks_of
from cope_graph.gates.verdict import Question
from cope_graph.models.crew import CREW
from cope_graph.state import Sample

FREE: Final = "plan_free"
"""The arm whose stage 1 the voters' classes go on from."""


def thread_of(item: Item, arm: str) -> RunnableConfig:
    """Name the thread of an arm's run over an item."""
    return {"configurable": {"thread_id": f"{arm} {item.id}"}}  # names of arms have no blanks


async def joint_groups(
    graph: Any, item: Item, gate: object, samples: Sequence[Sample], earlier: Sequence[str]
) -> list[int | None]:
    """Number the classes of a voter's samples as if all voters' stood in one vote.

    Args:
        graph: A compiled graph whose checkpointer has the item's earlier runs.
        item: The item.
        gate: Its task's.
        samples: The voter's.
        earlier: The arms of the voters before it.

    Returns:
        A number a sample; `None` for each under a gate that does not vote by itself.

    Raises:
        InputError: An earlier run is gone.
    """
    if not callable(gate):
        return [None] * len(samples)
    first = await _samples(graph, item, FREE, stage=1)
    before = [one for arm in earlier for one in await _samples(graph, item, arm, stage=3)]
    question = Question(item.question, item.inputs)
    verdict = await CREW.away(lambda: gate(question, [*first, *before, *samples]))
    ordered = sorted(verdict.classes, key=lambda one: one.members[0])
    start = len(first) + len(before)
    return [
        next((i for i, one in enumerate(ordered) if index in one.members), None)
        for index in range(start, start + len(samples))
    ]


async def _samples(graph: Any, item: Item, arm: str, stage: int) -> list[Sample]:
    """Read an earlier run's samples of a stage."""
    looks = await looks_of(graph, thread_of(item, arm), n=0)
    found = next((list(look.samples) for look in looks if look.visit["stage"] == stage), None)
    if found is None:
        msg = (
            f"The run of {arm} over {item} is gone, with which a voter's answer is compared: the "
            "progress beside the records was removed. Name another file for the records."
        )
        raise InputError(msg)
    return found
