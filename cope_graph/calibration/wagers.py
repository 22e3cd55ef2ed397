"""Bets that a running gate has left the band of its calibration record.

For an indicator x whose probability is b at most, of one wager

    capital_t = sum over starts s, alternatives q of w_s v_q product over i = s..t of r_q(x_i)
    r_q(1) = q / b,  r_q(0) = (1 - q) / (1 - b),  q > b
    starts s = 50 (k - 1) + 1 with w_s = 1 / (k (k + 1)), k = 1, 2, ...

and the same from below. Each product is a fair game at best, and all starts stake 1 together, so
that the sum exceeds c with probability 1/c at most, however long one watches (Ville). Starting anew
again and again keeps the delay short: what was lost before a change need not be won back
(Shin, Ramdas, Rinaldo, "E-detectors", 2023, with weights that sum to 1 instead of a reset).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Final

from cope_graph.calibration.exact_share import exact_interval
from cope_graph.calibration.shown import Reference

ACCEPTS: Final = "accept rate"

_AWAY: Final = (0.125, 0.25, 0.5)
"""Alternatives q: this part of the way from the band's edge to 0 or 1."""
_MOST_LEVELS: Final = 16
"""Of agreement; scores with more are thinned out."""
_EVERY: Final = 50
"""Runs between two starts: fewer share the capital, and a change waits no longer than that."""
_ENOUGH: Final = 1e100
"""Above any alarm, below what a float can't hold."""


@dataclass
class Wager:
    """Stakes on one indicator being more, or less, likely than a band's edge.

    Attributes:
        level: It is whether the agreement is at or below this; `None`: whether the stage accepts.
        won: What a stake grows by when it happens, by alternative.
        lost: What is left of it when it doesn't.
        share: Of all the capital.
        stakes: What each alternative's stakes have become.
    """

    level: float | None
    won: tuple[float, ...]
    lost: tuple[float, ...]
    share: float
    stakes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing staked."""
        self.stakes = [0.0] * len(self.won)

    @property
    def what(self) -> str:
        """Name what it bets on."""
        return ACCEPTS if self.level is None else f"agreement <= {self.level:g}"

    def settle(self, *, happened: bool, joins: float) -> None:
        """Add what joins now, and settle.

        Args:
            happened: The indicator.
            joins: w_s of this run.
        """
        factors = self.won if happened else self.lost
        each = self.share * joins / len(factors)
        self.stakes = [
            min((stake + each) * factor, _ENOUGH)
            for stake, factor in zip(self.stakes, factors, strict=True)
        ]


def joining(run: int) -> float:
    """Tell which part of the capital is staked at a run, numbered from 1."""
    start, between = divmod(run - 1, _EVERY)
    return 0.0 if between else 1 / ((start + 1) * (start + 2))


def wagers(reference: Reference, level: float) -> list[Wager]:
    """Give all wagers, half of the capital on the accept rate, half on the agreement.

    Args:
        reference: What the gate did on the calibration items.
        level: The probability with which its bands may miss: the exact one of the accept rate,
            and that of the share at or below each level, which holds for all levels at once
            (Dvoretzky-Kiefer-Wolfowitz, with Massart's constant, 1990).
    """
    shares, size = _shares(reference), reference.items
    half = 0.5 if shares else 1.0
    accepted = round(reference.accepted * size)
    found = _both_ways(None, exact_interval(accepted, size, half * level), half)
    band = (log(2 / (half * level)) / (2 * size)) ** 0.5
    for at, share in shares.items():
        found += _both_ways(at, (share - band, share + band), (1 - half) / len(shares))
    return found


def _shares(reference: Reference) -> dict[float, float]:
    """Give the share at or below each level but the highest, whose share is 1."""
    below, shares = 0, {}
    for at, count in sorted(reference.agreement)[:-1]:
        below += count
        shares[at] = below / reference.items
    every = -(-len(shares) // _MOST_LEVELS) if shares else 1
    return dict(list(shares.items())[::every])


def _both_ways(level: float | None, band: tuple[float, float], stake: float) -> list[Wager]:
    low, high = band
    found = []
    if high < 1:
        more = [high + away * (1 - high) for away in _AWAY]
        won = tuple(q / high for q in more)
        found.append(Wager(level, won, tuple((1 - q) / (1 - high) for q in more), stake / 2))
    if low > 0:
        less = [low - away * low for away in _AWAY]
        won = tuple(q / low for q in less)
        found.append(Wager(level, won, tuple((1 - q) / (1 - low) for q in less), stake / 2))
    return found
