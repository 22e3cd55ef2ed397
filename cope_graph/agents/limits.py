"""What one turn of an agent may take: steps, tokens, USD."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NoReturn, TypeVar

from cope_graph.agents.episode import Episode, Halt
from cope_graph.context import CopeContext
from cope_graph.errors import InputError

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True)
class Limits:
    """The limits of a turn, each `None` where there is none.

    Attributes:
        steps: How many steps.
        tokens: How many tokens, by the upper bound of those that are not known.
        usd: How much, by the upper bound of what is not known.
    """

    steps: int | None = None
    tokens: int | None = None
    usd: Decimal | None = None

    def reached(self, episode: Episode) -> Halt | None:
        """Name the limit that forbids one more step."""
        if self.steps is not None and episode["steps"] >= self.steps:
            return "steps"
        if (tokens := self._tokens_left(episode)) is not None and tokens <= 0:
            return "tokens"
        if (usd := self._usd_left(episode)) is not None and usd <= 0:
            return "usd"
        return None

    def of_step(self, episode: Episode, settings: CopeContext) -> CopeContext | None:
        """Hold one step to what is left of its turn; `None` where nothing limits one."""
        if self.tokens is None and self.usd is None:
            return None
        left = {
            "budget_tokens": _least(settings.budget_tokens, self._tokens_left(episode)),
            "budget_usd": _least(settings.budget_usd, self._usd_left(episode)),
        }
        limited = {name: most for name, most in left.items() if most is not None}
        return CopeContext.model_validate(limited)

    def nearest(self, episode: Episode) -> Halt:
        """Name the limit that a step ran into which had no money or tokens for its next request."""
        tokens, usd = self._tokens_left(episode), self._usd_left(episode)
        if tokens is None or self.tokens is None:
            return "usd"
        if usd is None or self.usd is None:
            return "tokens"
        return "tokens" if tokens / self.tokens < float(usd / self.usd) else "usd"

    def said(self, halt: Halt, episode: Episode) -> str:
        """Say in one sentence which limit ended a turn, and what the turn took."""
        limit = {
            "steps": f"its {self.steps} steps are used",
            "tokens": f"its {self.tokens} tokens are used",
            "usd": f"its {self.usd} USD are spent",
        }[halt]
        spent = "at an unknown price" if episode["usd"] is None else f"for {episode['usd']} USD"
        return f"Stopped: {limit} ({episode['steps']} steps, {spent}), and there is no answer."

    def _tokens_left(self, episode: Episode) -> int | None:
        if self.tokens is None:
            return None
        # Nothing bounds what was used: it may be all.
        used = self.tokens if episode["tokens_upper"] is None else episode["tokens_upper"]
        return max(0, self.tokens - used)

    def _usd_left(self, episode: Episode) -> Decimal | None:
        if self.usd is None:
            return None
        spent = self.usd if episode["usd_upper"] is None else Decimal(episode["usd_upper"])
        return max(Decimal(0), self.usd - spent)


def limits(steps: int | None, tokens: int | None, usd: Decimal | str | float | None) -> Limits:
    """Check the limits of a turn; they are named as the arguments of `CopeMiddleware` are.

    Raises:
        InputError: One is no positive number.
    """
    for name, count in (("max_steps", steps), ("budget_tokens", tokens)):
        if count is not None and (type(count) is not int or count < 1):
            _refuse(name, count, "10")
    return Limits(steps, tokens, None if usd is None else _dollars(usd))


def _dollars(usd: Decimal | str | float) -> Decimal:
    try:
        exact = Decimal(str(usd))
    except InvalidOperation:
        exact = Decimal(0)
    if isinstance(usd, bool) or not exact.is_finite() or exact <= 0:
        _refuse("budget_usd", usd, "'0.10'")
    return exact


def _refuse(name: str, given: object, example: str) -> NoReturn:
    msg = (
        f"{name}={given!r:.60} is no limit: pass a number above 0, such as {example}, or leave it "
        "out."
    )
    raise InputError(msg)


def _least(one: Number | None, other: Number | None) -> Number | None:
    return min((a for a in (one, other) if a is not None), default=None)
