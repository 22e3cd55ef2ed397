"""The most a request can cost, known before it is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from langchain_core.messages import BaseMessage

from cope_graph.errors import CopeError
from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Request
from cope_graph.models.tool_words import in_words
from cope_graph.models.usage import Usage
from cope_graph.money.amount import Amount

_NEVER_SENT: Final = {"content", "type", "id", "response_metadata", "usage_metadata", "artifact"}
_PER_MESSAGE: Final = 8
_BYTES_A_TOKEN: Final = 6
_USUAL_PLAN: Final = 128
_PER_REQUEST: Final = 64  # a chat template may bring a system prompt of its own


def worst_case(
    model: Bound, request: Request, seconds: float | None = None, *, extra_prompt: int = 0
) -> Amount:
    """Bound what a request can cost.

    Args:
        model: Who is asked.
        request: What is asked, for k samples of at most `max_tokens` each.
        seconds: How long it may take, for a price by the hour.
        extra_prompt: Prompt tokens that are not written yet, such as a plan's.

    Returns:
        Tokens, `None` without a `max_tokens`; USD, `None` without that or without a price.
    """
    most = most_tokens(model, request.max_tokens)
    if most is None:
        return Amount()
    taken = as_taken(model, request)
    prompt = prompt_tokens(model, taken.messages) + extra_prompt
    prompt += sum(len(json.dumps(tool, default=str).encode()) for tool in taken.tools)
    return Amount(_usd(model, prompt, request.k * most, seconds), prompt + request.k * most)


def as_taken(model: Bound, request: Request) -> Request:
    """Give a request as its model takes it: with tools in words, where it calls none."""
    return in_words(request) if request.tools and not model.calls_tools else request


def most_tokens(model: Bound, given: int | None) -> int | None:
    """Give the completion tokens one sample may have.

    Args:
        model: Who is asked.
        given: The limit of the request; a model without a field for it does not heed it.

    Returns:
        That, else the model's own; `None` without either.
    """
    if given is not None and "max_tokens" in model.settable:
        return given
    own = getattr(model.chat, "max_tokens", None)
    return own if type(own) is int and own > 0 else None


def prompt_tokens(model: Bound, messages: Sequence[BaseMessage]) -> int:
    """Bound the tokens of a prompt from above.

    A token is at least one byte of UTF-8, so the bytes bound the tokens of any tokenizer, about
    four times over. A model with LangChain's `custom_get_token_ids` is counted with that, and one
    that is loaded in this process by its own tokenizer and template.
    """
    sized = getattr(model.chat, "prompt_size", None)
    if sized is not None and (exact := _size(sized, messages)) is not None:
        return exact
    count = model.chat.custom_get_token_ids
    texts = [text for message in messages for text in _texts(message)]
    tokens = sum(len(count(t)) if count else len(t.encode("utf-8", "surrogatepass")) for t in texts)
    return tokens + _PER_MESSAGE * len(messages) + _PER_REQUEST


def _size(sized: Callable[[Any], int | None], messages: Sequence[BaseMessage]) -> int | None:
    try:
        return sized(messages)
    except CopeError:  # the request will say so
        return None


def _texts(message: BaseMessage) -> Iterator[str]:
    """List what may be sent of a message: its text, and beside it names, calls of tools, parts."""
    yield message.text
    beside = message.model_dump(exclude=_NEVER_SENT, exclude_defaults=True)
    if not isinstance(message.content, str):
        beside["content"] = message.content
    if beside:
        yield json.dumps(beside, ensure_ascii=False, default=str)


def plan_tokens(model: Bound, most: int | None) -> int:
    """Bound the prompt tokens of a plan that is still to be written, as `prompt_tokens` counts.

    Args:
        model: Who will read it.
        most: The plan's own limit in tokens, `None` for the usual two sentences.
    """
    each = 1 if model.chat.custom_get_token_ids else _BYTES_A_TOKEN
    return each * (most or _USUAL_PLAN) + _PER_REQUEST


def _usd(model: Bound, prompt: int, reply: int, seconds: float | None) -> Decimal | None:
    if model.price is not None and model.price.gpu_hour and seconds is None:
        return None
    return model.usd(Usage(prompt, reply), model.name, seconds or 0.0)
