"""What an engine is asked for: samples of a prompt, or other work on its model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cope_graph.huggingface.sample import Finish, Sample
from cope_graph.models.progress import Progress


@dataclass(eq=False)
class Job:
    """A request: a prompt and its samples.

    Attributes:
        tokens: The prompt.
        samples: All of them.
        on_end: Told of each sample that has ended.
        progress: Of the request in the cascade, `None` outside of it.
        future: Done when all samples have ended; cancelling it ends them.
        is_read: Whether its prompt has been read.
        waiting: Those that have not begun.
        growing: Those in the batch.
    """

    tokens: list[int]
    samples: Sequence[Sample]
    on_end: Callable[[Sample], None]
    progress: Progress | None = None
    future: Future[None] = field(default_factory=Future)
    is_read: bool = False
    waiting: deque[Sample] = field(default_factory=deque)
    growing: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        """All samples wait for room."""
        self.waiting.extend(self.samples)

    @property
    def longest(self) -> int:
        """Most tokens that one of its samples may have, with the prompt."""
        return len(self.tokens) + max(sample.limit for sample in self.samples)

    def end(self, why: Finish) -> None:
        """End the samples that wait or grow."""
        self.growing.extend(self.waiting)
        self.waiting.clear()
        for sample in self.growing:
            sample.end(why)

    def settle(self) -> bool:
        """Tell of the samples that have ended; `True` when none is left."""
        ended = [sample for sample in self.growing if sample.finish is not None]
        self.growing = [sample for sample in self.growing if sample.finish is None]
        error = next((sample.error for sample in ended if sample.error), None)
        try:
            for sample in ended:
                self.on_end(sample)
        except Exception as raised:  # noqa: BLE001 - others share the batch
            error = raised
        if error:
            self.end("cancelled")
            self.fail(error)
            return True
        if self.growing or self.waiting:
            return False
        with suppress(InvalidStateError):
            self.future.set_result(None)
        return True

    def fail(self, error: BaseException) -> None:
        """Let whoever waits know."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)


@dataclass(eq=False)
class Call:
    """Other work on the model, between two tokens.

    Attributes:
        work: It.
        future: What it gives.
    """

    work: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)

    def run(self) -> None:
        """Do it."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self.future.set_exception(error)
        else:
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Let whoever waits know."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)
