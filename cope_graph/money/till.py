"""Bookkeeping of a budget: what is spent, on its way, held for a run, and who waits in line."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from cope_graph.money.amount import NOTHING, Sum

_IDLE_S: Final = 10.0
"""A run that is paused between two nodes keeps its hold this long when others wait for it."""


@dataclass
class _Hold:
    """What is kept for the rest of a run, beside its requests on their way."""

    amount: Sum
    flying: int = 0
    paused: bool = False
    touched: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class _Waiter:
    run: str
    want: Sum
    granted: Future[None]


class Till:
    """Spent + on its way + held is never more than the limit, whatever the order of events.

    A run holds its worst case before its first request, so that runs side by side cannot each
    start and none finish: with B to spend and runs of worst case W, floor(B / W) of them finish.
    Whoever waits for money waits in line, and holds nothing.
    """

    def __init__(self, limit: Sum) -> None:
        """Open with everything free."""
        self.limit: Final = limit
        self._lock = Lock()
        self._spent = self._flying = self._held = NOTHING
        self._holds: dict[str, _Hold] = {}
        self._line: deque[_Waiter] = deque()

    @property
    def spent(self) -> Sum:
        """What settled requests were charged."""
        with self._lock:
            return self._spent

    def admit(self, run: str, worst: Sum) -> Future[None]:
        """Hold what a run may still cost; done when it is held.

        A run that holds something already is not made to wait: its hold is set to the new worst
        case as far as money is free. A run that no other could make room for gets what is left.
        """
        granted: Future[None] = Future()
        with self._lock:
            if hold := self._holds.get(run):
                hold.paused = False
                self._set(hold, worst.least(hold.amount.plus(self._free())))
                granted.set_result(None)
            else:
                self._line.append(_Waiter(run, worst, granted))
            self._serve()
        return granted

    def poke(self) -> None:
        """Look again whether somebody waiting can go on, past holds of runs that are idle."""
        with self._lock:
            self._serve()

    def reserve(self, run: str, worst: Sum) -> Sum | None:
        """Take a request's worst case, from the run's hold first.

        Returns:
            `None`, or what there is, when that is not enough.
        """
        with self._lock:
            hold = self._holds.get(run)
            held = hold.amount if hold else NOTHING
            if not worst.less(held).fits(self._free()):
                return held.plus(self._free())
            if hold:
                self._set(hold, held.less(worst))
                hold.flying += 1
            self._flying = self._flying.plus(worst)
            return None

    def settle(self, run: str, reserved: Sum, charge: Sum) -> None:
        """Charge what a request cost; what was reserved beyond it is the run's again."""
        with self._lock:
            self._flying = self._flying.less(reserved)
            self._spent = self._spent.plus(charge)
            if hold := self._holds.get(run):
                # A provider that charged more than was reserved takes it from what is free.
                rest = reserved.less(charge).least(self._free())
                self._set(hold, hold.amount.plus(rest))
                # What it reserved before it left, or before it was admitted, is not counted here.
                hold.flying = max(hold.flying - 1, 0)
            self._serve()

    def charge(self, spent: Sum) -> None:
        """Charge what was never reserved."""
        with self._lock:
            self._spent = self._spent.plus(spent)

    def refund(self, amount: Sum) -> None:
        """Take back from what was charged."""
        with self._lock:
            self._spent = self._spent.less(amount)
            self._serve()

    def pause(self, run: str) -> None:
        """Tell that a run is between two nodes; it may never go on."""
        with self._lock:
            if hold := self._holds.get(run):
                hold.paused, hold.touched = True, time.monotonic()

    def leave(self, run: str) -> None:
        """Give back what a run still holds."""
        with self._lock:
            self._drop(run)
            self._serve()

    def _free(self) -> Sum:
        return self.limit.less(self._spent).less(self._flying).less(self._held)

    def _set(self, hold: _Hold, amount: Sum) -> None:
        self._held = self._held.less(hold.amount).plus(amount)
        hold.amount = amount
        hold.touched = time.monotonic()

    def _drop(self, run: str) -> None:
        if hold := self._holds.pop(run, None):
            self._held = self._held.less(hold.amount)

    def _serve(self) -> None:
        """Let the first in line go on, as long as there is money for it."""
        while self._line:
            first = self._line[0]
            if first.granted.cancelled():  # nobody waits there any more
                self._line.popleft()
                continue
            if not first.want.fits(self._free()):
                for run in self._idle():
                    self._drop(run)
                if not first.want.fits(self._free()) and self._others_may_give():
                    return
            self._line.popleft()
            if first.granted.set_running_or_notify_cancel():
                # It holds something if it stood in line twice.
                hold = self._holds.setdefault(first.run, _Hold(NOTHING))
                self._set(hold, first.want.least(hold.amount.plus(self._free())))
                first.granted.set_result(None)

    def _idle(self) -> list[str]:
        ago = time.monotonic() - _IDLE_S
        return [
            run
            for run, hold in self._holds.items()
            if hold.paused and not hold.flying and hold.touched < ago
        ]

    def _others_may_give(self) -> bool:
        return self._held != NOTHING or self._flying != NOTHING
