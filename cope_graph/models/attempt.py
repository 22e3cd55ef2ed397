"""The tries of one request: breaker, money, the call itself, and what to do when it fails."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp

from cope_graph.errors import BudgetError, SetupError
from cope_graph.models.calls import written
from cope_graph.models.configure import configured
from cope_graph.models.exchange import (
    UNNEEDED,
    CallFailure,
    Outcome,
    Reply,
    Request,
    model_name_of,
    reply_of,
)
from cope_graph.models.faults import Fault, diagnose
from cope_graph.models.flight import FREE_OF_CHARGE, UNKNOWN, Flight, Try
from cope_graph.models.progress import PROGRESS
from cope_graph.models.steps import Step, Steps
from cope_graph.models.tool_words import read_in_words
from cope_graph.models.usage import Usage, usage_of
from cope_graph.money.budget import shut_out

_UNFIT: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_ABOUT_SCHEMA: Final = re.compile("response_format|json_schema")
_ABOUT_N: Final = re.compile("[`'\"]n[`'\"]|\\bn *[>=]")


def tries(  # noqa: C901 - all that can become of a try, in one place
    flight: Flight, config: RunnableConfig, retries: int
) -> Steps[Outcome]:
    """Try a request until it brings its samples or there is no point in going on.

    Args:
        flight: The request.
        config: The node's config: callbacks, tags and metadata are heeded.
        retries: Tries after the first.

    Raises:
        SetupError: The model cannot be used as it is set up; nothing was asked.
    """
    # What a model spends that is a cascade itself is paid for by this request already.
    shut_out()
    model, held = flight.model, flight.request.schema is not None
    for attempt in count():
        one = _begin(flight)
        if not isinstance(one, Try):
            return flight.outcome(failure=one)
        held = held and not model.refused_schema.is_set()
        try:
            brought = _brought(flight, (yield _generate(flight, config)))
        except GraphBubbleUp:
            _given_up(flight, one, UNKNOWN)
            raise
        except SetupError:  # such as a missing file: nothing was asked
            _given_up(flight, one, FREE_OF_CHARGE)
            raise
        except Exception as error:  # noqa: BLE001 - each provider has exceptions of its own
            fault = diagnose(error, model)
            if flight.request.k > 1 and _refuses_n(error):
                return _asked_otherwise(flight, one)
            if held and _refuses_schema(error):  # so may others that are on their way with it
                model.refused_schema.set()
                model.breaker.answered()
                flight.end(one, FREE_OF_CHARGE, error="takes no JSON schema")
                retries += 1  # this one was none of the server's failures
                continue
            _failed(flight, one, fault)
            wait_s = fault.backoff_s(attempt)
            if attempt >= retries or not fault.again or wait_s >= flight.seconds_left:
                return flight.outcome(failure={"kind": fault.kind, "message": fault.message})
            yield Step(partial(time.sleep, wait_s), partial(asyncio.sleep, wait_s))
        except BaseException:  # cancelled, or the process is told to stop
            _given_up(flight, one, UNKNOWN)
            raise
        else:
            if not flight.stopped:  # else it has been told
                model.breaker.answered()
            return _read(flight, one, brought)
    raise AssertionError  # pragma: no cover - `count` does not end


def _begin(flight: Flight) -> Try | CallFailure | None:
    """Begin a try, unless its model is paused or there is no time or no money for it.

    Returns:
        The try, why there is none, or `None` in a thread that nobody waits for any more.
    """
    if flight.stopped:
        return None
    if flight.seconds_left <= 0:  # a request may always take some time, a run may have none left
        return {"kind": "deadline", "message": "The run's time was up before a request."}
    if (pause := flight.model.breaker.wait_s()) is not None:
        message = f"{_who(flight)} failed too often in a row: paused for {pause:.1f} s."
        return {"kind": "paused", "message": message}
    try:
        one = flight.begin()
    except BudgetError as error:
        flight.model.breaker.given_up()
        return {"kind": "budget", "message": str(error)}
    if one is None:
        flight.model.breaker.given_up()
    return one


def _generate(flight: Flight, config: RunnableConfig) -> Step:
    request = flight.spoken
    tags = list(config.get("tags") or [])
    options: dict[str, Any] = {
        "callbacks": config.get("callbacks"),
        "metadata": dict(config.get("metadata") or {}),
        "tags": tags if request.stream else [*tags, "nostream"],
    }
    if request.k > 1:
        options["n"] = request.k
    model, prompt = flight.model, [list(request.messages)]
    # A model of the user's own that calls one in this process must not lend it its request.
    progress = flight.progress if model.tells_progress else None

    def ask() -> LLMResult:
        PROGRESS.set(progress)
        chat = configured(model, request)
        return chat.generate(prompt, **options, **_tools(chat, request))

    async def aask() -> LLMResult:
        PROGRESS.set(progress)
        chat = configured(model, request, asyncio.get_running_loop())
        return await chat.agenerate(prompt, **options, **_tools(chat, request))

    return Step(ask, aask)


def _tools(chat: BaseChatModel, request: Request) -> dict[str, Any]:
    """Give tools in the provider's own words."""
    if not request.tools:
        return {}
    choice = {} if request.tool_choice is None else {"tool_choice": request.tool_choice}
    bound: Any = chat.bind_tools([dict(tool) for tool in request.tools], **choice)
    return dict(bound.kwargs)


