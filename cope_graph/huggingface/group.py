"""Requests that several threads make for one caller: they end together when it leaves."""

from __future__ import annotations

from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any, Final


class Group:
    """Requests on their way; its methods may be called from any thread."""

    def __init__(self) -> None:
        """Start with none."""
        self._futures: list[Future[Any]] = []
        self._is_left = False

    def join(self, future: Future[Any]) -> None:
        """Add a request; it ends at once when the caller has left already."""
        self._futures.append(future)
        if self._is_left:
            future.cancel()

    def leave(self) -> None:
        """End all of them, and those that join later."""
        self._is_left = True
        for future in list(self._futures):
            future.cancel()


GROUP: Final[ContextVar[Group | None]] = ContextVar("cope_group", default=None)
"""That of the requests being made here."""
