"""Votes as arrays: who leads, for all items at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NONE = -1
"""Stands for the class of a sample without an answer."""


@dataclass(frozen=True, eq=False)
class Leaders:
    """The largest class of each item.

    Attributes:
        count: (items,) int, its members; 0 where nothing has an answer.
        first: (items,) int, the index of its first member; 0 where there is none.
    """

    count: NDArray[np.int64]
    first: NDArray[np.int64]


def leading(groups: NDArray[np.int64]) -> Leaders:
    """Find the class with most members; a tie goes to the one whose first member came first.

    It is what `cope_graph.gates.majority.vote` does. A class at n' samples is its class at n
    without the later members: each answer is compared with those before it alone.

    Args:
        groups: (items, n) int, the class of each sample; negative for none.
    """
    there = groups >= 0
    alike = (groups[:, :, None] == groups[:, None, :]) & there[:, :, None]
    # The first sample that has most others of its class is that class's first member.
    members = alike.sum(axis=2)
    first = members.argmax(axis=1) if groups.shape[1] else np.zeros(len(groups), np.int64)
    count = members.max(axis=1, initial=0)
    return Leaders(count, first)
