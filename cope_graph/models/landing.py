"""A request that nobody has to wait for to its end: in a thread, or in an event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from cope_graph.models.crew import CREW
from cope_graph.models.exchange import Outcome
from cope_graph.models.flight import Flight, StopReason
from cope_graph.models.steps import Steps, atake, take

Launch = Callable[[Callable[[], Any]], Any]
"""Runs a request so that its outcome is kept; gives its future."""


class Landing:
    """A request in a thread of its own.

    A thread cannot be cancelled, so what comes first ends the wait: its own end, or `stop`. The
    thread is a daemon: a process that ends does not wait for a server that hangs.
    """

    def __init__(
        self, flight: Flight, steps: Steps[Outcome], room: BoundedSemaphore, launch: Launch | None
    ) -> None:
        """Start it, as soon as there is room; or leave it to `launch` to start it."""
        self.flight = flight
        self._steps, self._room = steps, room
        self._landed: Future[Outcome] = Future()
        self._context = contextvars.copy_context()
        if launch is None:
            self._start()
        self.future: Future[Outcome] = launch(self._kept) if launch else self._landed
        self.future.add_done_callback(partial(_note_kept, flight))

    def stop(self, why: StopReason) -> None:
        """Wait no longer; the thread goes on until its server lets go of it."""
        if self.flight.stopped is None:
            outcome = self.flight.stop(why)
            with suppress(InvalidStateError):
                self._landed.set_result(outcome)

    def abandon(self) -> None:
        """Wait no longer, and let nothing be kept of it: the node that wants it is ending."""
        self.flight.stop("given_up")
        with suppress(InvalidStateError):
            self._landed.set_exception(CancelledError())

    def _kept(self) -> Outcome:
        self._start()
        return self._landed.result()

    def _start(self) -> None:
        CREW.run(partial(self._context.run, self._fly))

    def _fly(self) -> None:
        self._room.acquire()
        # One that is given up makes room at once, however long its server holds the thread.
        self._landed.add_done_callback(lambda _: self._room.release())
        with suppress(InvalidStateError):
            try:
                outcome = take(self._steps) if self.flight.take_off() else self.flight.outcome()
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                self._landed.set_exception(error)
            else:
                self._landed.set_result(outcome)


class AsyncLanding:
    """A request as a task of its own, which is cancelled when nobody waits for it any more.

    Nor does anybody wait for the cancellation: a model may take its time over it.
    """

    def __init__(
        self, flight: Flight, steps: Steps[Outcome], room: asyncio.Semaphore, launch: Launch | None
    ) -> None:
        """Start it, as soon as there is room; or leave it to `launch` to start it."""
        self.flight = flight
        self._steps, self._room = steps, room
        self._landed: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._landed.add_done_callback(_seen)
        self._task: asyncio.Task[None] | None = None
        if launch is None:
            self._start()
        self.future: asyncio.Future[Outcome] = launch(self._kept) if launch else self._landed
        self.future.add_done_callback(_seen)
        self.future.add_done_callback(partial(_note_kept, flight))

    def stop(self, why: StopReason) -> None:
        """End it."""
        if self.flight.stopped is None:
            outcome = self.flight.stop(why)
            if not self._landed.done():
                self._landed.set_result(outcome)
            self._end()

    def abandon(self) -> None:
        """End it, and let nothing be kept of it: the node that wants it is ending."""
        self.flight.stop("given_up")
        self._landed.cancel()
        self._end()

    def _end(self) -> None:
        if self._task:
            self._task.cancel()

    async def _kept(self) -> Outcome:
        if self._task is None and not self._landed.done():
            self._start()
        try:
            return await self._landed
        except asyncio.CancelledError:
            self._end()
            raise

    def _start(self) -> None:
        self._task = asyncio.ensure_future(self._fly())
        self._task.add_done_callback(_seen)

    async def _fly(self) -> None:
        try:
            async with self._room:
                outcome = (
                    await atake(self._steps) if self.flight.take_off() else self.flight.outcome()
                )
        except asyncio.CancelledError:
            self._landed.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            if not self._landed.done():
                self._landed.set_exception(error)
        else:
            if not self._landed.done():
                self._landed.set_result(outcome)
        finally:
            self._steps.close()


def _note_kept(flight: Flight, future: Any) -> None:
    """Charge the run's own limits for a request that was paid before a crash."""
    came_from_before = not flight.ends and not flight.stopped
    if came_from_before and not future.cancelled() and not future.exception():
        flight.purse.note(future.result()["lines"])


def _seen(future: asyncio.Future[Any]) -> None:
    """Look at an error that comes after another one has ended the wait."""
    if not future.cancelled():
        future.exception()
