"""Waiting for requests side by side: until all are there, late, or not needed any more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cope_graph.models.crew import CREW
from cope_graph.models.early import EarlyEnd
from cope_graph.models.exchange import Outcome, Reply, slots
from cope_graph.models.flight import StopReason
from cope_graph.models.landing import AsyncLanding, Landing
from cope_graph.models.steps import Step, Steps

logger = logging.getLogger("cope_graph")

Settled = Callable[[Sequence[Reply | None]], bool]
"""Whether the samples stand for a decision that those still to come (`None`) cannot change."""

_LOOK_AGAIN_S: Final = 0.02


@dataclass(frozen=True)
class Patience:
    """How long to wait for requests side by side.

    Attributes:
        limit_s: Gives the seconds a request may take, when it begins.
        late: Says why a request is ended at its limit.
        straggler_s: Once the decision stands, requests that have taken twice as long as the
            longest that came, and these seconds more, are given up; `None` waits for all.
        settled: The gate's own judgement; `None` waits for all.
    """

    limit_s: Callable[[], float]
    late: Callable[[], StopReason]
    straggler_s: float | None = None
    settled: Settled | None = None


def watch(
    landings: Sequence[Landing] | Sequence[AsyncLanding], patience: Patience
) -> Steps[list[Outcome]]:
    """Wait, as a generator of steps.

    Args:
        landings: The requests, in the order of their samples, all started.
        patience: How long to wait.

    Returns:
        What became of each.

    Raises:
        SetupError: A model cannot be used as it is set up; the other requests are ended.
    """
    asked = 0
    if patience.settled and patience.straggler_s is not None:
        EarlyEnd([landing.flight.progress for landing in landings], patience.settled)
    try:
        while pending := _pending(landings):
            yield _any_news([landing.future for landing in pending], _timeout(pending, patience))
            still = _pending(pending)
            if error := _error([landing for landing in pending if landing not in still]):
                raise error
            for landing in still:
                if 0 < landing.flight.ends <= time.monotonic():
                    landing.stop(patience.late())
            there = len(landings) - len(still)
            if there > asked and _are_stragglers(still, landings, patience):
                asked = there
                if (yield _judge(patience, _laid_out(landings))):
                    _give_up(still)
        return [landing.future.result() for landing in landings]
    finally:  # the node breaks off: what has no end yet is no result, and is made again on resume
        for landing in _pending(landings):
            landing.abandon()


def _error(landings: Sequence[Any]) -> BaseException | None:
    futures = [landing.future for landing in landings]
    return next((error for f in futures if not f.cancelled() and (error := f.exception())), None)


def _pending(landings: Sequence[Any]) -> list[Any]:
    return [landing for landing in landings if not landing.future.done()]


def _timeout(pending: Sequence[Any], patience: Patience) -> float:
    now = time.monotonic()
    ends = [landing.flight.ends - now for landing in pending if landing.flight.ends]
    if len(ends) < len(pending):
        ends.append(_LOOK_AGAIN_S)
    if patience.settled and patience.straggler_s is not None:
        ends.append(max(patience.straggler_s, _LOOK_AGAIN_S))
    return float(max(min(ends), 0.0))


def _any_news(futures: Sequence[Any], timeout: float) -> Step:
    return Step(
        partial(wait, futures, timeout, FIRST_EXCEPTION),
        partial(asyncio.wait, futures, timeout=timeout, return_when=FIRST_EXCEPTION),
    )


def _are_stragglers(still: Sequence[Any], landings: Sequence[Any], patience: Patience) -> bool:
    """Tell whether all that fly have taken far longer than any that came."""
    if patience.settled is None or patience.straggler_s is None:
        return False
    flying = [landing.flight for landing in still if landing.flight.ends]
    came = [took for landing in landings if (took := landing.flight.took) is not None]
    if not flying or not came:
        return False
    latest = time.monotonic() - (2 * max(came) + patience.straggler_s)
    return all(flight.began <= latest for flight in flying)


def _give_up(still: Sequence[Any]) -> None:
    # Those that have not begun come first: the others make room for them.
    for landing in sorted(still, key=lambda landing: landing.flight.ends > 0):
        landing.stop("given_up")


def _judge(patience: Patience, samples: Sequence[Reply | None]) -> Step:
    # The gate may compare for long, and must not block an event loop.
    ask = partial(_stands, patience, samples)
    return Step(ask, lambda: asyncio.wrap_future(CREW.call(ask)))


def _stands(patience: Patience, samples: Sequence[Reply | None]) -> bool:
    try:
        return patience.settled is not None and patience.settled(samples)
    except Exception:  # the gate raises it again when its turn comes, and what came is kept
        logger.debug("the gate failed on a part of the samples", exc_info=True)
        return False


def _laid_out(landings: Sequence[Any]) -> list[Reply | None]:
    """Lay out the samples in order, those to come as `None`."""
    samples: list[Reply | None] = []
    for landing in landings:
        k = landing.flight.request.k
        there = slots(landing.future.result())[:k] if landing.future.done() else []
        samples += [*there, *[None] * (k - len(there))]
    return samples
