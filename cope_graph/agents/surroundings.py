"""What a run inside a graph's node may know of that graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from langchain_core.runnables import Runnable
from langchain_core.runnables.config import ensure_config
from langgraph.pregel import Pregel
from langgraph.runtime import get_runtime
from langgraph.store.base import BaseStore

from cope_graph.context import CopeContext

_OF_THE_GRAPH: Final = ("__", "checkpoint_")
"""How keys begin that LangGraph writes for the graphs inside a graph."""


@dataclass(frozen=True)
class Surroundings:
    """What a graph lends to a run inside it.

    Attributes:
        configurable: The caller's own settings, and a thread of its own.
        store: The graph's.
        options: The graph's context, for the run's `invoke`, where it is not of this package.
    """

    configurable: dict[str, Any]
    store: BaseStore | None
    options: dict[str, Any]

    def lend(self, agent: Runnable[Any, Any]) -> Runnable[Any, Any]:
        """Give an agent that has no store the graph's."""
        if self.store is None or not isinstance(agent, Pregel) or agent.store is not None:
            return agent
        return agent.copy({"store": self.store})

    def options_of(self, agent: Runnable[Any, Any]) -> dict[str, Any]:
        """Give the arguments of an agent's `invoke`; runnables that are no graph take none."""
        return self.options if isinstance(agent, Pregel) else {}


def surroundings() -> Surroundings:
    """Look around: outside of a graph there is nothing to see."""
    given = ensure_config().get("configurable") or {}
    own = {key: value for key, value in given.items() if not key.startswith(_OF_THE_GRAPH)}
    try:
        runtime = get_runtime()
    except RuntimeError:
        runtime = None
    context: Any = getattr(runtime, "context", None)
    return Surroundings(
        # n runs side by side in one thread would meet in whatever goes by the thread.
        configurable={**own, "thread_id": uuid4().hex},
        store=getattr(runtime, "store", None),
        options={} if context is None or isinstance(context, CopeContext) else {"context": context},
    )
