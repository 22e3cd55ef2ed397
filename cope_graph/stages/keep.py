"""Keep the outcome of each request where a crash cannot take it: a LangGraph task a request.

A node that a crash interrupts runs again from its start. Its requests that had ended are tasks
whose results stand in the checkpoint, so they are not made, nor paid, again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.func import task

from cope_graph.models.landing import Launch
from cope_graph.stages.busy import is_persisted

_TOO_NARROW: Final = 3
"""A streamed node and its tasks share the run's `max_concurrency` and would wait for each other."""


def keeper(config: RunnableConfig) -> Launch | None:
    """Give what keeps outcomes, `None` where nothing is persisted.

    Args:
        config: The node's.
    """
    most = config.get("max_concurrency")
    if not is_persisted(config) or (most is not None and most < _TOO_NARROW):
        return None
    return _keep


def _keep(fly: Callable[[], Any]) -> Any:
    if inspect.iscoroutinefunction(fly):

        async def request() -> Any:
            return await fly()

        return task(request)()
    return task(_named(fly))()


def _named(fly: Callable[[], Any]) -> Callable[[], Any]:
    def request() -> Any:
        return fly()

    return request