@dataclass(frozen=True)
class _Brought:
    """What can be read of a result."""

    replies: list[Reply]
    usage: Usage
    model: str | None


def _brought(flight: Flight, result: LLMResult) -> _Brought:
    request, generations = flight.spoken, result.generations[0]
    says_finish = flight.model.says_finish and request.stream
    spent = (result.llm_output or {}).get("token_usage") or {}
    never_begun = flight.progress.is_over and spent.get("total_tokens") == 0
    return _Brought(
        [
            _reply(
                flight,
                reply_of(
                    one,
                    says_finish=says_finish,
                    log_probs=request.log_probs,
                    calls=request.calls and request is flight.request,
                ),
            )
            for one in generations[: request.k]
        ],
        FREE_OF_CHARGE
        if never_begun and flight.model.tells_progress
        else usage_of(request.messages, generations, result.llm_output or {}),
        model_name_of(generations[0]) if generations else None,
    )


def _reply(flight: Flight, reply: Reply) -> Reply:
    """Read calls of tools that were made in words."""
    if flight.spoken is flight.request or "error" in reply:
        return reply
    return {**reply, "text": written(read_in_words(reply))}


def _read(flight: Flight, one: Try, brought: _Brought) -> Outcome:
    """Write down what a request brought."""
    replies = brought.replies
    wrong = [reply["error"] for reply in replies if reply.get("error", UNNEEDED) != UNNEEDED]
    nothing = len(wrong) == len(replies) and not flight.progress.is_over
    what = wrong[0] if wrong else "there are no choices"
    flight.end(
        one,
        brought.usage,
        model=brought.model,
        samples=len(replies),
        error=what if nothing else None,
    )
    flight.came()
    if nothing:
        message = f"{_who(flight)} gave no answer: {what}."
        return flight.outcome(replies, {"kind": "empty", "message": message})
    return flight.outcome(replies)


def _asked_otherwise(flight: Flight, one: Try) -> Outcome:
    """Note that the server takes one sample a request: it is asked for each, which costs more."""
    flight.model.refused_n.set()
    flight.model.breaker.answered()
    flight.end(one, FREE_OF_CHARGE, error="takes one sample a request")
    return flight.outcome()


def _failed(flight: Flight, one: Try, fault: Fault) -> None:
    if not fault.speaks_of_server:
        flight.model.breaker.answered()
    elif not flight.stopped:  # else it has been told
        flight.model.breaker.failed()
    usage = fault.spent or (UNKNOWN if fault.billed else FREE_OF_CHARGE)
    flight.end(one, usage, error=fault.kind.replace("_", " "))


def _given_up(flight: Flight, one: Try, usage: Usage) -> None:
    if not flight.stopped:  # else it has been told
        flight.model.breaker.given_up()
    flight.end(one, usage, error="broke off")


def _who(flight: Flight) -> str:
    return f"The {flight.model.side} model {flight.model.name}"


def _refuses_n(error: Exception) -> bool:
    refused = getattr(error, "status_code", None) == HTTPStatus.BAD_REQUEST
    return refused and (getattr(error, "param", None) == "n" or bool(_ABOUT_N.search(str(error))))


def _refuses_schema(error: Exception) -> bool:
    """Tell whether a server refuses to hold replies to a schema: it is asked in words alone."""
    refused = getattr(error, "status_code", None) in _UNFIT
    about = f"{getattr(error, 'param', None)} {error}"
    return refused and _ABOUT_SCHEMA.search(about) is not None
