"""Two runs on one thread at a time would overwrite each other's checkpoints: refuse that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from langchain_core.runnables import RunnableConfig

from cope_graph.errors import ThreadBusyError

# The one name of LangGraph's config that tells whether a run is persisted: without persistence
# a thread id means nothing and may be shared.
_CHECKPOINTER: Final = "__pregel_checkpointer"

_busy: set[tuple[int, str, str]] = set()
_lock = Lock()


def is_persisted(config: RunnableConfig) -> bool:
    """Tell whether the run has a checkpointer and a thread."""
    configurable = config.get("configurable", {})
    return bool(configurable.get(_CHECKPOINTER)) and configurable.get("thread_id") is not None


@contextmanager
def occupied(config: RunnableConfig) -> Iterator[None]:
    """Hold a run's thread while one of its nodes works.

    Only a working node holds it, so a run that stops in between, by a crash or an interrupt,
    leaves nothing locked.

    Raises:
        ThreadBusyError: A node of another run of this process works on the same thread.
    """
    if not is_persisted(config):
        yield
        return
    configurable = config.get("configurable", {})
    checkpointer, thread = configurable.get(_CHECKPOINTER), configurable.get("thread_id")
    # "parent:1|cope:2|small_plan:3" and its siblings belong to one run of this graph.
    namespace = str(configurable.get("checkpoint_ns", "")).rpartition("|")[0]
    key = (id(checkpointer), str(thread), namespace)
    with _lock:
        if key in _busy:
            msg = (
                f"Thread {thread!r} is in use by another run: wait for it, or give each run a "
                "thread_id of its own."
            )
            raise ThreadBusyError(msg)
        _busy.add(key)
    try:
        yield
    finally:
        with _lock:
            _busy.discard(key)
