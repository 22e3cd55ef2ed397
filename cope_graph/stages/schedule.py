"""What a small stage draws, and when: one plain schedule."""

from __future__ import annotations

from dataclasses import dataclass

from cope_graph.models.bound import Bound
from cope_graph.stages.run import Run


@dataclass(frozen=True)
class Draw:
    """One portion of the draw schedule.

    Attributes:
        voter: Who draws.
        k: How many samples.
    """

    voter: Bound
    k: int


def schedule(run: Run) -> tuple[Draw, ...]:
    """List the draws of a small stage: one, or waves of at most `wave` samples."""
    n, small = run.settings.n, run.cascade.executors[0]
    wave = min(run.settings.wave or n, n)
    return tuple(Draw(small, min(wave, n - start)) for start in range(0, n, wave))


def is_drawn(run: Run) -> bool:
    """Tell whether a small stage has its samples: a resumed run may ask for fewer than it has."""
    return len(run.state["samples"]) >= run.settings.n


def next_draw(run: Run) -> Draw:
    """Give the draw that follows the samples there are."""
    drawn = len(run.state["samples"])
    for draw in schedule(run):
        if drawn < draw.k:
            return draw
        drawn -= draw.k
    msg = "the draw schedule is at its end"
    raise IndexError(msg)
