"""What a small stage draws, and when: one plain schedule."""

from __future__ import annotations

from dataclasses import dataclass

from cope_graph.models.bound import Bound
from cope_graph.stages.look import wave_size
from cope_graph.stages.run import Run
from cope_graph.state import Stage


@dataclass(frozen=True)
class Draw:
    """One portion of the draw schedule.

    Attributes:
        voter: Who draws.
        k: How many samples.
    """

    voter: Bound
    k: int


def schedule(run: Run, stage: Stage) -> tuple[Draw, ...]:
    """List the draws of a small stage: one a voter, or waves of its samples.

    With early stopping the votes say how large a wave is: these are the most draws it may take.
    """
    share = run.share
    first = wave_size(run, stage)
    later = run.settings.wave or (1 if run.settings.in_waves else share)
    draws: list[Draw] = []
    for voter in run.cascade.samplers:
        start = 0
        while start < share:
            size = min(later if draws else first, share - start)
            draws.append(Draw(voter, size))
            start += size
    return tuple(draws)


def is_drawn(run: Run) -> bool:
    """Tell whether a small stage has its samples: a resumed run may ask for fewer than it has."""
    return len(run.state["samples"]) >= run.settings.n


def next_draw(run: Run) -> Draw:
    """Give the draw that follows the samples there are: of one voter, as many as the gate says."""
    drawn, share = len(run.state["samples"]), run.share
    if is_drawn(run):
        msg = "the draw schedule is at its end"
        raise IndexError(msg)
    left = share - drawn % share
    if not drawn:
        return Draw(run.sampler(0), min(wave_size(run, run.state["stage"]), left))
    # A thread of an older version has no `to_draw`, and a client's hand may have changed it.
    visits = run.state["visits"]
    asked = visits[-1].get("to_draw", left) if visits else left
    return Draw(run.sampler(drawn), max(1, min(asked, left)))
