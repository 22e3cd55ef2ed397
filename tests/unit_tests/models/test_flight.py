"""One request, step by step: what it writes down when it is given up at an awkward moment."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from cope_graph.models.attempt import tries
from cope_graph.models.bound import bind
from cope_graph.models.exchange import Outcome
from cope_graph.models.flight import UNKNOWN, Flight, Purpose, StopReason
from cope_graph.models.steps import Steps
from cope_graph.money.amount import Amount
from cope_graph.money.budget import Budget
from cope_graph.money.purse import Purse
from tests.scripted import ScriptedChat
from tests.unit_tests.models.drawing import PRICE, ask

_PURPOSE = Purpose("small_execute", 1, "execute")


class APIConnectionError(Exception):
    """What OpenAI's client raises, as far as it is looked at."""


@pytest.fixture
def budget() -> Budget:
    return Budget(usd=1)


@pytest.fixture
def flight(budget: Budget) -> Flight:
    model = bind(ScriptedChat(replies=["a"]), "small", {"small": PRICE})
    purse = Purse("run", None, (budget,))
    flight = Flight(model, ask(max_tokens=9), _PURPOSE, purse, limit_s=lambda: 60)
    assert flight.take_off()
    return flight


@pytest.fixture
def steps(flight: Flight) -> Iterator[Steps[Outcome]]:
    steps = tries(flight, {}, retries=3)
    yield steps
    steps.close()


def test_one_given_up_between_two_tries_is_not_tried_again(
    flight: Flight, steps: Steps[Outcome], budget: Budget
) -> None:
    next(steps)
    steps.throw(APIConnectionError())  # now it waits for its second try
    outcome = flight.stop("given_up")
    with pytest.raises(StopIteration):
        steps.send(None)
    assert [line["error"] for line in outcome["lines"]] == ["unreachable"]
    assert budget.spent == Amount(flight.worst.usd)


def test_nothing_is_reserved_for_one_that_was_given_up(flight: Flight, budget: Budget) -> None:
    flight.stop("given_up")
    assert flight.begin() is None
    budget.reserve("another", Amount(Decimal(1)))


@pytest.mark.parametrize(
    ("why", "error"),
    [("timeout", "timed out"), ("deadline", "out of time"), ("given_up", "not waited for")],
)
def test_what_is_on_its_way_is_written_down_once(
    flight: Flight, why: StopReason, error: str
) -> None:
    one = flight.begin()
    assert one is not None
    outcome = flight.stop(why)
    flight.end(one, UNKNOWN, error="broke off")
    assert [line["error"] for line in outcome["lines"]] == [error]
    assert flight.outcome()["lines"] == outcome["lines"]


def test_the_first_reason_stands(flight: Flight) -> None:
    flight.stop("given_up")
    flight.stop("timeout")
    assert flight.stopped == "given_up"
    assert not flight.take_off()


def test_a_probe_that_is_given_up_makes_way_for_the_next(flight: Flight) -> None:
    breaker = flight.model.breaker
    for _ in range(10):
        breaker.failed()
    breaker._paused_until = 0.0
    steps = tries(flight, {}, retries=0)
    next(steps)
    assert breaker.wait_s() == 0.0
    flight.stop("given_up")  # its thread hangs on
    assert breaker.wait_s() is None
    steps.close()
