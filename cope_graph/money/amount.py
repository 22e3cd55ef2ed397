"""Money and tokens together: what a budget limits, what a request may cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


@dataclass(frozen=True)
class Amount:
    """USD and tokens.

    Attributes:
        usd: `None`: not known, or (as a limit) not limited.
        tokens: Prompt and completion tokens; `None` as above.
    """

    usd: Decimal | None = None
    tokens: int | None = None

    def __add__(self, other: Amount) -> Amount:
        """Add; what is not known on one side is not known of the sum."""
        return Amount(
            None if self.usd is None or other.usd is None else self.usd + other.usd,
            None if self.tokens is None or other.tokens is None else self.tokens + other.tokens,
        )

    def __str__(self) -> str:
        """Write the parts that are known."""
        usd = [] if self.usd is None else [f"{self.usd:f} USD"]
        tokens = [] if self.tokens is None else [f"{self.tokens:,} tokens"]
        return " and ".join([*usd, *tokens]) or "an unknown amount"


class Sum(NamedTuple):
    """USD and tokens that are both known, for bookkeeping."""

    usd: Decimal = Decimal(0)
    tokens: int = 0

    def plus(self, other: Sum) -> Sum:
        """Add."""
        return Sum(self.usd + other.usd, self.tokens + other.tokens)

    def less(self, other: Sum) -> Sum:
        """Subtract, down to 0."""
        return Sum(max(self.usd - other.usd, Decimal(0)), max(self.tokens - other.tokens, 0))

    def least(self, other: Sum) -> Sum:
        """Take the smaller of each."""
        return Sum(min(self.usd, other.usd), min(self.tokens, other.tokens))

    def fits(self, other: Sum) -> bool:
        """Tell whether neither is more than the other's."""
        return self.usd <= other.usd and self.tokens <= other.tokens


NOTHING = Sum()
