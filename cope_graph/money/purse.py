"""What one run may spend: from its own limits and from every budget it shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from cope_graph.errors import BudgetError
from cope_graph.money.amount import Amount
from cope_graph.money.budget import Budget
from cope_graph.money.lines import LedgerLine

_ZERO = Amount(Decimal(0), 0)


@dataclass(frozen=True)
class Purse:
    """A run's access to its budgets.

    Attributes:
        run: The run's name, by which shared budgets know it.
        own: The run's own limits, as far as it has not spent them; `None` without any.
        shared: Budgets it shares with others, always in the same order: a run that waits for one
            holds only those before it in that order, so no two wait for each other.
    """

    run: str
    own: Budget | None
    shared: tuple[Budget, ...]

    @property
    def is_limited(self) -> bool:
        """Whether anything limits USD or tokens."""
        return any(budget.limits_money for budget in self._all)

    @property
    def limits_usd(self) -> bool:
        """Whether anything limits USD."""
        return any(budget.limit.usd is not None for budget in self._all)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the first deadline, `None` without one."""
        left = [s for budget in self._all if (s := budget.seconds_left) is not None]
        return min(left, default=None)

    @property
    def _all(self) -> tuple[Budget, ...]:
        return self.shared if self.own is None else (self.own, *self.shared)

    def reserve(self, worst: Amount) -> None:
        """Take a request's worst case from every budget, or from none.

        Raises:
            BudgetError: One has not enough left.
        """
        taken: list[Budget] = []
        try:
            for budget in self._all:
                if budget.limits_money:
                    budget.reserve(self.run, worst)
                    taken.append(budget)
        except BudgetError:
            for budget in taken:
                budget.settle(self.run, worst, _ZERO)
            raise

    def settle(self, worst: Amount, charge: Amount) -> None:
        """Charge a request whose worst case was reserved."""
        for budget in self._all:
            if budget.limits_money:
                budget.settle(self.run, worst, charge)

    def refund(self, charged: Amount, cost: Amount) -> None:
        """Give back what a request was charged beyond its cost, which is known only now."""
        for budget in self._all:
            if budget.limits_money:
                budget.refund(charged, cost)

    def pause(self) -> None:
        """Tell that the run is between two nodes: others need not wait for it for ever."""
        for budget in self.shared:
            budget.pause(self.run)

    def note(self, lines: Iterable[LedgerLine]) -> None:
        """Charge the run's own limits for requests that were paid before a crash."""
        for line in lines:
            if self.own is not None:
                usd = None if line["usd_upper"] is None else Decimal(line["usd_upper"])
                self.own.charge(Amount(usd, line["tokens_upper"]))

    def leave(self) -> None:
        """Give back what the run holds."""
        for budget in self.shared:
            budget.leave(self.run)
