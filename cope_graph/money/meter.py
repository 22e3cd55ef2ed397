"""Working time of a model that is paid by the hour, shared by the requests side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock


class Meter:
    """Gives every request its share, so that the shares add up to the time anything ran.

    While m requests run, each is charged 1/m of every second (processor sharing).
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start with nothing running; `clock` gives seconds."""
        self._clock = clock
        self._lock = Lock()
        self._running = 0
        self._share = 0.0  # what a request that ran all along would have been charged
        self._since = 0.0

    def start(self) -> float:
        """Note that a request begins; give what `stop` wants back."""
        with self._lock:
            self._advance()
            self._running += 1
            return self._share

    def stop(self, mark: float) -> float:
        """Note that a request ended; give its share in seconds."""
        with self._lock:
            self._advance()
            self._running -= 1
            return self._share - mark

    def so_far(self, mark: float) -> float:
        """Give the share in seconds of a request that still runs."""
        with self._lock:
            self._advance()
            return self._share - mark

    def _advance(self) -> None:
        now = self._clock()
        if self._running:
            self._share += (now - self._since) / self._running
        self._since = now
