"""A breaker for one model at one endpoint: it spares a dead one, and heals by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

_FAILURES: Final = 10
"""Requests that must fail in a row; a stage of samples side by side is not enough."""
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0


class Breaker:
    """Counts failures in a row; each graph has one for each of its models, never a wider one.

    After 10 in a row no request is let through for a second; then one is, as a probe. If it fails
    the pause doubles, up to 30 seconds; any success ends it. Only failures that speak of the
    server count: refusals (HTTP 4xx) and empty replies do not.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed; `clock` gives seconds."""
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._pause_s = _FIRST_PAUSE_S
        self._paused_until = 0.0
        self._probing = False

    def wait_s(self) -> float | None:
        """Ask to let a request through.

        Returns:
            `None`: go on, and tell what became of it. Else the seconds until the next probe.
        """
        with self._lock:
            if self._failures < _FAILURES:
                return None
            left = self._paused_until - self._clock()
            if left > 0 or self._probing:
                return max(left, 0.0)
            self._probing = True
            return None

    def answered(self) -> None:
        """Note that the server answered, if only to refuse."""
        with self._lock:
            self._failures, self._pause_s, self._probing = 0, _FIRST_PAUSE_S, False

    def failed(self) -> None:
        """Note that it did not."""
        with self._lock:
            self._failures += 1
            if self._failures > _FAILURES and self._probing:
                self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._probing = False
            if self._failures >= _FAILURES:
                self._paused_until = self._clock() + self._pause_s

    def given_up(self) -> None:
        """Note that nobody waited for the answer."""
        with self._lock:
            self._probing = False
