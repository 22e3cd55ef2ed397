"""One request on its way: what it has cost so far, whatever becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from threading import Lock
from typing import Literal

from cope_graph.models.bound import Bound
from cope_graph.models.exchange import CallFailure, Outcome, Reply, Request
from cope_graph.models.progress import Progress
from cope_graph.models.usage import Usage
from cope_graph.models.worst import as_taken, worst_case
from cope_graph.money.amount import Amount
from cope_graph.money.ledger import plain
from cope_graph.money.lines import LedgerLine, Role
from cope_graph.money.purse import Purse

StopReason = Literal["timeout", "deadline", "given_up"]
UNKNOWN = Usage(0, 0, status="unknown")
FREE_OF_CHARGE = Usage(0, 0)


@dataclass(frozen=True)
class Purpose:
    """On whose account a request is made.

    Attributes:
        node: The graph node.
        stage: 1 to 3.
        role: Whether for a plan or for an answer.
    """

    node: str
    stage: int
    role: Role


@dataclass(frozen=True)
class Try:
    """One try of a request, from the moment its money is reserved."""

    started: float
    mark: float
    """Where the model's meter stood."""


class Flight:
    """A request with its tries; its methods may be called from any thread."""

    def __init__(  # noqa: PLR0913 - what a request is made of
        self,
        model: Bound,
        request: Request,
        purpose: Purpose,
        purse: Purse,
        *,
        limit_s: Callable[[], float],
        full_s: float = 0.0,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            model: Who is asked.
            request: What is asked.
            purpose: On whose account.
            purse: Where the money is.
            limit_s: Gives the seconds it may take, when it begins.
            full_s: The operator's own limit: a shorter one tells nothing of the server.
        """
        self.model, self.request, self.purse = model, request, purse
        self.began = self.ends = 0.0
        self.took: float | None = None
        self.stopped: StopReason | None = None
        self.progress = Progress(request.k)
        self._purpose = purpose
        self._limit_s, self._full_s = limit_s, full_s
        self._limit = 0.0
        self._lock = Lock()
        self._lines: list[LedgerLine] = []
        self._try: Try | None = None
        self._charged: Amount | None = None

    def take_off(self) -> bool:
        """Start the clock; `False` when it was stopped before it began."""
        with self._lock:
            self._limit = max(self._limit_s(), 0.0)
            self.began = time.monotonic()
            self.ends = self.began + self._limit
            return self.stopped is None

    def came(self) -> None:
        """Note that its samples are there."""
        self.took = time.monotonic() - self.began

    @property
    def seconds_left(self) -> float:
        """Seconds it may still take."""
        return self.ends - time.monotonic()

    @cached_property
    def fingerprint(self) -> str:
        """That of the request."""
        return self.request.fingerprint(f"{self.model.name} {self.model.api_url}")

    @cached_property
    def spoken(self) -> Request:
        """The request as its model takes it."""
        return as_taken(self.model, self.request)

    @cached_property
    def worst(self) -> Amount:
        """The most a try can cost."""
        return worst_case(self.model, self.request, self._limit)

    def begin(self) -> Try | None:
        """Reserve the money for a try and begin it.

        Returns:
            The try, `None` when nobody waits for it any more.

        Raises:
            BudgetError: There is not enough.
        """
        with self._lock:
            if self.stopped is not None:
                return None
            if self.purse.is_limited:
                self.purse.reserve(self.worst)
            self.progress.begin()
            mark = self.model.meter.start() if self._is_by_the_hour else 0.0
            self._try = Try(time.perf_counter(), mark)
            return self._try

    def end(
        self,
        one: Try,
        usage: Usage,
        *,
        model: str | None = None,
        samples: int = 0,
        error: str | None = None,
    ) -> None:
        """Write a try on the bill and settle what was reserved for it."""
        with self._lock:
            if self._try is None:  # it was stopped, and has ended only now
                self._refund(self._line(one, usage, 0.0, model=model))
                return
            self._try = None
            line = self._line(one, usage, self._gpu(one), model=model, samples=samples, error=error)
            self._lines.append(line)
            if self.purse.is_limited:
                self.purse.settle(self.worst, _charge(line))

    def _refund(self, line: LedgerLine) -> None:
        if self._charged is not None:
            self.purse.refund(self._charged, _charge(line))
            self._charged = None

    def _gpu(self, one: Try) -> float:
        # To stop it takes a moment, which is not the model's.
        return min(self.model.meter.stop(one.mark), self._limit) if self._is_by_the_hour else 0.0

    def stop(self, why: StopReason) -> Outcome:
        """Give it up; what is on its way stands on the bill as unknown.

        It is charged its worst case; what it cost less comes back when it has really ended.
        """
        self.progress.end()
        with self._lock:
            self.stopped = self.stopped or why
            if one := self._try:
                self._try = None
                line = self._line(one, UNKNOWN, self._gpu(one), error=_WORDS[why])
                self._lines.append(line)
                # Told and charged now: a thread may hang for long yet.
                if self.purse.is_limited:
                    self._charged = _charge(line)
                    self.purse.settle(self.worst, self._charged)
                full = why == "timeout" and self._limit >= self._full_s
                (self.model.breaker.failed if full else self.model.breaker.given_up)()
        if why == "given_up":
            return self.outcome()
        message = f"The {self.model.side} model {self.model.name} {_MISSED[why]}"
        return self.outcome(failure={"kind": why, "message": message})

    def outcome(
        self, replies: list[Reply] | None = None, failure: CallFailure | None = None
    ) -> Outcome:
        """Say what became of it."""
        return {
            "fingerprint": self.fingerprint,
            "k": self.request.k,
            "replies": replies or [],
            "lines": list(self._lines),
            "failure": failure,
            "given_up": self.stopped == "given_up",
        }

    def _line(  # noqa: PLR0913 - what a line of the bill is made of
        self,
        one: Try,
        usage: Usage,
        gpu_seconds: float,
        *,
        model: str | None = None,
        samples: int = 0,
        error: str | None = None,
    ) -> LedgerLine:
        name, gpu = model or self.model.name, round(gpu_seconds, 6)
        usd = self.model.usd(usage, name, gpu) if usage is not FREE_OF_CHARGE else Decimal(0)
        reported = usage.status == "reported"
        sure = reported or self.model.is_priced_by_time
        upper = usd if sure and usd is not None else self.worst.usd
        tokens = usage.input_tokens + usage.output_tokens if reported else self.worst.tokens
        return {
            "node": self._purpose.node,
            "stage": self._purpose.stage,
            "role": self._purpose.role,
            "model": name,
            "samples": samples,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.cached_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
            "seconds": round(time.perf_counter() - one.started, 6),
            "gpu_seconds": gpu,
            "status": usage.status,
            "usd": None if usd is None else plain(usd),
            "usd_upper": None if upper is None else plain(upper),
            "tokens_upper": tokens,
            "error": error,
        }

    @property
    def _is_by_the_hour(self) -> bool:
        return self.model.price is not None and self.model.price.gpu_hour is not None


def _charge(line: LedgerLine) -> Amount:
    usd = line["usd_upper"]
    return Amount(None if usd is None else Decimal(usd), line["tokens_upper"])


_WORDS = {"timeout": "timed out", "deadline": "out of time", "given_up": "not waited for"}
_MISSED = {
    "timeout": "did not answer in time.",
    "deadline": "had not answered when the run's time was up.",
}
