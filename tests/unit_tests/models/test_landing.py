"""Requests in the air when something else happens: an error, a cancellation, a Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphInterrupt
from pydantic import SecretStr

from cope_graph.errors import ModelFileError
from cope_graph.models.bound import Bound, bind
from cope_graph.models.draw import adraw
from cope_graph.models.flight import StopReason
from cope_graph.models.worst import worst_case
from cope_graph.money.amount import Amount
from cope_graph.money.budget import Budget
from cope_graph.money.purse import Purse
from tests.loopback.clients import KEY
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply
from tests.processes import run_python, soon
from tests.unit_tests.models.drawing import (
    PRICE,
    Drawer,
    ask,
    bound,
    failures,
    lines,
    terms,
    texts,
)


class Wrong(ChatOpenAI):
    """Raises an error of ours when it is asked "wrong", once something is the case."""

    error: Any
    once: Callable[[], bool]

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        if messages[-1].text == "wrong":
            assert soon(self.once)
            raise self.error
        return super()._generate(messages, *args, **kwargs)

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        if messages[-1].text == "wrong":
            assert await asyncio.to_thread(soon, self.once)
            raise self.error
        return await super()._agenerate(messages, *args, **kwargs)


@pytest.fixture
def hanging() -> Iterator[OpenAIServer]:
    """Give a server that answers nothing."""
    with OpenAIServer(lambda _: Reply(["late"], fault="timeout")) as server:
        yield server


def wrong(server: OpenAIServer, error: Exception) -> Bound:
    chat = Wrong(
        model="m",
        base_url=server.base_url,
        api_key=SecretStr(KEY),
        error=error,
        once=lambda: server.traffic.in_flight == 2,
    )
    return bind(chat, "small", {"small": PRICE})


REQUESTS = [ask(text, max_tokens=9) for text in ("0", "wrong", "2")]


@pytest.mark.parametrize(
    "error", [ModelFileError("The file is gone."), GraphInterrupt()], ids=["setup", "interrupt"]
)
def test_what_no_other_model_mends_ends_the_other_requests_and_is_raised(
    drawer: Drawer, hanging: OpenAIServer, error: Exception
) -> None:
    with pytest.raises(type(error)) as caught:
        drawer(wrong(hanging, error), REQUESTS, retries=2)
    assert caught.value is error
    assert hanging.count == 2
    if drawer.is_async:
        assert soon(lambda: hanging.traffic.dropped == 2)


def test_a_model_that_was_never_asked_costs_nothing(hanging: OpenAIServer) -> None:
    model = wrong(hanging, ModelFileError("The file is gone."))
    budget = Budget(usd=10)
    with pytest.raises(ModelFileError):
        Drawer(is_async=True)(model, REQUESTS, purse=Purse("run", None, (budget,)))
    worst = [worst_case(model, REQUESTS[i]).usd or Decimal(0) for i in (0, 2)]
    assert budget.spent == Amount(sum(worst, Decimal(0)))


async def test_cancelling_the_caller_cancels_its_requests(hanging: OpenAIServer) -> None:
    requests = [ask(str(i), max_tokens=9) for i in range(3)]
    model, budget = bound(hanging, price=PRICE), Budget(usd=10)
    purse = Purse("run", None, (budget,))
    caller = asyncio.ensure_future(adraw(model, requests, {}, terms(purse=purse)))
    assert await asyncio.to_thread(soon, lambda: hanging.traffic.in_flight == 3)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    mine = asyncio.all_tasks() - {asyncio.current_task()}
    done, pending = await asyncio.wait(mine, timeout=30) if mine else (set(), set())
    assert pending == set()
    assert all(task.cancelled() for task in done)
    assert await asyncio.to_thread(soon, lambda: hanging.traffic.dropped == 3)
    assert budget.spent == Amount(
        sum((worst_case(model, r).usd or Decimal(0) for r in requests), Decimal(0))
    )


async def test_cancelling_the_caller_asks_nothing_that_had_no_turn_yet(
    hanging: OpenAIServer,
) -> None:
    requests = [ask(str(i)) for i in range(3)]
    one_by_one: Any = {"max_concurrency": 1}
    caller = asyncio.ensure_future(adraw(bound(hanging), requests, one_by_one, terms()))
    assert await asyncio.to_thread(soon, lambda: hanging.traffic.in_flight == 1)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await asyncio.to_thread(soon, lambda: hanging.traffic.dropped == 1)
    assert hanging.count == 1


def test_an_interrupted_wait_leaves_no_thread_that_holds_the_process_up(
    hanging: OpenAIServer,
) -> None:
    def interrupt() -> StopReason:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Drawer(is_async=False)(bound(hanging), [ask(), ask()], timeout_s=0.2, late=interrupt)
    ours = [thread for thread in threading.enumerate() if thread.name == "cope-request"]
    assert len(ours) >= 2
    assert all(thread.daemon for thread in ours)


INTERRUPTED = """
    import os, signal, sys
    from types import SimpleNamespace
    from tests.unit_tests.models.drawing import Drawer, ask, bound

    signal.signal(signal.SIGINT, signal.default_int_handler)
    model = bound(SimpleNamespace(base_url=sys.argv[1]))
    try:
        Drawer(sys.argv[2] == "async")(model, [ask(str(os.getpid()))])
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_ctrl_c_ends_a_process_whose_server_hangs(mode: str) -> None:
    def reply(body: Body) -> Reply:
        os.kill(int(body["messages"][-1]["content"]), signal.SIGINT)
        return Reply(["late"], fault="timeout")

    with OpenAIServer(reply) as server:
        assert run_python(INTERRUPTED, server.base_url, mode) == ["interrupted"]
        assert server.count == 1


def test_max_concurrency_limits_the_requests_in_flight(drawer: Drawer) -> None:
    with OpenAIServer(lambda _: Reply(["fine"], delay_s=0.05)) as server:
        drawn = drawer(bound(server), [ask(str(i)) for i in range(7)], {"max_concurrency": 2})
        assert server.traffic.max_in_flight == 2
    assert texts(drawn) == [["fine"]] * 7


def test_those_that_wait_for_room_have_their_whole_time_then(drawer: Drawer) -> None:
    with OpenAIServer(lambda _: Reply(["fine"], delay_s=0.6)) as server:
        requests = [ask(str(i)) for i in range(4)]
        drawn = drawer(bound(server), requests, {"max_concurrency": 1}, timeout_s=2)
    assert failures(drawn) == []
    assert [line["status"] for line in lines(drawn)] == ["reported"] * 4
