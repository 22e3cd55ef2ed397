"""How far probabilities can be taken at their word."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

_BINS: Final = 10


def brier(chances: Sequence[float], happened: Sequence[bool]) -> float:
    """Give the mean squared error of probabilities (Brier, 1950): 0 is perfect, 1 the worst."""
    return fmean((p - y) ** 2 for p, y in zip(chances, happened, strict=True))


def calibration_error(chances: Sequence[float], happened: Sequence[bool]) -> float:
    """Give the expected calibration error over ten bins of equal width.

    It is the mean over all questions of the distance between the bin's mean probability and its
    share of what happened.
    """
    bins: dict[int, list[tuple[float, bool]]] = {}
    for chance, did in zip(chances, happened, strict=True):
        bins.setdefault(min(int(chance * _BINS), _BINS - 1), []).append((chance, did))
    gaps = (abs(sum(p - y for p, y in members)) for members in bins.values())
    return sum(gaps) / len(chances)
