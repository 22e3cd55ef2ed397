"""Watching a running gate: does it still behave as on the calibration items?

The accept rate, and at each level the share of runs whose agreement is at or below it (as
Kolmogorov and Smirnov compare distributions), are bet on run by run; `wagers.py` has the formula.
A test of a window, looked at again and again, warns sooner or later although nothing changed.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from cope_graph.calibration.thresholds import Thresholds
from cope_graph.calibration.wagers import Wager, joining, wagers
from cope_graph.errors import InputError

logger = logging.getLogger("cope_graph")

_ROUNDING: Final = 1e-6
_RECENT: Final = 100
"""Runs that the report's latest rate is of."""
_KEPT: Final = 256
"""Different levels of agreement that are counted one by one."""


@dataclass(frozen=True)
class DriftReport:
    """What was seen so far.

    Attributes:
        runs: How many were looked at.
        left_out: How many were not: they did not begin at the watched stage, or were cut short.
        accepted: Share of the runs that the stage accepted; `None` before the first.
        recent: That of the last 100.
        expected: That of the calibration items.
        agreement: Counts by level of agreement.
        evidence: What the stakes have become; 2/level is an alarm.
        drifted: Whether there ever was an alarm.
        since: At which run; `None` without.
        what: What changed most: `"accept rate"`, or `"agreement <= 0.5"`; `None` without.
    """

    runs: int
    left_out: int
    accepted: float | None
    recent: float | None
    expected: float
    agreement: Mapping[float, int]
    evidence: float
    drifted: bool
    since: int | None
    what: str | None

    def __str__(self) -> str:
        """Say it in one sentence."""
        if self.accepted is None or self.recent is None:
            return f"no run was watched yet ({self.left_out} left out)"
        seen = (
            f"{self.accepted:.1%} of {self.runs} runs accepted, {self.recent:.1%} of the last "
            f"{min(self.runs, _RECENT)}, {self.expected:.1%} expected"
        )
        return f"drift at run {self.since} ({self.what}): {seen}" if self.drifted else seen


class DriftWatch:
    """Watches the outputs of a running graph, from any number of threads.

    Its memory does not grow with the runs. It warns once, through the logger "cope_graph".
    """

    def __init__(self, thresholds: Thresholds, *, level: float = 0.05) -> None:
        """Take the calibration's record of the gate.

        Args:
            thresholds: With a `reference`.
            level: The probability, over calibration and runs, of ever warning although nothing
                changed. Half of it is for the record, which is a sample too.

        Raises:
            InputError: There is no reference, or the level is no probability.
        """
        if thresholds.reference is None:
            msg = "These thresholds hold no reference to watch against: calibrate anew."
            raise InputError(msg)
        if not 0 < level < 1:
            msg = f"The level is above 0 and below 1, such as 0.05, not {level:g}."
            raise InputError(msg)
        self._lock = Lock()
        self._alarm_at = 2 / level
        self._expected = thresholds.reference.accepted
        self._stage, self._n = thresholds.schedule.stages[0], thresholds.schedule.n
        self._votes = bool(thresholds.reference.agreement)
        self._wagers = wagers(thresholds.reference, level / 2)
        self._counts: dict[float, int] = {}
        self._runs = self._left_out = self._accepted = 0
        self._latest: deque[bool] = deque(maxlen=_RECENT)
        self._since: int | None = None
        self._what: str | None = None

    def feed(self, out: Mapping[str, Any]) -> DriftReport:
        """Take a run's output, and warn if it is the one that shows a drift.

        Args:
            out: What `graph.invoke` gave.

        Raises:
            InputError: It is something else.
        """
        visits = _visits(out)
        if not visits or visits[0]["stage"] != self._stage or out.get("stopped_by") is not None:
            with self._lock:
                self._left_out += 1
                return self._report()
        looks = [visit for visit in visits if visit["stage"] == self._stage]
        first, last = looks[0], looks[-1]
        # In waves only the runs that stay undecided draw them all: theirs is the least agreement.
        at_once = self._votes and first["samples"] >= self._n
        agreement = (last["confidence"] or 0.0) if at_once else None
        return self.add(accepted=last["accepted"], agreement=agreement)

    def add(self, *, accepted: bool, agreement: float | None) -> DriftReport:
        """Take what the gate said of one run.

        Args:
            accepted: Whether the first stage accepted.
            agreement: Its confidence, 0 without an answer; `None` where the samples were not
                drawn all at once, so that it can't be compared.
        """
        with self._lock:
            self._runs += 1
            self._accepted += accepted
            self._latest.append(accepted)
            if agreement is not None:
                digits = 6 if len(self._counts) < _KEPT else 1
                key = round(agreement, digits)
                self._counts[key] = self._counts.get(key, 0) + 1
            self._settle(accepted=accepted, agreement=agreement)
            alarm = self._since is None and self._evidence() >= self._alarm_at
            if alarm:
                self._since, self._what = self._runs, max(self._wagers, key=_worth).what
            report = self._report()
        if alarm:
            logger.warning("The gate no longer behaves as calibrated: %s. Calibrate anew.", report)
        return report

    def report(self) -> DriftReport:
        """Say what was seen so far."""
        with self._lock:
            return self._report()

    def _settle(self, *, accepted: bool, agreement: float | None) -> None:
        joins = joining(self._runs)
        for wager in self._wagers:
            if wager.level is None:
                wager.settle(happened=accepted, joins=joins)
            elif agreement is not None:
                wager.settle(happened=agreement <= wager.level + _ROUNDING, joins=joins)

    def _evidence(self) -> float:
        return sum(map(_worth, self._wagers))

    def _report(self) -> DriftReport:
        return DriftReport(
            runs=self._runs,
            left_out=self._left_out,
            accepted=self._accepted / self._runs if self._runs else None,
            recent=sum(self._latest) / len(self._latest) if self._latest else None,
            expected=self._expected,
            agreement=dict(sorted(self._counts.items())),
            evidence=self._evidence(),
            drifted=self._since is not None,
            since=self._since,
            what=self._what,
        )


def _visits(out: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    visits = out.get("visits") if isinstance(out, Mapping) else None
    if isinstance(visits, Sequence) and not isinstance(visits, str):
        return visits
    msg = (
        f"{out!r:.60} is no output of a cascade: feed what graph.invoke(...) gave, with its "
        "'visits'."
    )
    raise InputError(msg)


def _worth(wager: Wager) -> float:
    return sum(wager.stakes)
