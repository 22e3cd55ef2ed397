"""Logic that waits, written once: a generator of steps, taken in a thread or in an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """Something to wait for.

    Attributes:
        sync: Waits, blocking the thread.
        asynchronous: Waits, in an event loop.
    """

    sync: Callable[[], Any]
    asynchronous: Callable[[], Awaitable[Any]]


Steps = Generator[Step, Any, T]


def take(steps: Steps[T]) -> T:
    """Take the steps in this thread; what a step raises is the generator's to handle."""
    sent, error = None, None
    while True:
        try:
            step = steps.send(sent) if error is None else steps.throw(error)
        except StopIteration as done:
            result: T = done.value
            return result
        sent, error = None, None
        try:
            sent = step.sync()
        except BaseException as raised:  # noqa: BLE001 - handed to the generator, all of it
            error = raised


async def atake(steps: Steps[T]) -> T:
    """Do as `take` does, in an event loop; a cancellation reaches the generator."""
    sent, error = None, None
    while True:
        try:
            step = steps.send(sent) if error is None else steps.throw(error)
        except StopIteration as done:
            result: T = done.value
            return result
        sent, error = None, None
        try:
            sent = await step.asynchronous()
        except BaseException as raised:  # noqa: BLE001 - handed to the generator, all of it
            error = raised
