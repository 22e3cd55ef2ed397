"""A tool that raises or hangs is observed: the agent gets a message that says so."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Thread
from typing import Any, Final, TypeVar

from langchain_core.messages import ToolMessage
from langgraph import errors
from langgraph.errors import GraphBubbleUp

from cope_graph.errors import InputError

logger = logging.getLogger("cope_graph")

T = TypeVar("T")

_LONGEST: Final = 200
_USER_OF_URL: Final = re.compile(r"(?<=://)[^\s/@]*@")
_KEY: Final = re.compile(
    r"(?i)\b(?:sk|pk|rk|ghp|gho|hf|xox[abp])[-_][\w*.-]{6,}"
    r"|(?<=bearer )\S+|(?<=basic )\S+"
    r"|(?<=key[=:])\s*\S+|(?<=token[=:])\s*\S+|(?<=secret[=:])\s*\S+|(?<=password[=:])\s*\S+"
)
_QUERY_OF_URL: Final = re.compile(r"(://[^\s?'\"]*\?)[^\s'\"]*")


class SlowToolError(TimeoutError):
    """A tool gave no result in time; a tool's own `TimeoutError` is another thing."""


def checked_timeout(seconds: float | None) -> float | None:
    """Check a setting.

    Raises:
        InputError: It is no positive number of seconds.
    """
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is None or (number and 0 < seconds < math.inf):
        return seconds
    msg = f"tool_timeout_s={seconds!r:.60}: pass seconds above 0, or leave it out."
    raise InputError(msg)


def timed(run: Callable[[], T], timeout_s: float | None) -> T:
    """Run a tool for so many seconds at most.

    A thread cannot be stopped: it is left behind, and what it does later is not seen.

    Raises:
        SlowToolError: Time is up.
    """
    if timeout_s is None:
        return run()
    outcome: Future[T] = Future()
    context = copy_context()

    def work() -> None:
        try:
            outcome.set_result(context.run(run))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            outcome.set_exception(error)

    Thread(target=work, daemon=True, name="cope-tool").start()
    if not wait([outcome], timeout_s).done:
        raise SlowToolError(_slow(timeout_s))
    return outcome.result()


async def atimed(run: Callable[[], Awaitable[T]], timeout_s: float | None) -> T:
    """Do the same in an event loop; a tool that is no coroutine runs in a thread all the same."""
    clock = asyncio.timeout(timeout_s)
    try:
        async with clock:
            return await run()
    except TimeoutError as error:
        if not clock.expired():
            raise
        raise SlowToolError(_slow(timeout_s)) from error


def observed(call: Any, run: Callable[[], T]) -> T | ToolMessage:
    """Run a tool.

    Args:
        call: The model's call of it.
        run: Runs it.

    Returns:
        What the tool gave, or a message of status "error" that says what went wrong.

    Raises:
        GraphBubbleUp: The tool pauses the graph (an interrupt), or sends it elsewhere.
    """
    try:
        return run()
    except GraphBubbleUp:
        raise
    except Exception as error:  # noqa: BLE001 - tools raise anything
        return _failed(call, error)


async def aobserved(call: Any, run: Callable[[], Awaitable[T]]) -> T | ToolMessage:
    """Run a tool in an event loop."""
    try:
        return await run()
    except GraphBubbleUp:
        raise
    except Exception as error:  # noqa: BLE001 - tools raise anything
        return _failed(call, error)


def _slow(timeout_s: float | None) -> str:
    return f"gave no result within {timeout_s} s; it may still have an effect."


def _failed(call: Any, error: Exception) -> ToolMessage:
    """Say what a tool raised.

    Raises:
        Exception: The error, when it is a person's answer that does not fit an interrupt.
    """
    if getattr(errors, "is_invalid_resume", lambda _: False)(error):  # of newer versions
        raise error
    if isinstance(error, SlowToolError):
        return _error(call, f"{call['name']} {error}")
    kind = type(error).__name__
    logger.warning("the tool %s raised %s", call["name"], kind)
    first = _USER_OF_URL.sub("", str(error).strip().partition("\n")[0])
    first = _KEY.sub("...", _QUERY_OF_URL.sub(r"\1...", first))[:_LONGEST]
    return _error(call, f"{call['name']} failed: {kind}{': ' if first else ''}{first}")


def _error(call: Any, said: str) -> ToolMessage:
    return ToolMessage(said, name=call["name"], tool_call_id=call["id"], status="error")
