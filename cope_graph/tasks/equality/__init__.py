r"""Whether two answers say the same: text, exact numbers and lists here, symbols in a worker.

What takes microseconds is decided here: the same text after normalising, numbers as exact
fractions, sets, tuples and matrices member by member. The rest (is `\sqrt{8}` the same as
`2\sqrt{2}`?) goes to math-verify in a process of its own, see `worker`.

Decisions:
    - A percentage equals its number and its fraction: 50% = 50 and 50% = 0.5, yet 50 is not 0.5.
      Equality is thus not transitive: compare answers with one representative.
    - A decimal of six or more places equals what rounds to it: 1/3 = 0.333333, but not 0.33.
    - A unit counts only when both answers name a known one: 5 = 5 cm, 5 cm is not 5 m; nothing
      is converted. So with `x =` in front, and with the base of a numeral (101_2 = 101).
    - `(1, 2)` is ordered, `\{1, 2\}` and a bare `1, 2` are not; a bare list also equals a tuple,
      and a column vector the tuple of its entries.
    - A word of four letters or more is a word, not a product of variables.
    - What cannot be decided within the limits counts as unequal.

The client's side: `notation`, `units`, `exact`, `lists` and `complexity` make an `answer`,
`compare` compares two, `worker` asks the `process` about the rest. In the process: `server`,
`symbolic`, and `compare` again.
"""

from __future__ import annotations

from cope_graph.tasks.equality.compare import compare
from cope_graph.tasks.equality.worker import shared_worker

__all__ = ["math_equal"]


def math_equal(a: str, b: str) -> bool:
    r"""Tell whether two answers are mathematically equal.

    Symmetric and reflexive, not transitive. Thread-safe, and it waits without holding the GIL, so
    `await asyncio.to_thread(math_equal, a, b)` keeps an event loop running. A comparison costs
    some microseconds when text, numbers or lists decide it, some milliseconds in the worker, and
    at most the worker's limits (seconds) when it is given up; such a pair counts as unequal.

    Args:
        a: One answer, as `read_math` returns it.
        b: Another.

    Raises:
        MissingPackageError: If math-verify is needed and not installed.
        CopeError: If the worker process cannot be started.

    Example:
        >>> math_equal(r"\frac{1}{2}", "0.5"), math_equal("5 cm", "5 m")
        (True, False)
    """
    a, b = sorted((a.strip(), b.strip()))  # one order: symmetry by construction
    if a == b:
        return True
    verdict = compare(a, b, _leave_open)
    return shared_worker().equal(a, b) if verdict is None else verdict


def _leave_open(_a: str, _b: str) -> None:
    """Leave it to the worker."""
