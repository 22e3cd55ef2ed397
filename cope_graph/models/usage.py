"""Tokens of one request, and how far the figure can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import Generation

from cope_graph.state import Status


@dataclass(frozen=True)
class Usage:
    """Tokens of one request.

    Attributes:
        input_tokens: Prompt tokens, cached ones included, counted once for all samples.
        output_tokens: Completion tokens of all samples, reasoning included.
        cached_tokens: Prompt tokens read from the provider's cache.
        reasoning_tokens: Completion tokens spent on hidden reasoning.
        status: `"reported"` by the provider, or `"estimated"` here.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    status: Status = "reported"


def usage_of(prompt: Sequence[BaseMessage], generations: Sequence[Generation]) -> Usage:
    """Read the usage of one request, or estimate it where the provider reports none.

    Args:
        prompt: The messages sent.
        generations: Its samples; the usage stands on the messages that carry one, and is added
            up (a request for n samples carries it once, see `one_bill`).

    Returns:
        The reported usage, or an estimate by text length (about four characters a token).
    """
    messages = [m for g in generations if isinstance(m := getattr(g, "message", None), AIMessage)]
    reported = [message.usage_metadata for message in messages if message.usage_metadata]
    if not reported:
        tokens = count_tokens_approximately(messages)
        return Usage(count_tokens_approximately(prompt), tokens, status="estimated")
    return Usage(
        sum(usage["input_tokens"] for usage in reported),
        sum(usage["output_tokens"] for usage in reported),
        sum(_detail(usage, "input_token_details", "cache_read") for usage in reported),
        sum(_detail(usage, "output_token_details", "reasoning") for usage in reported),
    )


def _detail(usage: Any, kind: str, name: str) -> int:
    return int(usage.get(kind, {}).get(name) or 0)
