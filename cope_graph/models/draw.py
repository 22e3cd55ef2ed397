"""Draw samples: different prompts side by side, k samples of one prompt for one bill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import get_executor_for_config
from langgraph.errors import GraphBubbleUp

from cope_graph.errors import CopeError, ModelCallError
from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Drawn, Request, model_name_of, reply_of
from cope_graph.models.explain import explain
from cope_graph.models.usage import Usage, usage_of

_MOST_COPIES: Final = 64  # a caller may give every run a seed of its own


@dataclass(frozen=True)
class _Call:
    """One request to the model, on the account of the `index`-th request of the caller."""

    index: int
    request: Request


def draw(
    model: Bound, requests: Sequence[Request], config: RunnableConfig, drawn: list[list[Drawn]]
) -> None:
    """Draw the samples of several requests side by side.

    Args:
        model: Who is asked.
        requests: What is asked. A model that gives fewer than k samples a request is asked
            again for the rest.
        config: The node's config: callbacks, tags and `max_concurrency` are heeded.
        drawn: One empty list a request. What comes in is put there, in order, so that an error
            loses nothing that was paid for; a request that failed stands there as unknown.

    Raises:
        ModelCallError: The model could not be reached, refused, or gave no sample.
    """
    while calls := _next_calls(model, requests, drawn):
        if len(calls) == 1:  # a thread of its own would only cost time
            _put(drawn, calls[0], _ask(model, calls[0], config, drawn))
            continue
        # One thread a request, unless the caller limits them: they wait, they do not compute.
        limit = config.get("max_concurrency") or len(calls)
        with get_executor_for_config({**config, "max_concurrency": limit}) as executor:
            futures = [executor.submit(_ask, model, call, config, drawn) for call in calls]
        # All have ended; the first error, if any, is raised when its turn comes.
        errors = [error for future in futures if (error := future.exception())]
        for call, future in zip(calls, futures, strict=True):
            if not future.exception():
                _put(drawn, call, future.result())
        if errors:
            raise errors[0]


async def adraw(
    model: Bound, requests: Sequence[Request], config: RunnableConfig, drawn: list[list[Drawn]]
) -> None:
    """Do as `draw` does, in an event loop; the first failure ends the rest."""
    while calls := _next_calls(model, requests, drawn):
        limit = asyncio.Semaphore(config.get("max_concurrency") or len(calls))
        got: list[Drawn | None] = [None] * len(calls)
        try:
            async with asyncio.TaskGroup() as group:
                for number, call in enumerate(calls):
                    group.create_task(_keep(got, number, limit, _aask(model, call, config, drawn)))
        except* (CopeError, GraphBubbleUp) as errors:
            raise errors.exceptions[0] from errors
        finally:
            for call, one in zip(calls, got, strict=True):
                _put(drawn, call, one)


async def _keep(
    got: list[Drawn | None],
    number: int,
    limit: asyncio.Semaphore,
    asking: Coroutine[Any, Any, Drawn | None],
) -> None:
    try:
        async with limit:
            got[number] = await asking
    finally:
        asking.close()  # a request that never began is no coroutine left behind


def _next_calls(
    model: Bound, requests: Sequence[Request], drawn: Sequence[Sequence[Drawn]]
) -> list[_Call]:
    """Make the requests for the samples still missing: n at once, else one by one."""
    calls = []
    for index, (request, had) in enumerate(zip(requests, drawn, strict=True)):
        count = sum(len(got.replies) for got in had)
        missing = request.k - count
        if missing > 0 and model.takes_n and not had:
            calls.append(_Call(index, request))
            continue
        for number in range(count, count + max(missing, 0)):
            seed = None if request.seed is None else request.seed + number
            calls.append(_Call(index, replace(request, k=1, seed=seed)))
    return calls


def _put(drawn: list[list[Drawn]], call: _Call, got: Drawn | None) -> None:
    if got is not None:
        drawn[call.index].append(got)


def _ask(
    model: Bound, call: _Call, config: RunnableConfig, drawn: list[list[Drawn]]
) -> Drawn | None:
    chat, prompt, options = _prepare(model, call.request, config)
    got: Drawn | None = None
    with _explained(model, call, drawn) as started:
        result = chat.generate(prompt, **options)
        got = _read(model, call.request, result, time.perf_counter() - started)
    return got  # noqa: RET504 - `None` after a refusal that costs nothing


async def _aask(
    model: Bound, call: _Call, config: RunnableConfig, drawn: list[list[Drawn]]
) -> Drawn | None:
    chat, prompt, options = _prepare(model, call.request, config)
    got: Drawn | None = None
    with _explained(model, call, drawn) as started:
        result = await chat.agenerate(prompt, **options)
        got = _read(model, call.request, result, time.perf_counter() - started)
    return got  # noqa: RET504 - `None` after a refusal that costs nothing


@contextmanager
def _explained(model: Bound, call: _Call, drawn: list[list[Drawn]]) -> Iterator[float]:
    """Turn what a provider raises into one sentence, and keep the request as unknown.

    A server that takes only one sample a request is not asked for n again: that refusal costs
    nothing and raises nothing.
    """
    started = time.perf_counter()
    failed = Drawn((), Usage(0, 0, status="unknown"), model.name, 0)
    try:
        yield started
    except GraphBubbleUp:
        raise
    except Exception as error:
        if call.request.k > 1 and _refuses_n(error):
            drawn[call.index].append(replace(failed, usage=Usage(0, 0)))
            return
        drawn[call.index].append(replace(failed, seconds=time.perf_counter() - started))
        if isinstance(error, CopeError):
            raise
        raise ModelCallError(explain(error, model)) from error
    except BaseException:  # cancelled, or the process is told to stop
        drawn[call.index].append(replace(failed, seconds=time.perf_counter() - started))
        raise


def _refuses_n(error: Exception) -> bool:
    refused = getattr(error, "status_code", None) == HTTPStatus.BAD_REQUEST
    return refused and (getattr(error, "param", None) == "n" or " n " in f" {error} ")


def _prepare(
    model: Bound, request: Request, config: RunnableConfig
) -> tuple[BaseChatModel, list[list[BaseMessage]], dict[str, Any]]:
    tags = list(config.get("tags") or [])
    options: dict[str, Any] = {
        "callbacks": config.get("callbacks"),
        "metadata": dict(config.get("metadata") or {}),
        "tags": tags if request.stream else [*tags, "nostream"],
    }
    if request.k > 1:
        options["n"] = request.k
    return _configured(model, request), [list(request.messages)], options


def _configured(model: Bound, request: Request) -> BaseChatModel:
    """Give the model's copy for a request's settings, made once for all such requests."""
    key = (request.temperature, request.seed, request.max_tokens, request.stream)
    copy = model.copies.get(key)
    if copy is None:
        if len(model.copies) >= _MOST_COPIES:
            model.copies.clear()
        copy = model.copies[key] = configured(model, request)
    return copy


def configured(model: Bound, request: Request) -> BaseChatModel:
    """Copy a model with a request's settings; what the model has no field for is left out."""
    wanted: dict[str, Any] = {
        # A cache would make n samples one sample.
        "cache": False,
        "temperature": request.temperature,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
        "stream_usage": True,
    }
    if getattr(model.chat, "n", None) is not None:
        # The schedule says how many samples are bought, not the model's own setting.
        wanted["n"] = 1
    if not request.stream:
        # A request for n samples cannot stream, and samples are not for the caller's eyes.
        wanted |= {"disable_streaming": True, "streaming": False}
    update = {name: v for name, v in wanted.items() if name in model.settable and v is not None}
    return model.chat.model_copy(update=update)


def _read(model: Bound, request: Request, result: LLMResult, seconds: float) -> Drawn:
    generations = result.generations[0]
    if not generations:
        msg = f"The {model.side} model {model.name} returned no choices."
        raise ModelCallError(msg)
    return Drawn(
        replies=tuple(reply_of(generation) for generation in generations[: request.k]),
        usage=usage_of(request.messages, generations),
        model=model_name_of(generations[0]) or model.name,
        seconds=seconds,
    )
