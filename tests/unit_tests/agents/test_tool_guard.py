from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langgraph import errors
from langgraph.errors import GraphInterrupt
from pydantic import TypeAdapter, ValidationError

from cope_graph.agents.tool_guard import aobserved, atimed, checked_timeout, observed, timed
from cope_graph.errors import InputError

CALL = {"name": "look", "args": {}, "id": "c1", "type": "tool_call"}
SEEN: ContextVar[str] = ContextVar("seen", default="nothing")
LIMITS = pytest.mark.parametrize("timeout_s", [None, 30.0])


def guarded(run: Callable[[], Any], timeout_s: float | None) -> Any:
    return observed(CALL, lambda: timed(run, timeout_s))


async def aguarded(run: Callable[[], Any], timeout_s: float | None) -> Any:
    return await aobserved(CALL, lambda: atimed(run, timeout_s))


def raising(error: BaseException) -> Callable[[], Any]:
    def run() -> Any:
        raise error

    return run


async def both(run: Callable[[], Any], timeout_s: float | None) -> list[Any]:
    async def arun() -> Any:
        return run()

    return [guarded(run, timeout_s), await aguarded(arun, timeout_s)]


@LIMITS
async def test_what_a_tool_gives_is_handed_on(timeout_s: float | None) -> None:
    given = ToolMessage("a key", tool_call_id="c1")
    one, other = await both(lambda: given, timeout_s)
    assert one is given
    assert other is given


@LIMITS
async def test_what_a_tool_raises_is_observed(timeout_s: float | None) -> None:
    for seen in await both(raising(ValueError("no such shelf\nlong trace")), timeout_s):
        assert seen.status == "error"
        assert (seen.name, seen.tool_call_id) == ("look", "c1")
        assert seen.text == "look failed: ValueError: no such shelf"


async def test_an_error_without_words_and_one_of_many_are_short() -> None:
    assert (await both(raising(KeyError()), None))[0].text == "look failed: KeyError"
    assert len((await both(raising(OSError("x" * 9999)), None))[0].text) < 230


@pytest.mark.parametrize(
    "said",
    [
        "Incorrect API key provided: sk-proj-abcDEF1234567890",
        "401 for Authorization: Bearer abcDEF1234567890",
        "refused api_key=abcDEF1234567890",
        "password: abcDEF1234567890 is wrong",
    ],
)
async def test_a_key_in_what_a_tool_raises_is_left_out(said: str) -> None:
    for seen in await both(raising(ValueError(said)), None):
        assert "abcDEF" not in seen.text
        assert "ValueError" in seen.text


async def test_what_a_url_carries_is_left_out() -> None:
    error = OSError("401 for 'https://ann:pa55@host.example/a?key=s3cret&b=1': unauthorised")
    for seen in await both(raising(error), None):
        assert seen.text == (
            "look failed: OSError: 401 for 'https://host.example/a?...': unauthorised"
        )


@LIMITS
@pytest.mark.parametrize("error", [GraphInterrupt(), KeyboardInterrupt()])
def test_a_pause_and_a_stop_go_through(timeout_s: float | None, error: BaseException) -> None:
    with pytest.raises(type(error)):
        guarded(raising(error), timeout_s)


async def test_a_pause_goes_through_in_an_event_loop() -> None:
    async def run() -> Any:
        raise GraphInterrupt

    with pytest.raises(GraphInterrupt):
        await aguarded(run, 30.0)


def test_a_persons_answer_that_does_not_fit_is_no_failure_of_the_tool() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int).validate_python("x")
    setattr(caught.value, errors._INVALID_RESUME, True)
    with pytest.raises(ValidationError):
        guarded(raising(caught.value), None)


def test_a_tool_that_hangs_is_left_behind() -> None:
    go_on = threading.Event()
    seen: Any = guarded(go_on.wait, 0.05)
    assert seen.status == "error"
    assert seen.text == "look gave no result within 0.05 s; it may still have an effect."
    assert [t.daemon for t in threading.enumerate() if t.name == "cope-tool"] == [True]
    go_on.set()


async def test_a_coroutine_that_hangs_is_cancelled() -> None:
    ended = []

    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    seen: Any = await aguarded(run, 0.05)
    assert "no result within 0.05 s" in seen.text
    assert ended == [True]


async def test_a_tools_own_timeout_is_its_failure() -> None:
    for seen in await both(raising(TimeoutError("the shop is closed")), 30.0):
        assert seen.text == "look failed: TimeoutError: the shop is closed"


def test_a_tool_with_a_limit_sees_what_one_without_sees() -> None:
    SEEN.set("the run")
    assert guarded(SEEN.get, 30.0) == "the run"


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), True, "5"])
def test_what_is_no_time_is_refused(seconds: Any) -> None:
    with pytest.raises(InputError, match="tool_timeout_s"):
        checked_timeout(seconds)
