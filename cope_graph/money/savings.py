"""What the cascade saved, or cost more, against something else that has a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cope_graph.errors import InputError
from cope_graph.money.lines import Ledger


@dataclass(frozen=True)
class Baseline:
    """What a run is compared with.

    Attributes:
        name: Such as `"gpt-4o alone"`.
        usd: Its price in USD for one question, as a mean over questions like these.
    """

    name: str
    usd: Decimal

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        if not isinstance(self.usd, Decimal) or not self.usd.is_finite() or self.usd < 0:
            msg = (
                f"The baseline {self.name!r} costs a Decimal of 0 or more a question, not "
                f"{self.usd!r}."
            )
            raise InputError(msg)

    @classmethod
    def measured(cls, name: str, ledgers: Sequence[Ledger]) -> Baseline:
        """Take the mean of real runs, such as those of `CopeContext(stages=(3,))`.

        Raises:
            InputError: There is none, or one has an unknown price.
        """
        bills = [ledger["usd"] for ledger in ledgers]
        known = [Decimal(usd) for usd in bills if usd is not None]
        if not known or len(known) < len(bills):
            msg = f"The baseline {name!r} needs ledgers whose every price is known; give prices=."
            raise InputError(msg)
        return cls(name, sum(known, Decimal(0)) / len(known))


@dataclass(frozen=True)
class Savings:
    """The difference to a baseline; negative where the cascade cost more.

    Attributes:
        against: The baseline's name.
        usd: Saved in all, in USD. The least it can be when a bill is not fully known (each
            request at its upper bound); `None` when nothing bounds it.
        share: Of the baseline's price; `None` like `usd`, or when the baseline is free.
        exact: Whether every bill is fully known.
    """

    against: str
    usd: Decimal | None
    share: float | None
    exact: bool


def savings(ledgers: Sequence[Ledger], baseline: Baseline) -> Savings:
    """Compare the bills of runs with a baseline that would have answered the same questions.

    Args:
        ledgers: One a run.
        baseline: What else would have been paid.

    Returns:
        Baseline minus bills, signed.
    """
    exact = all(ledger["usd"] is not None and ledger["status"] == "reported" for ledger in ledgers)
    bills = [Decimal(usd) for ledger in ledgers if (usd := ledger["usd_upper"]) is not None]
    if len(bills) < len(ledgers):
        return Savings(baseline.name, None, None, exact=False)
    instead = baseline.usd * len(ledgers)
    saved = instead - sum(bills, Decimal(0))
    return Savings(baseline.name, saved, float(saved / instead) if instead else None, exact)
