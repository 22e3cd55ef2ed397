"""A request that takes too long: it ends, and its money is counted until it has really ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

from cope_graph.errors import BudgetError
from cope_graph.models.flight import StopReason
from cope_graph.models.usage import Usage
from cope_graph.models.worst import worst_case
from cope_graph.money.amount import Amount
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price, cost
from cope_graph.money.purse import Purse
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply
from tests.processes import soon
from tests.unit_tests.models.drawing import (
    PRICE,
    Drawer,
    ask,
    bound,
    failures,
    kinds,
    lines,
    texts,
)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer({"m": ["one two"]}) as server:
        yield server


@pytest.mark.parametrize("suffix", ["timeout", "drip"])
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_request_ends_at_its_limit(
    drawer: Drawer, server: OpenAIServer, suffix: str, streaming: bool
) -> None:
    model = bound(server, f"m-{suffix}", streaming=streaming)
    drawn = drawer(model, [ask(stream=streaming)], timeout_s=1, retries=3)
    (line,) = lines(drawn)
    assert (line["status"], line["error"]) == ("unknown", "timed out")
    assert 1 <= line["seconds"] < 30
    assert [f["message"] for f in failures(drawn)] == [
        f"The small model m-{suffix} did not answer in time."
    ]
    assert server.count == 1


@pytest.mark.parametrize(("why", "error"), [("timeout", "timed out"), ("deadline", "out of time")])
def test_the_caller_says_why_there_was_no_more_time(
    drawer: Drawer, server: OpenAIServer, why: StopReason, error: str
) -> None:
    drawn = drawer(bound(server, "m-timeout"), [ask()], timeout_s=0.2, late=lambda: why)
    assert (kinds(drawn), [line["error"] for line in lines(drawn)]) == ([why], [error])


def test_the_limit_is_of_all_tries_together(drawer: Drawer, server: OpenAIServer) -> None:
    drawn = drawer(bound(server, "m-500once-timeout"), [ask()], timeout_s=1, retries=3)
    assert kinds(drawn) == ["timeout"]
    assert [line["error"] for line in lines(drawn)] == ["broken", "timed out"]


def test_no_time_left_asks_nothing(drawer: Drawer, server: OpenAIServer) -> None:
    drawn = drawer(bound(server), [ask()], timeout_s=0, late=lambda: "deadline")
    assert (kinds(drawn), lines(drawn), server.count) == (["deadline"], [], 0)


def test_the_models_own_timeout_is_one_too(drawer: Drawer, server: OpenAIServer) -> None:
    drawn = drawer(bound(server, "m-timeout", timeout=0.3), [ask()])
    assert kinds(drawn) == ["timeout"]
    (line,) = lines(drawn)
    assert (line["status"], line["error"]) == ("unknown", "timeout")


def test_one_that_hangs_takes_no_room_from_those_that_wait(drawer: Drawer) -> None:
    def reply(body: Body) -> Reply:
        hangs = body["messages"][-1]["content"] == "0"
        return Reply(["fine"], fault="timeout" if hangs else None)

    with OpenAIServer(reply) as server:
        requests = [ask(str(i)) for i in range(3)]
        drawn = drawer(bound(server), requests, {"max_concurrency": 1}, timeout_s=1)
    assert texts(drawn) == [[], ["fine"], ["fine"]]
    assert kinds(drawn) == ["timeout"]


def test_an_async_request_is_really_cancelled(server: OpenAIServer) -> None:
    Drawer(is_async=True)(bound(server, "m-timeout"), [ask("1"), ask("2")], timeout_s=1)
    assert soon(lambda: server.traffic.dropped == 2)
    assert server.traffic.in_flight == 0


def test_a_threads_request_goes_on_where_it_holds_up_no_exit(server: OpenAIServer) -> None:
    Drawer(is_async=False)(bound(server, "m-timeout"), [ask("1"), ask("2")], timeout_s=1)
    assert server.traffic.in_flight == 2
    left = [thread for thread in threading.enumerate() if thread.name == "cope-request"]
    assert len(left) >= 2
    assert all(thread.daemon for thread in left)


def _spending(budget: Budget) -> Purse:
    return Purse("run", None, (budget,))


def test_what_a_thread_may_still_spend_is_charged_until_it_has_ended() -> None:
    request = ask(max_tokens=9)
    with OpenAIServer(lambda _: Reply(["one two"], delay_s=1.5)) as server:
        model = bound(server, price=PRICE)
        worst = worst_case(model, request)
        budget = Budget(usd=worst.usd)
        drawn = Drawer(is_async=False)(model, [request], timeout_s=0.3, purse=_spending(budget))
        assert budget.spent == Amount(worst.usd)
        with pytest.raises(BudgetError, match=r"has 0\.0* USD left"):
            budget.reserve("another", worst)
        assert soon(lambda: budget.spent != Amount(worst.usd))
        billed = server.billed["m"]
    actual = cost(Usage(billed.prompt_tokens, billed.completion_tokens), PRICE)
    assert budget.spent == Amount(actual)
    budget.reserve("another", Amount(Decimal(str(worst.usd)) - actual))
    (line,) = lines(drawn)
    assert (line["status"], Decimal(line["usd_upper"] or 0)) == ("unknown", worst.usd)


def test_what_a_cancelled_task_may_have_spent_is_charged_in_full() -> None:
    request = ask(max_tokens=9)
    with OpenAIServer(lambda _: Reply(["one two"], delay_s=5)) as server:
        model = bound(server, price=PRICE)
        worst = worst_case(model, request)
        budget = Budget(usd=10)
        drawn = Drawer(is_async=True)(model, [request], timeout_s=0.3, purse=_spending(budget))
    assert budget.spent == Amount(worst.usd)
    assert [line["usd_upper"] for line in lines(drawn)] == [f"{worst.usd:f}"]


def test_no_request_is_made_that_there_is_no_money_for(
    drawer: Drawer, server: OpenAIServer
) -> None:
    model, requests = bound(server, price=PRICE), [ask("1", max_tokens=9), ask("2", max_tokens=9)]
    worst = worst_case(model, requests[0])
    budget = Budget(usd=worst.usd)
    drawn = drawer(model, requests, purse=_spending(budget))
    assert kinds(drawn) == ["budget"]
    assert server.count == len(lines(drawn)) == 1
    assert "this request may cost" in failures(drawn)[0]["message"]


def test_a_retry_needs_money_too(drawer: Drawer, server: OpenAIServer) -> None:
    model, request = bound(server, "m-500", PRICE), ask(max_tokens=9)
    worst = worst_case(model, request)
    budget = Budget(usd=worst.usd)
    drawn = drawer(model, [request], retries=2, purse=_spending(budget))
    assert (kinds(drawn), server.count, budget.spent) == (["budget"], 1, Amount(worst.usd))


def test_by_the_hour_a_request_that_hangs_is_charged_its_time_at_most(
    drawer: Drawer, server: OpenAIServer
) -> None:
    model = bound(server, "m-timeout", Price.per_gpu_hour("3600"))
    (line,) = lines(drawer(model, [ask(max_tokens=9)], timeout_s=0.5))
    assert line["usd"] == line["usd_upper"]
    assert Decimal("0.49") < Decimal(line["usd"] or 0) <= Decimal("0.5")
