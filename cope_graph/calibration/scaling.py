"""From how many agree to the probability of being right, for each stage of a calibrated schedule.

It plays no part in what is promised, so it is fitted on all items, those of the test too. A stage
is fitted on the items that come to it under the thresholds: what stage 1 hands on is harder.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np

from cope_graph.calibration.asked import Table
from cope_graph.calibration.ladder import Bools, Floats, Step
from cope_graph.calibration.platt import agreeing, fit_platt
from cope_graph.calibration.stage_table import StageTable, above
from cope_graph.calibration.voter_table import VoterTable, play

Stage = Literal["1", "2", "3"]

_LEAST: Final = 20
"""Answers that a scaling is fitted on, at least (ours): of fewer the smoothing would say most."""


def scalings(
    table: Table, voters: tuple[str, ...], step: Step, *, alone: bool
) -> dict[Stage, dict[str, Any]] | None:
    """Fit a scaling for each stage that has right and wrong answers, 20 at least.

    Args:
        table: Outcomes of the schedule, on all items.
        voters: Who of a `VoterTable` is asked, in order.
        step: The thresholds.
        alone: Whether the large model answers alone under them.

    Returns:
        What `Platt.to_json` gives, by stage; `None` where none can be fitted, or the confidences
        are no shares of samples. Stage 3 has one sample: its probability is that of all that come
        to it.
    """
    if alone:
        answers = _of_the_large(table.alone.right)
    elif isinstance(table, VoterTable):
        answers = _of_voters(table, voters, step)
    else:
        answers = _of_stages(table, step) if table.votes else {}
    found = {
        stage: _fitted(agreement, right)
        for stage, (agreement, right) in answers.items()
        if len(right) >= _LEAST and 0 < right.sum() < len(right)
    }
    return found or None


def _of_stages(table: StageTable, step: Step) -> dict[Stage, tuple[Floats, Bools]]:
    """Give agreement and truth of the answers that each stage gives, under the thresholds."""
    there = np.ones(len(table.alone.items), np.bool_)
    taus, found = {1: step.tau1, 2: step.tau2}, {}
    for stage, one in sorted(table.small.items()):
        answered = there & (one.confidence > 0)
        name: Stage = "1" if stage == 1 else "2"
        found[name] = one.confidence[answered], one.right[answered]
        there = there & ~above(one.confidence, taus[stage] or 0.0)
    right = table.alone.right if table.right3 is None else table.right3
    return {**found, **_of_the_large(right[there])}


def _of_voters(
    table: VoterTable, voters: tuple[str, ...], step: Step
) -> dict[Stage, tuple[Floats, Bools]]:
    """Do the same of a quorum, whose agreement is the share of those that were asked."""
    if step.quorum is None or step.tau1 >= 1:  # the large model answers alone
        return _of_the_large(table.alone.right)
    columns = [table.voters.index(voter) for voter in voters]
    groups, right = table.groups[:, columns], table.right[:, columns]
    reached, answer, asked = play(groups, right, np.ones(groups.shape), step.quorum)
    first = step.quorum / asked[reached], answer[reached]
    return {"1": first, **_of_the_large(table.alone.right[~reached])}


def _of_the_large(right: Bools) -> dict[Stage, tuple[Floats, Bools]]:
    """Do the same of stage 3, whose one sample agrees with itself."""
    return {"3": (np.ones(len(right)), right)}


def _fitted(agreement: Floats, right: Bools) -> dict[str, Any]:
    # In order, so that the sums do not depend on the order of the items.
    pairs = sorted(zip(agreement.tolist(), right.tolist(), strict=True))
    return fit_platt([agreeing(one) for one, _ in pairs], [it for _, it in pairs]).to_json()
