"""One turn of an agent, measured: how many steps it took, who decided them, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeVar

from typing_extensions import TypedDict

from cope_graph.money.ledger import plain

Halt = Literal["steps", "tokens", "usd"]

T = TypeVar("T")


class Episode(TypedDict):
    """What a turn of an agent took so far; in the agent's state under `cope`."""

    steps: int
    """Steps decided: calls of tools, and the final answer."""
    small: int
    """Of these by the small model alone (stage 1)."""
    guided: int
    """By the small model under the large one's guideline (stage 2)."""
    large: int
    """By the large model itself (stage 3)."""
    unaccepted: int
    """Steps that no gate accepted: the best there was."""
    plans: int
    """Guidelines that the large model wrote."""
    surprises: int
    """Steps whose outcome made the guideline doubtful."""
    plan: str | None
    """The guideline that later steps follow."""
    since_plan: int
    """Steps since it was written, the first under it included; without one, all steps."""
    requests: int
    """Requests to models."""
    input_tokens: int
    output_tokens: int
    tokens_upper: int | None
    """At most this many tokens; `None` as soon as nothing bounds a request."""
    usd: str | None
    """Sum in USD; `None` as soon as one price is not known."""
    usd_upper: str | None
    """At most this much; `None` as soon as nothing bounds a request."""
    stopped_by: Halt | None
    """The limit that ended the turn; `None` where it ended by itself, or has not ended."""


NEW_EPISODE: Final[Episode] = {
    "steps": 0,
    "small": 0,
    "guided": 0,
    "large": 0,
    "unaccepted": 0,
    "plans": 0,
    "surprises": 0,
    "plan": None,
    "since_plan": 0,
    "requests": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "tokens_upper": 0,
    "usd": "0",
    "usd_upper": "0",
    "stopped_by": None,
}
"""A turn as it begins."""

_DECIDED_BY: Final[dict[int, Literal["small", "guided", "large"]]] = {
    1: "small",
    2: "guided",
    3: "large",
}


def after_step(
    episode: Episode, facts: Mapping[str, Any], *, kept: str | None, surprised: bool
) -> Episode:
    """Give a turn with one more step.

    Args:
        episode: As it was.
        facts: Of the step: what a reply's `response_metadata["cope"]` holds.
        kept: The guideline that the step was given, `None` where it was to be written anew.
        surprised: Whether what came before it was a surprise.
    """
    plan: str | None = facts.get("plan") or kept
    written = plan is not None and plan != kept
    counted: Episode = {
        **with_bill(episode, facts["ledger"]),
        "steps": episode["steps"] + 1,
        "unaccepted": episode["unaccepted"] + (not facts["accepted"]),
        "plans": episode["plans"] + written,
        "surprises": episode["surprises"] + surprised,
        "plan": plan,
        "since_plan": 1 if written else episode["since_plan"] + 1,
    }
    counted[_DECIDED_BY[facts["stage"]]] += 1
    return counted


def with_bill(episode: Episode, ledger: Mapping[str, Any]) -> Episode:
    """Give a turn with the bill of one more run on it; unknown plus anything is unknown."""
    lines = [line["tokens_upper"] for line in ledger["lines"]]
    tokens_upper = None if None in lines else sum(lines)
    return {
        **episode,
        "requests": episode["requests"] + ledger["requests"],
        "input_tokens": episode["input_tokens"] + ledger["input_tokens"],
        "output_tokens": episode["output_tokens"] + ledger["output_tokens"],
        "tokens_upper": _both(lambda a, b: a + b, episode["tokens_upper"], tokens_upper),
        "usd": _both(_add, episode["usd"], ledger["usd"]),
        "usd_upper": _both(_add, episode["usd_upper"], ledger["usd_upper"]),
    }


def _both(add: Callable[[T, T], T], one: T | None, other: T | None) -> T | None:
    return None if one is None or other is None else add(one, other)


def _add(one: str, other: str) -> str:
    return plain(Decimal(one) + Decimal(other))
