"""The breaker: it spares a dead model of one graph, that model alone, and heals by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cope_graph.models.bound import Bound, bind
from cope_graph.models.breaker import Breaker
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Body, Reply
from tests.unit_tests.models.drawing import (
    Drawer,
    ask,
    bound,
    failures,
    kinds,
    lines,
    texts,
)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.wait_s() is None
        breaker.failed()


def test_it_opens_after_ten_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, 9)
    assert breaker.wait_s() is None
    breaker.failed()
    assert breaker.wait_s() == 1.0


def test_an_answer_between_failures_starts_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, 9)
    breaker.answered()
    fail(breaker, 9)
    assert breaker.wait_s() is None


def test_after_the_pause_one_is_let_through_and_no_other(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 10)
    clock.now += 0.5
    assert breaker.wait_s() == 0.5
    clock.now += 0.5
    assert breaker.wait_s() is None
    assert breaker.wait_s() == 0.0
    clock.now += 100
    assert breaker.wait_s() == 0.0


def test_each_probe_that_fails_doubles_the_pause_up_to_half_a_minute(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 10)
    pauses = []
    for _ in range(7):
        pause = breaker.wait_s()
        assert pause is not None
        pauses.append(pause)
        clock.now += pause
        fail(breaker, 1)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_a_probe_that_is_answered_heals_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 10)
    clock.now += 1
    fail(breaker, 1)
    clock.now += 2
    assert breaker.wait_s() is None
    breaker.answered()
    fail(breaker, 9)
    assert breaker.wait_s() is None
    breaker.failed()
    assert breaker.wait_s() == 1.0


def test_a_probe_that_nobody_waited_for_leaves_room_for_the_next(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 10)
    clock.now += 1
    assert breaker.wait_s() is None
    breaker.given_up()
    assert breaker.wait_s() is None
    assert breaker.wait_s() == 0.0


def with_clock(model: Bound, clock: Clock) -> Bound:
    return replace(model, breaker=Breaker(clock))


def test_a_dead_model_is_asked_no_more_until_its_pause_is_over(
    drawer: Drawer, clock: Clock
) -> None:
    with OpenAIServer() as server:
        model = with_clock(bound(server, "m-500"), clock)
        for i in range(10):
            drawer(model, [ask(str(i))])
        drawn = drawer(model, [ask(), ask()])
        assert (server.count, kinds(drawn), lines(drawn)) == (10, ["paused"] * 2, [])
        clock.now += 1
        drawn = drawer(model, [ask(), ask()], {"max_concurrency": 1})
        assert server.count == 11
    assert sorted(kinds(drawn)) == ["broken", "paused"]
    (paused,) = [what for what in failures(drawn) if what["kind"] == "paused"]
    assert paused["message"] == (
        "The small model m-500 failed too often in a row: paused for 2.0 s."
    )


def test_a_model_that_is_back_is_used_again(drawer: Drawer, clock: Clock) -> None:
    def reply(_: Body) -> Reply:
        dead = clock.now < 101
        return Reply(["fine"], error=ApiError(503, "No.", "server_error") if dead else None)

    with OpenAIServer(reply) as server:
        model = with_clock(bound(server), clock)
        drawer(model, [ask(str(i)) for i in range(10)])
        assert kinds(drawer(model, [ask()])) == ["paused"]
        clock.now += 1
        assert texts(drawer(model, [ask()])) == [["fine"]]
        assert texts(drawer(model, [ask(str(i)) for i in range(8)])) == [["fine"]] * 8


@pytest.mark.parametrize("suffix", ["429", "401", "empty", "refuse-n"])
def test_a_server_that_refuses_is_not_dead(drawer: Drawer, suffix: str) -> None:
    with OpenAIServer() as server:
        model = bound(server, f"m-{suffix}")
        for _ in range(2):
            drawn = drawer(model, [ask(str(i), k=2) for i in range(12)])
            assert "paused" not in kinds(drawn)
        assert server.count >= 24


def test_a_server_that_hangs_is_dead(drawer: Drawer) -> None:
    with OpenAIServer() as server:
        model = bound(server, "m-timeout")
        drawn = drawer(model, [ask(str(i)) for i in range(10)], timeout_s=1)
        assert kinds(drawn) == ["timeout"] * 10
        assert kinds(drawer(model, [ask()], timeout_s=1)) == ["paused"]
        assert server.count == 10


def test_a_dead_model_of_one_graph_pauses_no_other(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["fine"]}) as server:
        own = chat(server, "m-500", default_headers={"Connection": "close"})
        dead, another = bind(own, "small", {}), bind(own, "small", {})
        large = bind(own, "large", {})
        drawer(dead, [ask(str(i)) for i in range(10)])
        assert kinds(drawer(dead, [ask()])) == ["paused"]
        assert kinds(drawer(another, [ask()])) == ["broken"]
        assert kinds(drawer(large, [ask()])) == ["broken"]
        assert texts(drawer(bound(server), [ask()])) == [["fine"]]
