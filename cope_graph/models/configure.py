"""A model with a request's settings."""

from __future__ import annotations

import json
import re
from asyncio import AbstractEventLoop
from typing import Any, Final

from langchain_core.language_models import BaseChatModel

from cope_graph.models.bound import Bound, Desk
from cope_graph.models.exchange import Request

_MOST_COPIES: Final = 64  # a caller may give every run a seed of its own


def configured(
    model: Bound, request: Request, loop: AbstractEventLoop | None = None
) -> BaseChatModel:
    """Give the model's copy for a request's settings, made once for all such requests.

    Args:
        model: Who is asked.
        request: What is asked.
        loop: The event loop it is asked in, `None` in a thread.
    """
    desk = _desk_in(model, loop) if loop and model.keeps_connections else model.desk
    held = _held_to(model, request)
    settings = (request.temperature, request.seed, request.max_tokens, request.stream)
    key = (*settings, request.log_probs, json.dumps(held, sort_keys=True) if held else "")
    copy = desk.copies.get(key)
    if copy is None:
        if len(desk.copies) >= _MOST_COPIES:
            desk.copies.clear()
        copy = desk.copies[key] = copied(model, request, desk.chat)
    return copy


def _desk_in(model: Bound, loop: AbstractEventLoop) -> Desk:
    desk = model.desks.get(loop)
    if desk is None:
        for ended in [other for other in list(model.desks) if other.is_closed()]:
            model.desks.pop(ended, None)
        desk = model.desks[loop] = Desk(model.chat_of_a_loop())
    return desk


def copied(model: Bound, request: Request, chat: BaseChatModel | None = None) -> BaseChatModel:
    """Copy a model with a request's settings; what the model has no field for is left out."""
    wanted: dict[str, Any] = {
        # A cache would make n samples one sample.
        "cache": False,
        "temperature": request.temperature,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
        "stream_usage": True,
        "logprobs": request.log_probs or None,
        **_held_to(model, request),
    }
    if getattr(model.chat, "n", None) is not None:
        # The schedule says how many samples are bought, not the model's own setting.
        wanted["n"] = 1
    if not request.stream:
        # A request for n samples cannot stream, and samples are not for the caller's eyes.
        wanted |= {"disable_streaming": True, "streaming": False}
    update = {name: v for name, v in wanted.items() if name in model.settable and v is not None}
    return (chat or model.chat).model_copy(update=update)


def _held_to(model: Bound, request: Request) -> dict[str, Any]:
    """Give the setting that holds replies to a schema, by the fields the model has."""
    if request.schema is None or model.refused_schema.is_set():
        return {}
    name = str(request.schema.get("title") or "answer")
    # OpenAI takes letters, digits, _ and - alone; a generic class has brackets in its name.
    shown = re.sub(r"[^\w-]+", "_", name, flags=re.ASCII)[:64]
    schema = {"name": shown, "schema": dict(request.schema)}
    wanted = {"response_format": {"type": "json_schema", "json_schema": schema}}
    if "extra_body" in model.settable:
        # As an argument of its own, OpenAI's client would raise when one of n replies is cut off.
        return {"extra_body": {**(getattr(model.chat, "extra_body", None) or {}), **wanted}}
    return wanted
