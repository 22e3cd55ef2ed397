"""Draw samples: different prompts side by side, k samples of one prompt for one bill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from threading import BoundedSemaphore

from langchain_core.runnables import RunnableConfig

from cope_graph.models.attempt import tries
from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Outcome, Reply, Request, slots
from cope_graph.models.flight import Flight, Purpose
from cope_graph.models.landing import AsyncLanding, Landing, Launch
from cope_graph.models.steps import atake, take
from cope_graph.models.watch import Patience, watch
from cope_graph.money.purse import Purse


@dataclass(frozen=True)
class Terms:
    """How requests are made.

    Attributes:
        purpose: On whose account.
        purse: Where the money is.
        patience: How long to wait.
        retries: Tries after the first, `None` for as many as the model's own settings ask for.
        launch: Keeps outcomes where a crash cannot take them; `None` where there is no such place.
        full_s: The operator's own limit on a request, whatever the run asks for.
    """

    purpose: Purpose
    purse: Purse
    patience: Patience
    retries: int | None = None
    launch: Launch | None = None
    full_s: float = 0.0


@dataclass(frozen=True)
class _Call:
    """One request to the model, on the account of the `index`-th request of the caller."""

    index: int
    request: Request


def draw(
    model: Bound, requests: Sequence[Request], config: RunnableConfig, terms: Terms
) -> list[list[Outcome]]:
    """Draw the samples of several requests side by side.

    Args:
        model: Who is asked.
        requests: What is asked. A model that gives fewer than k samples a request is asked
            again for the rest.
        config: The node's config: callbacks, tags and `max_concurrency` are heeded.
        terms: How.

    Returns:
        What became of each request to the model, by request of the caller. A request that fails
        raises nothing: its outcome says why.

    Raises:
        SetupError: The model cannot be used as it is set up.
    """
    drawn: list[list[Outcome]] = [[] for _ in requests]
    while calls := _next_calls(model, requests, drawn, terms):
        room = BoundedSemaphore(config.get("max_concurrency") or len(calls))
        flights = _flights(model, calls, terms)
        landings = [
            Landing(flight, tries(flight, config, _retries(model, terms)), room, terms.launch)
            for flight in flights
        ]
        patience = _with_earlier(drawn, calls, terms.patience)
        _put(drawn, calls, flights, take(watch(landings, patience)))
    return drawn


async def adraw(
    model: Bound, requests: Sequence[Request], config: RunnableConfig, terms: Terms
) -> list[list[Outcome]]:
    """Do as `draw` does, in an event loop."""
    drawn: list[list[Outcome]] = [[] for _ in requests]
    while calls := _next_calls(model, requests, drawn, terms):
        room = asyncio.Semaphore(config.get("max_concurrency") or len(calls))
        flights = _flights(model, calls, terms)
        landings = [
            AsyncLanding(flight, tries(flight, config, _retries(model, terms)), room, terms.launch)
            for flight in flights
        ]
        patience = _with_earlier(drawn, calls, terms.patience)
        _put(drawn, calls, flights, await atake(watch(landings, patience)))
    return drawn


def _next_calls(
    model: Bound,
    requests: Sequence[Request],
    drawn: Sequence[Sequence[Outcome]],
    terms: Terms,
) -> list[_Call]:
    """Make the requests for the samples still missing: n at once, else one by one."""
    calls = []
    # What was learnt of a server is gone after a crash: where outcomes are kept, the requests must
    # come in the same order all the same. A refusal of n costs nothing.
    at_once = model.takes_n if terms.launch else model.draws_n
    for index, (request, had) in enumerate(zip(requests, drawn, strict=True)):
        count = sum(len(slots(outcome)) for outcome in had)
        missing = request.k - count
        asked_at_once = any(outcome["k"] == request.k and outcome["fingerprint"] for outcome in had)
        if missing > 0 and at_once and not asked_at_once:
            calls.append(_Call(index, request))
            continue
        for number in range(count, count + max(missing, 0)):
            seed = None if request.seed is None else request.seed + number
            calls.append(_Call(index, replace(request, k=1, seed=seed)))
    return calls


def _flights(model: Bound, calls: Sequence[_Call], terms: Terms) -> list[Flight]:
    limit_s: Callable[[], float] = terms.patience.limit_s
    return [
        Flight(
            model, call.request, terms.purpose, terms.purse, limit_s=limit_s, full_s=terms.full_s
        )
        for call in calls
    ]


def _with_earlier(
    drawn: Sequence[Sequence[Outcome]], calls: Sequence[_Call], patience: Patience
) -> Patience:
    """Let the gate see the samples of earlier requests too, each in its place."""
    settled = patience.settled
    if settled is None or not any(drawn):
        return patience

    def whole(replies: Sequence[Reply | None]) -> bool:
        fresh = iter(replies)
        groups: list[list[Reply | None]] = [
            [reply for outcome in had for reply in slots(outcome)] for had in drawn
        ]
        for call in calls:
            groups[call.index] += islice(fresh, call.request.k)
        return settled([reply for group in groups for reply in group])

    return replace(patience, settled=whole)


def _retries(model: Bound, terms: Terms) -> int:
    return model.retries if terms.retries is None else terms.retries


def _put(
    drawn: list[list[Outcome]],
    calls: Sequence[_Call],
    flights: Sequence[Flight],
    outcomes: Sequence[Outcome],
) -> None:
    """Put what came to what was asked; an outcome kept from before is paid from what is left."""
    for call, flight, outcome in zip(calls, flights, outcomes, strict=True):
        kept = not flight.ends and not flight.stopped
        failed = kept and outcome["failure"] is not None
        if failed or outcome["fingerprint"] != flight.fingerprint:
            # Kept from a run that failed or had other settings: it was paid, and is made anew.
            outcome = _emptied(outcome)  # noqa: PLW2901
        drawn[call.index].append(outcome)


def _emptied(outcome: Outcome) -> Outcome:
    """Leave of an outcome its bill alone."""
    return {**outcome, "fingerprint": "", "replies": [], "failure": None, "given_up": False}
