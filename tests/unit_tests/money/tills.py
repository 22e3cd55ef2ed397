"""What tests of the till share: sums, its clock, and a look into its books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest

from cope_graph.money import till as till_module
from cope_graph.money.amount import NOTHING, Sum
from cope_graph.money.till import Till


def usd(amount: int | str) -> Sum:
    return Sum(Decimal(amount))


@dataclass
class Clock:
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@contextmanager
def clock() -> Iterator[Clock]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(till_module, "time", made := Clock())
        yield made


def check_books(till: Till) -> None:
    """Check that nothing is promised twice and that the holds are what is held."""
    assert till._spent.plus(till._flying).plus(till._held).fits(till.limit)
    held = NOTHING
    for hold in till._holds.values():
        held = held.plus(hold.amount)
        assert hold.flying >= 0
    assert till._held == held
