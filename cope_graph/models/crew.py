"""Daemon threads for requests, kept for a while: starting one costs more than a short request.

The standard library's pool joins its threads when the process ends, so that one hanging server
would hold the process up; these are let go.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Final, TypeVar

T = TypeVar("T")
_KEPT_S: Final = 10.0


class Crew:
    """As many threads as there are jobs at once; an idle one waits some seconds for the next."""

    def __init__(self) -> None:
        """Start with nobody; again after a fork, which takes no threads along."""
        self._empty()
        if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
            os.register_at_fork(after_in_child=self._empty)

    def run(self, job: Callable[[], None]) -> None:
        """Run a job that raises nothing, in a thread of its own."""
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._jobs.put(job)
                return
        Thread(target=self._work, args=(job,), name="cope-request", daemon=True).start()

    def call(self, work: Callable[[], T]) -> Future[T]:
        """Run what returns or raises something; cancelling its future lets it run on."""
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                future.set_exception(error)
            else:
                future.set_result(result)

        self.run(job)
        return future

    async def away(self, work: Callable[[], T]) -> T:
        """Run what blocks away from the event loop, with the caller's context variables.

        Not in the loop's own threads: those resolve the names of servers, and end with the loop.
        """
        context = contextvars.copy_context()
        return await asyncio.wrap_future(self.call(partial(context.run, work)))

    def _empty(self) -> None:
        self._lock = Lock()
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = 0

    def _work(self, job: Callable[[], None] | None) -> None:
        while job:
            job()
            job = None  # an idle thread keeps nothing of the last run
            job = self._next()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            self._idle += 1
        while True:
            try:
                return self._jobs.get(timeout=_KEPT_S)
            except Empty:
                with self._lock:
                    if self._idle:  # else a job was put at the last moment, for this thread
                        self._idle -= 1
                        return None


CREW: Final = Crew()
"""That of this process."""
