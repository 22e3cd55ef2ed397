"""From an exception to what it means, for providers of whom only the names are known."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from cope_graph.models.bound import bind
from cope_graph.models.faults import Fault, diagnose
from tests.scripted import ScriptedChat


def kind_of(name: str, *bases: type[Exception]) -> type[Exception]:
    return type(name, bases or (Exception,), {})


def failed(
    status: int | None = None,
    *,
    name: str = "ProviderError",
    text: str = "It went wrong.",
    cause: Exception | None = None,
    headers: Mapping[str, str] | None = None,
) -> Fault:
    error: Any = kind_of(name)(text)
    error.status_code = status
    error.response = SimpleNamespace(headers=headers)
    error.__cause__ = cause
    return diagnose(error, bind(ScriptedChat(replies=[]), "large", {}))


@pytest.mark.parametrize(
    ("given", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "inf"}, float("inf")),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 01 Jan 0001 00:00:00 -0000"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "20", "retry-after": "9"}, 0.02),
        ({"retry-after-ms": "nan", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "?", "retry-after": "9"}, 9.0),
    ],
    ids=str,
)
def test_what_the_server_says_of_the_wait_is_read_or_ignored(
    given: dict[str, str], wait_s: float | None
) -> None:
    assert failed(429, headers=given).wait_s == wait_s


def test_a_date_says_how_long_to_wait_too() -> None:
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    wait_s = failed(429, headers={"retry-after": date}).wait_s
    assert wait_s is not None
    assert 60 < wait_s <= 100


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429])
def test_a_refusal_costs_nothing_and_says_nothing_of_the_server(status: int) -> None:
    fault = failed(status)
    assert (fault.billed, fault.speaks_of_server) == (False, False)
    assert fault.kind == ("rate_limited" if status == 429 else "refused")


@pytest.mark.parametrize("status", [500, 502, 503, 529, None])
def test_an_error_of_the_server_may_have_cost_something(status: int | None) -> None:
    fault = failed(status)
    assert (fault.kind, fault.billed, fault.speaks_of_server) == ("broken", True, True)


@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "ConnectionRefusedError"])
def test_what_was_never_sent_costs_nothing(name: str) -> None:
    cause = kind_of(name)()
    fault = failed(name="APIConnectionError", cause=cause)
    assert (fault.kind, fault.billed, fault.again) == ("unreachable", False, True)
    assert "cannot be reached: start its server or set COPE_LARGE_BASE_URL" in fault.message
    fault = failed(name="APIConnectionError", cause=kind_of("ReadError")())
    assert (fault.kind, fault.billed) == ("unreachable", True)


def test_a_timeout_is_one_by_any_providers_name() -> None:
    model = bind(ScriptedChat(replies=[]), "large", {})
    assert failed(name="APITimeoutError").kind == "timeout"
    assert diagnose(TimeoutError(), model).kind == "timeout"
    assert diagnose(kind_of("ReadTimeout", TimeoutError)(), model).kind == "timeout"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (failed(401), "refused the key: set COPE_LARGE_API_KEY (or the provider's own)."),
        (failed(404), "is not known: check the name and COPE_LARGE_BASE_URL."),
        (
            failed(400, text="temperature must be 1"),
            "takes no other temperature: set CopeContext(temperature_...=None).",
        ),
        (
            failed(text="Event loop is closed"),
            "was used in another event loop before: give it an http_async_client made in this one.",
        ),
        (failed(text="two\n  lines\tof it"), "failed: two lines of it"),
        (failed(text=""), "failed: ProviderError"),
        (failed(text="x" * 400), f"failed: {'x' * 300}..."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_failure_is_one_sentence_with_the_fix(fault: Fault, sentence: str) -> None:
    assert fault.message == f"The large model scripted {sentence}"


def test_waits_differ_so_that_many_clients_do_not_come_back_at_once() -> None:
    fault = failed(500)
    waits = {fault.backoff_s(3) for _ in range(20)}
    assert len(waits) > 1
    assert all(3 <= wait <= 4 for wait in waits)
