"""What the cascade saved, or cost more, against something else that has a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from cope_graph.errors import InputError
from cope_graph.money.lines import Ledger


@dataclass(frozen=True, init=False)
class Baseline:
    """What a run is compared with, as in `Baseline("gpt-4o alone", "0.0031")`.

    Attributes:
        name: Such as `"gpt-4o alone"`.
        usd: Its price in USD for one question, as a mean over questions like these.
    """

    name: str
    usd: Decimal

    def __init__(self, name: str, usd: str | Decimal) -> None:
        """Name it, with its price as it is written.

        Raises:
            InputError: The price is no decimal number of 0 or more.
        """
        try:
            price = Decimal(usd) if isinstance(usd, str) else usd
        except InvalidOperation:
            price = Decimal("NaN")
        if not isinstance(price, Decimal) or not price.is_finite() or price < 0:
            msg = (
                f"The baseline {name!r} costs a decimal of 0 or more a question, as in '0.0031', "
                f"not {usd!r}."
            )
            raise InputError(msg)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "usd", price)

    @classmethod
    def measured(cls, name: str, ledgers: Sequence[Ledger]) -> Baseline:
        """Take the mean of real runs, such as those of `CopeContext(stages=(3,))`.

        Raises:
            InputError: There is none, or one has an unknown price.
        """
        bills = [ledger["usd"] for ledger in _checked(ledgers)]
        if not bills:
            msg = f"The baseline {name!r} has no ledgers to be measured on: run some questions."
            raise InputError(msg)
        known = [Decimal(usd) for usd in bills if usd is not None]
        if len(known) < len(bills):
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

    Raises:
        InputError: What is given are no ledgers.
    """
    ledgers = _checked(ledgers)
    exact = all(ledger["usd"] is not None and ledger["status"] == "reported" for ledger in ledgers)
    bills = [Decimal(usd) for ledger in ledgers if (usd := ledger["usd_upper"]) is not None]
    if len(bills) < len(ledgers):
        return Savings(baseline.name, None, None, exact=False)
    instead = baseline.usd * len(ledgers)
    saved = instead - sum(bills, Decimal(0))
    return Savings(baseline.name, saved, float(saved / instead) if instead else None, exact)


def _checked(ledgers: Sequence[Ledger]) -> list[Ledger]:
    """Refuse outputs of runs, or one ledger, where a list of ledgers belongs."""
    single = isinstance(ledgers, Mapping | str) or not isinstance(ledgers, Iterable)
    given = [] if single else list(ledgers)
    if single or not all(isinstance(one, Mapping) and "usd_upper" in one for one in given):
        msg = 'These are no ledgers, one a run: pass [out["ledger"] for out in outs].'
        raise InputError(msg)
    return given
