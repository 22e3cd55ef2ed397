"""A model with a request's settings."""

from __future__ import annotations

from typing import Any, Final

from langchain_core.language_models import BaseChatModel

from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Request

_MOST_COPIES: Final = 64  # a caller may give every run a seed of its own


def configured(model: Bound, request: Request) -> BaseChatModel:
    """Give the model's copy for a request's settings, made once for all such requests."""
    key = (request.temperature, request.seed, request.max_tokens, request.stream)
    copy = model.copies.get(key)
    if copy is None:
        if len(model.copies) >= _MOST_COPIES:
            model.copies.clear()
        copy = model.copies[key] = copied(model, request)
    return copy


def copied(model: Bound, request: Request) -> BaseChatModel:
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
