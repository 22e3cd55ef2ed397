"""From a chat model's run to the runs inside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForLLMRun,
    CallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config


@contextmanager
def inside(
    manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None,
) -> Iterator[None]:
    """Let graphs that are run meanwhile stand inside a chat model's run.

    A graph takes the callbacks of the node that it is called in over those that it is passed: to be
    shown inside the model's run, and not beside it, it has to find that run there.
    """
    around = var_child_runnable_config.get() or {}
    token = var_child_runnable_config.set({**around, **child_config(manager)})
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


def child_config(
    manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None,
) -> RunnableConfig:
    """Give callbacks, tags and metadata of a chat model's run to a graph that it runs inside.

    Args:
        manager: Of the run; `None` outside of one.
    """
    if manager is None:
        return {}
    # A manager of a model's run makes no child manager; its handlers and parent are all there is.
    kind = (
        CallbackManager if isinstance(manager, CallbackManagerForLLMRun) else AsyncCallbackManager
    )
    return {
        "callbacks": kind(
            handlers=manager.inheritable_handlers,
            inheritable_handlers=manager.inheritable_handlers,
            parent_run_id=manager.run_id,
            tags=manager.inheritable_tags,
            inheritable_tags=manager.inheritable_tags,
            metadata=manager.inheritable_metadata,
            inheritable_metadata=manager.inheritable_metadata,
        )
    }
