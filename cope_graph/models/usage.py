"""Tokens of one request, and how far the figure can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import Generation

from cope_graph.money.lines import Status

OF_AN_AGENT: Final = "cope_agent"
"""Where a reply that a whole agent gave says what its models spent, see `agents/executor.py`."""

_WEAKER: Final[tuple[Status, ...]] = ("reported", "estimated", "unknown")


@dataclass(frozen=True)
class Usage:
    """Tokens of one request.

    Attributes:
        input_tokens: Prompt tokens, cached ones included, counted once for all samples.
        output_tokens: Completion tokens of all samples, reasoning included.
        cached_tokens: Prompt tokens read from the provider's cache.
        reasoning_tokens: Completion tokens spent on hidden reasoning.
        status: `"reported"` by the provider; `"estimated"` here, where it reports nothing or what
            cannot be; `"unknown"` when the request failed.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    status: Status = "reported"
    parts: tuple[tuple[str, Usage], ...] = ()
    """Of an agent's run: what it is the sum of, by the models' names."""


def usage_of(
    prompt: Sequence[BaseMessage],
    generations: Sequence[Generation],
    whole: Mapping[str, Any] | None = None,
) -> Usage:
    """Read the usage of one request, or estimate it where the provider reports none.

    Args:
        prompt: The messages sent.
        generations: Its samples; the usage stands on the messages that carry one, and is added
            up (a request for n samples carries it once, see `one_bill`).
        whole: The result's own output: a reply without samples has its usage there alone.

    Returns:
        The reported usage, or an estimate by text length (about four characters a token).
    """
    messages = [m for g in generations if isinstance(m := getattr(g, "message", None), AIMessage)]
    if messages and (run := messages[0].response_metadata.get(OF_AN_AGENT)):
        return together((part["model"], Usage(**part["usage"])) for part in run["spent"])
    reported = [dict(message.usage_metadata) for message in messages if message.usage_metadata]
    # A prompt is never 0 tokens: who reports that reports nothing.
    reported = [usage for usage in reported if usage.get("input_tokens") != 0]
    if not generations and (spent := _of_the_whole(whole or {})):
        reported = [spent]
    if not reported:
        tokens = count_tokens_approximately(messages)
        return Usage(count_tokens_approximately(prompt), tokens, status="estimated")
    figures = [_figures(usage) for usage in reported]
    sound = all(map(_is_sound, figures))
    inputs, outputs, cached, reasoning = (sum(max(f[i], 0) for f in figures) for i in range(4))
    return Usage(
        inputs, outputs, min(cached, inputs), reasoning, "reported" if sound else "estimated"
    )


def together(spent: Iterable[tuple[str, Usage]]) -> Usage:
    """Add up requests to several models; the weakest status is that of the sum.

    Args:
        spent: Each request's model and usage.
    """
    by_model: dict[str, Usage] = {}
    for model, usage in spent:
        by_model[model] = _sum(by_model[model], usage) if model in by_model else usage
    whole = reduce(_sum, by_model.values(), Usage(0, 0))
    return replace(whole, parts=tuple(by_model.items()))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.input_tokens + other.input_tokens,
        one.output_tokens + other.output_tokens,
        one.cached_tokens + other.cached_tokens,
        one.reasoning_tokens + other.reasoning_tokens,
        max(one.status, other.status, key=_WEAKER.index),
    )


def _of_the_whole(output: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read OpenAI's own words for a usage, as langchain-openai hands them on."""
    spent = output.get("token_usage")
    if not isinstance(spent, Mapping) or not spent:
        return None
    inputs = spent.get("prompt_tokens_details") or {}
    return {
        "input_tokens": spent.get("prompt_tokens"),
        "output_tokens": spent.get("completion_tokens"),
        "input_token_details": {"cache_read": inputs.get("cached_tokens")},
    }


def _figures(usage: dict[str, Any]) -> tuple[int, int, int, int]:
    """Read input, output, cached and reasoning tokens; what is missing or no number is -1 or 0."""
    inputs, outputs = usage.get("input_token_details"), usage.get("output_token_details")
    return (
        _count(usage.get("input_tokens"), -1),
        _count(usage.get("output_tokens"), -1),
        _count((inputs or {}).get("cache_read"), 0),
        _count((outputs or {}).get("reasoning"), 0),
    )


def _count(value: object, missing: int) -> int:
    return value if isinstance(value, int) else missing


def _is_sound(figures: tuple[int, int, int, int]) -> bool:
    """Tell whether a report can be true: nothing negative, no more cached than there was."""
    inputs, _, cached, _ = figures
    return min(figures) >= 0 and cached <= inputs
