"""Retries: made here and not by the SDK, each on the bill, as patient as the server asks."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

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


def refusing(status: int, code: str | None = None) -> Callable[[Body], Reply]:
    """Make a model that answers every request with one error."""
    return lambda _: Reply((), error=ApiError(status, "No.", "some_error", code))


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(("own", "tries"), [(0, 1), (1, 2), (None, 3)])
def test_a_model_is_tried_as_often_as_it_is_set_to_and_no_more(
    drawer: Drawer, own: int | None, tries: int
) -> None:
    with OpenAIServer() as server:
        drawn = drawer(bound(server, "m-500", max_retries=own), [ask()])
        assert (server.count, len(lines(drawn))) == (tries, tries)
    assert kinds(drawn) == ["broken"]


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("retries", [0, 1, 4])
def test_a_run_may_ask_for_other_retries_than_the_models_own(drawer: Drawer, retries: int) -> None:
    with OpenAIServer() as server:
        drawn = drawer(bound(server, "m-503", max_retries=2), [ask()], retries=retries)
        assert server.count == len(lines(drawn)) == 1 + retries


@pytest.mark.usefixtures("waits")
def test_a_retry_that_helps_leaves_a_line_for_each_try_and_no_failure(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["fine"]}) as server:
        drawn = drawer(bound(server, "m-500once"), [ask()], retries=2)
        assert server.count == 2
    assert (texts(drawn), failures(drawn)) == ([["fine"]], [])
    assert [(line["status"], line["error"], line["samples"]) for line in lines(drawn)] == [
        ("unknown", "broken", 0),
        ("reported", None, 1),
    ]


@pytest.mark.usefixtures("waits")
def test_requests_side_by_side_are_retried_each_for_itself(drawer: Drawer) -> None:
    def reply(body: Body) -> Reply:
        failing = body["messages"][-1]["content"] == "0"
        error = ApiError(500, "No.", "server_error") if failing else None
        return Reply(["fine"], error=error)

    with OpenAIServer(reply) as server:
        drawn = drawer(bound(server), [ask(str(i)) for i in range(3)], retries=2)
        assert server.count == 5
    assert [len(group[0]["lines"]) for group in drawn] == [3, 1, 1]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "insufficient_quota", "rate_limited"),
        (400, None, "refused"),
        (401, "invalid_api_key", "refused"),
        (403, None, "refused"),
        (404, "model_not_found", "refused"),
        (422, None, "refused"),
    ],
)
def test_what_no_retry_can_mend_is_not_retried(
    drawer: Drawer, waits: list[float], status: int, code: str | None, kind: str
) -> None:
    with OpenAIServer(refusing(status, code)) as server:
        drawn = drawer(bound(server, max_retries=2), [ask()])
        assert server.count == len(lines(drawn)) == 1
    assert (kinds(drawn), waits) == ([kind], [])


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_what_a_retry_may_mend_is_retried(drawer: Drawer, waits: list[float], status: int) -> None:
    with OpenAIServer(refusing(status)) as server:
        drawn = drawer(bound(server), [ask()], retries=1)
        assert server.count == len(lines(drawn)) == 2
    assert len(waits) == 1


def test_the_server_says_how_long_to_wait(drawer: Drawer, waits: list[float]) -> None:
    with OpenAIServer({"m": ["fine"]}) as server:
        drawn = drawer(bound(server, "m-429once"), [ask()], retries=5)
        assert server.count == 2
    assert (texts(drawn), waits) == ([["fine"]], [1.0])
    first, second = lines(drawn)
    assert (first["error"], first["input_tokens"]) == ("rate limited", 0)
    assert (second["error"], second["status"]) == (None, "reported")


def test_the_wait_is_a_real_one(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["fine"]}) as server:
        model = bound(server, "m-429once")
        start = time.monotonic()
        drawn = drawer(model, [ask()], retries=5)
        took = time.monotonic() - start
        assert server.count == 2
    assert texts(drawn) == [["fine"]]
    assert took >= 1


def test_a_wait_that_is_longer_than_there_is_time_is_not_begun(
    drawer: Drawer, waits: list[float]
) -> None:
    with OpenAIServer({"m": ["fine"]}) as server:
        drawn = drawer(bound(server, "m-429after30"), [ask()], retries=5, timeout_s=2)
        assert server.count == len(lines(drawn)) == 1
    assert (kinds(drawn), waits) == (["rate_limited"], [])


def test_without_a_word_of_the_server_the_waits_grow(drawer: Drawer, waits: list[float]) -> None:
    with OpenAIServer() as server:
        drawn = drawer(bound(server, "m-reset"), [ask()], retries=6)
        assert server.count == len(lines(drawn)) == 7
    assert kinds(drawn) == ["unreachable"]
    most = [0.5, 1, 2, 4, 8, 8]
    assert len(waits) == len(most)
    assert all(0.75 * bound <= wait <= bound for wait, bound in zip(waits, most, strict=True))
