"""The bill as data: what one request cost, and what requests add up to.

USD are decimal strings, so that a checkpoint keeps every digit.
"""

from __future__ import annotations

from typing import Final, Literal

from typing_extensions import TypedDict

Role = Literal["plan", "execute", "judge"]
Status = Literal["reported", "estimated", "unknown"]


class LedgerLine(TypedDict):
    """One request to a model; a retry is a request of its own."""

    node: str
    """The graph node that made it."""
    stage: int
    """The stage it belongs to, 1 to 3."""
    role: Role
    """Whether it bought a plan, an answer, or a judgement of answers."""
    model: str
    """The model's name, as the provider reported it where it did."""
    samples: int
    """Replies drawn by this request."""
    input_tokens: int
    """Prompt tokens, cached ones included."""
    output_tokens: int
    """Completion tokens of all samples, reasoning tokens included."""
    cached_tokens: int
    """Prompt tokens read from the provider's cache."""
    reasoning_tokens: int
    """Completion tokens spent on hidden reasoning."""
    seconds: float
    """Wall time of the request."""
    gpu_seconds: float
    """Its share of a GPU priced by the hour (requests side by side share it); else 0."""
    status: Status
    """Whether the tokens are the provider's figure, ours, or not known."""
    usd: str | None
    """Price of the request; `None` when it is not known."""
    usd_upper: str | None
    """At most this much: `usd` where the tokens are reported, else what was reserved for it
    (prompt and `max_tokens` at its price); `None` when nothing bounds it."""
    tokens_upper: int | None
    """At most this many tokens, in the same way."""
    error: str | None
    """Why it failed or was given up; `None` when it brought its samples."""


class Totals(TypedDict):
    """Sums over ledger lines."""

    requests: int
    input_tokens: int
    output_tokens: int
    usd: str | None
    """Sum in USD; `None` as soon as one line's price is not known."""
    usd_upper: str | None
    """Sum of the upper bounds; `None` as soon as one line has none."""


class Ledger(Totals):
    """The bill of one run."""

    status: Status
    """The weakest status of any line."""
    usd_known: str
    """Sum of the lines whose price is known: a lower bound when `usd` is `None`."""
    seconds: float
    """Sum of the requests' seconds; requests side by side count each."""
    by_node: dict[str, Totals]
    by_role: dict[str, Totals]
    by_stage: dict[str, Totals]
    lines: list[LedgerLine]


NO_TOTALS: Final[Totals] = {
    "requests": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "usd": "0",
    "usd_upper": "0",
}

NO_LEDGER: Final[Ledger] = {
    **NO_TOTALS,
    "status": "reported",
    "usd_known": "0",
    "seconds": 0.0,
    "by_node": {},
    "by_role": {},
    "by_stage": {},
    "lines": [],
}
