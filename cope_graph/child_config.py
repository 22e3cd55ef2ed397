"""From a chat model's run to the runs inside it."""

from __future__ import annotations

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForLLMRun,
    CallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.runnables import RunnableConfig


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
