"""Fixed paths through one or two thresholds, whatever the outcomes."""

from __future__ import annotations

from typing import Final, Literal

Path = Literal["together", "stage 1 first", "stage 2 ahead"]
"""How two thresholds come down: one level of each in turn; stage 1's alone, stage 2 accepting
nothing; stage 2's a quarter of the levels ahead, as in the paper (7 of 8 and 5 of 8)."""

_GRID: Final = 20
"""Levels of a confidence that is no share of samples: 0.95, 0.90, ..."""


def levels_of(n: int, *, votes: bool) -> list[float]:
    """Give thresholds from 1, which nothing exceeds, down to 0, which any answer does."""
    size = n if votes else _GRID
    return [count / size for count in range(size, -1, -1)]


def chain(path: Path, size: int) -> list[tuple[int, int]]:
    """Give the places on two ladders of levels, 0 for escalating everything, in order.

    Args:
        path: Which of the fixed paths.
        size: The last place of either.
    """
    if path == "stage 1 first":
        return [(a, 0) for a in range(size + 1)]
    lead = size // 4 if path == "stage 2 ahead" else 0
    first, second = 0, 0
    places = [(0, 0)]
    while (first, second) != (size, size):
        if second < min(size, first + lead) or first == size:
            second += 1
        else:
            first += 1
        places.append((first, second))
    return places
