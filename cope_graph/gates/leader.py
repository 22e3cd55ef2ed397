"""Whether the class that leads a vote stays ahead, whatever the missing samples say."""

from __future__ import annotations

from collections.abc import Sequence

from cope_graph.gates.verdict import AnswerClass


def leader_is_safe(
    classes: Sequence[AnswerClass], missing: Sequence[int], joining: int = 0
) -> bool:
    """Tell whether no rival overtakes the leader, if all that do not join it join that rival.

    Args:
        classes: Of a vote, the largest first.
        missing: Indices of the samples that may still come, in order; one at least.
        joining: How many of them join the leader.
    """
    leader, *rest = classes
    # A class that nobody has seen yet may begin with the first missing sample.
    rivals = [(0, missing[0]), *((len(c.members), min(c.members[0], missing[0])) for c in rest)]
    lead, first = len(leader.members) + joining, leader.members[0]
    most = len(missing) - joining
    return all(had + most < lead or (had + most == lead and first < start) for had, start in rivals)
