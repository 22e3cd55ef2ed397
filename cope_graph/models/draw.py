"""Draw samples: different prompts side by side, k samples of one prompt for one bill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import get_executor_for_config

from cope_graph.errors import CopeError, ModelCallError
from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Drawn, Request, model_name_of, reply_of
from cope_graph.models.explain import explain
from cope_graph.models.usage import usage_of

_MOST_COPIES = 64  # a caller may give every run a seed of its own


def draw(model: Bound, requests: Sequence[Request], config: RunnableConfig) -> list[list[Drawn]]:
    """Draw the samples of several requests side by side.

    Args:
        model: Who is asked.
        requests: What is asked. A model that gives fewer than k samples a request is asked
            again for the rest.
        config: The node's config: callbacks, tags and `max_concurrency` are heeded.

    Returns:
        For each request what it took, in order; its samples together are k.

    Raises:
        ModelCallError: The model could not be reached, refused, or gave no sample.
    """
    if len(requests) == 1:
        return [_draw_one(model, requests[0], config)]
    # One thread a request, unless the caller limits them: they wait, they do not compute.
    limit = config.get("max_concurrency") or len(requests)
    with get_executor_for_config({**config, "max_concurrency": limit}) as executor:
        return list(executor.map(lambda request: _draw_one(model, request, config), requests))


async def adraw(
    model: Bound, requests: Sequence[Request], config: RunnableConfig
) -> list[list[Drawn]]:
    """Do as `draw` does, in an event loop."""
    if len(requests) == 1:
        return [await _adraw_one(model, requests[0], config)]
    limit = asyncio.Semaphore(config.get("max_concurrency") or max(len(requests), 1))

    async def one(request: Request) -> list[Drawn]:
        async with limit:
            return await _adraw_one(model, request, config)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(request)) for request in requests]
    except* CopeError as group_error:
        # The first failure ends the rest; the caller gets it as `draw` would raise it.
        raise group_error.exceptions[0] from group_error
    return [task.result() for task in tasks]


def _draw_one(model: Bound, request: Request, config: RunnableConfig) -> list[Drawn]:
    drawn: list[Drawn] = []
    while call := _next_call(model, request, drawn):
        chat, prompt, options = _prepare(model, call, config)
        started = time.perf_counter()
        with _explained(model):
            result = chat.generate(prompt, **options)
        drawn.append(_read(model, call, result, time.perf_counter() - started))
    return drawn


async def _adraw_one(model: Bound, request: Request, config: RunnableConfig) -> list[Drawn]:
    drawn: list[Drawn] = []
    while call := _next_call(model, request, drawn):
        chat, prompt, options = _prepare(model, call, config)
        started = time.perf_counter()
        with _explained(model):
            result = await chat.agenerate(prompt, **options)
        drawn.append(_read(model, call, result, time.perf_counter() - started))
    return drawn


@contextmanager
def _explained(model: Bound) -> Iterator[None]:
    """Turn what a provider raises into one sentence; our own errors pass as they are."""
    try:
        yield
    except CopeError:
        raise
    except Exception as error:
        raise ModelCallError(explain(error, model)) from error


def _next_call(model: Bound, request: Request, drawn: Sequence[Drawn]) -> Request | None:
    """Make the next request for the samples still missing, `None` when there are k."""
    missing = request.k - sum(len(got.replies) for got in drawn)
    if missing <= 0:
        return None
    seed = None if request.seed is None else request.seed + len(drawn)
    return replace(request, k=missing if model.takes_n else 1, seed=seed)


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
        copy = model.copies[key] = configured(model.chat, request)
    return copy


def configured(chat: BaseChatModel, request: Request) -> BaseChatModel:
    """Copy a model with a request's settings; what the model has no field for is left out."""
    wanted: dict[str, Any] = {
        # A cache would make n samples one sample.
        "cache": False,
        "temperature": request.temperature,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
        "stream_usage": True,
    }
    if not request.stream:
        # A request for n samples cannot stream, and samples are not for the caller's eyes.
        wanted |= {"disable_streaming": True, "streaming": False}
    fields = type(chat).model_fields
    update = {name: v for name, v in wanted.items() if name in fields and v is not None}
    return chat.model_copy(update=update)


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
