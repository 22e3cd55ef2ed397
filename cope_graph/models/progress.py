"""What a model in this process tells of a request on its way, and what it is told.

A server is asked and answers; a model that runs here can say when a sample has ended, and can stop
when nobody needs the others any more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from typing import Final

from langchain_core.outputs import ChatGeneration

from cope_graph.models.exchange import Reply, reply_of


class Progress:
    """One request as its samples end; its methods may be called from any thread."""

    def __init__(self, k: int) -> None:
        """Start with none of k samples there."""
        self._replies: list[Reply | None] = [None] * k
        self._lock = Lock()
        self._listener: Callable[[], None] | None = None
        self.is_over = False

    def begin(self) -> None:
        """Forget the samples of a try that failed."""
        with self._lock:
            self._replies = [None] * len(self._replies)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this whenever a sample has ended; it must return at once."""
        self._listener = listener

    def ended(self, index: int, generation: ChatGeneration) -> None:
        """Say that a sample has ended (the model's part)."""
        with self._lock:
            self._replies[index] = reply_of(generation)
        if self._listener is not None:
            self._listener()

    @property
    def replies(self) -> list[Reply | None]:
        """The samples that have ended, in their places; `None` for those that grow."""
        with self._lock:
            return list(self._replies)

    def end(self) -> None:
        """Say that the samples that still grow are not needed any more."""
        self.is_over = True


PROGRESS: Final[ContextVar[Progress | None]] = ContextVar("cope_progress", default=None)
"""That of the request being made here."""
