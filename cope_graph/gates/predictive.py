"""How likely the missing samples change a decision: the beta-binomial posterior predictive.

The samples are taken as draws, one like another, of which a share q gives the same answer. With the
prior q ~ Beta(a, a) and x of m samples seen in a class, the number J of the r missing ones that
join it has P(J = j) = C(r, j) B(x + a + j, m - x + a + r - j) / B(x + a, m - x + a).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from cope_graph.gates.leader import leader_is_safe
from cope_graph.gates.verdict import AnswerClass, Verdict

if TYPE_CHECKING:
    from cope_graph.gates.decide import Onward, Threshold

_PRIOR: Final = 0.5
"""Jeffreys' prior, Beta(1/2, 1/2): small models mostly agree fully or hardly at all."""


def chances(count: int, seen: int, missing: int) -> list[float]:
    """Give the probability of each number of missing samples that join a class.

    Args:
        count: Samples in the class so far.
        seen: Samples so far.
        missing: Samples to come.

    Returns:
        The probabilities of 0 to `missing`, all above 0; their sum is 1.
    """
    inside, outside = count + _PRIOR, seen - count + _PRIOR
    # The ratio of neighbours; what they are multiples of follows from their sum.
    ratios = (
        (missing - j) * (inside + j) / ((j + 1) * (outside + missing - j - 1))
        for j in range(missing)
    )
    weights = list(accumulate(ratios, lambda one, ratio: one * ratio, initial=1.0))
    total = sum(weights)
    return [weight / total for weight in weights]


def foreseen(  # noqa: PLR0913 - what `decide` is asked
    verdict: Verdict,
    threshold: Threshold | None,
    *,
    n: int,
    missing: Sequence[int],
    onward: Onward,
    guard: float,
) -> bool | None:
    """Foresee whether the full draw would accept the leading answer.

    What does not join the leader is taken to join its strongest rival, and the chances of several
    classes to pass are added up: both err towards drawing on.

    Args:
        verdict: Of a vote; of any other gate nothing is foreseen.
        threshold: What the share has to exceed.
        n: Samples of the stage in all.
        missing: Indices of the samples that may still come, in order; one at least.
        onward: As in `decide`.
        guard: The least probability that the full draw decides the same. At 1 only what no
            outcome can change is foreseen.

    Returns:
        Whether it would pass, or `None` while that is not likely enough either way.
    """
    classes = verdict.classes
    late = any(index > missing[0] for one in classes for index in one.members)
    if threshold is None or verdict.passes is not None or (verdict.loose and late):
        return None
    if not verdict.by_share or (not classes and verdict.answer is not None):
        return None
    vote = _Vote(classes, threshold, n, missing)
    # Risks, not chances: a sum of small numbers does not round to certainty.
    if vote.risk_unless_leading(passing=True) <= 1 - guard:
        return True
    if onward == "nothing":  # then the answer has to be the same too: it is the run's
        failing = vote.risk_unless_leading(passing=False)
    else:
        failing = vote.risk_of_passing()
    return False if failing <= 1 - guard else None


@dataclass(frozen=True)
class _Vote:
    """A vote with samples to come."""

    classes: Sequence[AnswerClass]
    threshold: Threshold
    n: int
    missing: Sequence[int]

    def risk_of_passing(self) -> float:
        """Bound the probability that any class passes in the end, one still unseen included."""
        return sum(map(self._passing, (0, *(len(one.members) for one in self.classes))))

    def risk_unless_leading(self, *, passing: bool) -> float:
        """Bound the probability that the leader loses its lead, or does not end up as `passing`."""
        if not self.classes:
            return 1.0
        count = len(self.classes[0].members)
        return sum(
            chance
            for j, chance in enumerate(self._chances(count))
            if self.threshold.passed(count + j, self.n) is not passing
            or not leader_is_safe(self.classes, self.missing, j)
        )

    def _passing(self, count: int) -> float:
        ends = enumerate(self._chances(count), count)
        return sum(chance for end, chance in ends if self.threshold.passed(end, self.n))

    def _chances(self, count: int) -> list[float]:
        return chances(count, self.n - len(self.missing), len(self.missing))
