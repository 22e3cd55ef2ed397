"""A budget that holds: what may be spent is reserved first, and settled after."""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextvars import ContextVar
from decimal import Decimal, InvalidOperation
from typing import Final, Self

from cope_graph.errors import BudgetError, InputError
from cope_graph.money.amount import Amount, Sum
from cope_graph.money.till import Till

_entered: ContextVar[tuple[Budget, ...]] = ContextVar("cope_budgets", default=())


class Budget:
    """A limit on USD, tokens and time that concurrent runs share.

    It lives in this process, outside graph state. Give it to `create_cope(budget=...)` for all
    runs of a graph, or enter it for the runs made inside, such as one batch:

    ```python
    with Budget(usd="0.50") as budget:
        outs = graph.batch(questions, return_exceptions=True)
    print(budget.spent)
    ```

    Or `async with`. Entered, it holds for this thread or task and what LangChain or asyncio starts
    from here. Threads started by hand (`threading.Thread`, `ThreadPoolExecutor`) know nothing of
    it, and spend freely: use `graph.batch`, `create_cope(budget=...)`, or give them
    `contextvars.copy_context().run`.

    A request whose usage is not reported is charged what was reserved for it: its prompt and its
    `max_tokens` at the model's price. The limit holds as far as a provider keeps to `max_tokens`.
    """

    def __init__(
        self,
        *,
        usd: str | float | Decimal | None = None,
        tokens: int | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """Set the limits; `None` is no limit.

        Args:
            usd: USD; every model must have a price.
            tokens: Prompt and completion tokens.
            deadline_s: Seconds from now, when this object is made, not from when it is entered.

        Raises:
            InputError: A limit is no number of 0 or more, or there is none.
        """
        self.limit: Final = Amount(_usd(usd), _whole(tokens))
        self._ends = None if deadline_s is None else time.monotonic() + _positive(deadline_s)
        if self._ends is None and not self.limits_money:
            msg = "A budget limits something: pass usd=, tokens= or deadline_s=."
            raise InputError(msg)
        self._till = Till(Sum(self.limit.usd or Decimal(0), self.limit.tokens or 0))

    def __enter__(self) -> Self:
        """Let the runs started from here on, in this context, spend from this budget too."""
        _entered.set((*_entered.get(), self))
        return self

    async def __aenter__(self) -> Self:
        """Do the same as `with`: nothing here waits."""
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        """End that."""
        self.__exit__()

    def __exit__(self, *_: object) -> None:
        """End that."""
        # Others may be inside at the same time, in contexts of their own: nothing is kept here.
        inside = list(_entered.get())
        inside.remove(self)
        _entered.set(tuple(inside))

    def __repr__(self) -> str:
        """Show limits and spending."""
        left = self.seconds_left
        money = [f"{self.limit}, {self.spent} spent"] if self.limits_money else []
        time_left = [] if left is None else [f"{left:.1f} s left"]
        return f"Budget({'; '.join([*money, *time_left])})"

    @property
    def spent(self) -> Amount:
        """What settled requests cost, as far as it is limited here."""
        return self._shown(self._till.spent)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, `None` without one."""
        return None if self._ends is None else self._ends - time.monotonic()

    @property
    def limits_money(self) -> bool:
        """Whether USD or tokens are limited, and not time alone."""
        return self.limit != Amount()

    def admit(self, run: str, worst: Amount) -> Future[None]:
        """Hold what a run may still cost, see `Till.admit`."""
        return self._till.admit(run, self._sum(worst))

    def poke(self) -> None:
        """Look again whether somebody waiting can go on, see `Till.poke`."""
        self._till.poke()

    def reserve(self, run: str, worst: Amount) -> None:
        """Take a request's worst case.

        Raises:
            BudgetError: There is not enough left, or nothing bounds the request.
        """
        left = self._till.reserve(run, self._sum(worst))
        if left is not None:
            msg = (
                f"The budget of {self.limit} has {self._shown(left)} left; this request may cost "
                f"{self._shown(self._sum(worst))}."
            )
            raise BudgetError(msg)

    def settle(self, run: str, reserved: Amount, charge: Amount) -> None:
        """Charge what a request cost, and free the rest of what was reserved for it."""
        self._till.settle(run, self._sum(reserved), self._sum(charge))

    def charge(self, amount: Amount) -> None:
        """Charge what was spent without a reservation; all there is, when that is not known."""
        limit = self._till.limit
        usd = limit.usd if amount.usd is None else amount.usd
        tokens = limit.tokens if amount.tokens is None else amount.tokens
        self._till.charge(Sum(usd, tokens))

    def refund(self, charged: Amount, cost: Amount) -> None:
        """Give back what was charged beyond a cost that is known only now."""
        self._till.refund(self._sum(charged).less(self._sum(cost)))

    def pause(self, run: str) -> None:
        """Tell that a run is between two nodes, see `Till.pause`."""
        self._till.pause(run)

    def leave(self, run: str) -> None:
        """Give back what a run still holds."""
        self._till.leave(run)

    def _sum(self, amount: Amount) -> Sum:
        """Give the parts of an amount that are limited here, the others as 0."""
        usd = Decimal(0) if self.limit.usd is None else amount.usd
        tokens = 0 if self.limit.tokens is None else amount.tokens
        if usd is None or tokens is None:
            msg = "Nothing bounds this request: a budget needs max_tokens and, for USD, a price."
            raise BudgetError(msg)
        return Sum(usd, tokens)

    def _shown(self, known: Sum) -> Amount:
        usd = None if self.limit.usd is None else known.usd
        return Amount(usd, None if self.limit.tokens is None else known.tokens)


def entered() -> tuple[Budget, ...]:
    """Give the budgets entered around the current code, the outermost first."""
    return _entered.get()


def shut_out() -> None:
    """Leave all entered budgets, in this context: what it spends is reserved already."""
    _entered.set(())


def _usd(usd: str | float | Decimal | None) -> Decimal | None:
    try:
        given = None if usd is None else Decimal(str(usd))
    except InvalidOperation:
        given = Decimal("NaN")
    if given is not None and (not given.is_finite() or given < 0):
        msg = f"A budget's usd is a number of 0 or more, not {usd!r}: pass usd='0.50'."
        raise InputError(msg)
    return given


def _whole(tokens: int | None) -> int | None:
    if tokens is None or (type(tokens) is int and tokens >= 0):
        return tokens
    msg = f"A budget's tokens are a whole number of 0 or more, not {tokens!r}."
    raise InputError(msg)


def _positive(seconds: float) -> float:
    if not isinstance(seconds, (int, float)) or not seconds > 0:
        msg = f"A budget's deadline_s is more than 0 seconds, not {seconds!r}."
        raise InputError(msg)
    return seconds
