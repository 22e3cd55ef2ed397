"""The exact interval of a share (Clopper and Pearson, 1934)."""

from __future__ import annotations

from math import exp, lgamma, log
from typing import Final

_STEPS: Final = 40


def exact_interval(count: int, n: int, level: float) -> tuple[float, float]:
    """Bound a probability from both sides by how often something happened.

    Args:
        count: How often, 0 to n.
        n: In how many trials.
        level: The probability with which the interval may miss.

    Returns:
        Lower and upper end, 0 to 1.
    """
    low = 0.0 if count == 0 else _where(count - 1, n, 1 - level / 2)
    return low, 1.0 if count == n else _where(count, n, level / 2)


def _where(k: int, n: int, level: float) -> float:
    """Find p with P(at most k of n) = level; it falls as p rises."""
    under, over = 0.0, 1.0
    for _ in range(_STEPS):
        p = (under + over) / 2
        if _at_most(k, n, p) > level:
            under = p
        else:
            over = p
    return (under + over) / 2


def _at_most(k: int, n: int, p: float) -> float:
    """Add up binomial probabilities, by logarithms: n may be many thousands."""
    whole = lgamma(n + 1)
    yes, no = log(p), log(1 - p)
    terms = (
        whole - lgamma(i + 1) - lgamma(n - i + 1) + i * yes + (n - i) * no for i in range(k + 1)
    )
    return sum(exp(term) for term in terms)
