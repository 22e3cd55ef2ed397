"""Recorded runs that began at stage 1: what a router is made of, and proven on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from hashlib import sha256
from math import inf
from statistics import fmean
from typing import Any, Final

from langchain_core.messages import HumanMessage

from cope_graph.errors import InputError
from cope_graph.routing.expected import Costs

LEAST: Final = 50
"""Records (ours): with fewer, an interval of the savings says next to nothing."""

LEAST_EACH: Final = 10
"""Records of each outcome, and of each stage's cost (ours)."""


@dataclass(frozen=True)
class RoutingRecord:
    """One question that was asked from stage 1 on, and what became of it.

    Attributes:
        question: The text of the user's message: all that a predictor sees, also in a run.
        accepted: Whether stage 1 accepted.
        usd_stage1: What stage 1 cost, in USD, plans included.
        usd_stage2: What stage 2 cost, with the large model's plan; `None` where it did not run.
        accepted2: Whether stage 2 accepted; `None` where it did not run.
        usd_stage3: What stage 3 cost; `None` where it did not run.
    """

    question: str
    accepted: bool
    usd_stage1: float | Decimal
    usd_stage2: float | Decimal | None = None
    accepted2: bool | None = None
    usd_stage3: float | Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot have been recorded.

        Raises:
            InputError: A cost is negative or no number, or the parts contradict each other.
        """
        if not isinstance(self.question, str) or not self.question.strip():
            msg = "A routing record needs its question's text."
            raise InputError(msg)
        if type(self.accepted) is not bool or type(self.accepted2) not in (bool, type(None)):
            msg = "A routing record says by True or False whether stages 1 and 2 accepted."
            raise InputError(msg)
        for usd in (self.usd_stage1, self.usd_stage2, self.usd_stage3):
            if usd is not None and not _is_cost(usd):
                msg = f"A routing record's cost is a finite number of USD of 0 or more, not {usd}."
                raise InputError(msg)
        if self.usd_stage1 is None or (self.usd_stage2 is None) != (self.accepted2 is None):
            msg = "A routing record holds usd_stage1, and usd_stage2 and accepted2 both or neither."
            raise InputError(msg)

    @classmethod
    def of(cls, out: Mapping[str, Any]) -> RoutingRecord:
        """Make a record of a run's output.

        Args:
            out: What `graph.invoke` gave.

        Raises:
            InputError: The run did not begin at stage 1, had a router, was stopped, lost
                requests, or has a price that is not known: it says nothing of other runs.
        """
        visits = {visit["stage"]: visit["accepted"] for visit in out["visits"]}
        is_whole = out["stopped_by"] is None and not out["failures"]
        if 1 not in visits or out.get("route") is not None or not is_whole:
            msg = (
                "Only a run that began at stage 1 without a router (which lets but the easy ones "
                "begin there), and that neither a limit nor a failure cut short, is a routing "
                "record: leave this one out."
            )
            raise InputError(msg)
        usd = {stage: out["ledger"]["by_stage"].get(str(stage), _NO)["usd"] for stage in visits}
        if None in usd.values():
            msg = "The run's price is not known: give create_cope(prices=...) and record anew."
            raise InputError(msg)
        paid = {stage: Decimal(amount) for stage, amount in usd.items()}
        asked = [message for message in out["messages"] if isinstance(message, HumanMessage)]
        return cls(asked[-1].text, visits[1], paid[1], paid.get(2), visits.get(2), paid.get(3))


_NO: Final = {"usd": "0"}


def _is_cost(usd: object) -> bool:
    if isinstance(usd, Decimal):
        return usd.is_finite() and usd >= 0
    return isinstance(usd, int | float) and not isinstance(usd, bool) and 0 <= usd < inf


def check_records(records: Sequence[RoutingRecord]) -> None:
    """Refuse records that nothing can be learnt from.

    Raises:
        InputError: They are too few, all alike, or no later stage was ever paid.
    """
    if not all(isinstance(record, RoutingRecord) for record in records):
        msg = "A router is made of RoutingRecord(...)s, one a question: RoutingRecord.of(out)."
        raise InputError(msg)
    if len(records) < LEAST:
        msg = (
            f"A router needs {LEAST} recorded questions at least, not {len(records)}: record more."
        )
        raise InputError(msg)
    accepted = sum(record.accepted for record in records)
    if min(accepted, len(records) - accepted) < LEAST_EACH:
        msg = (
            f"Stage 1 accepted {accepted} of {len(records)} recorded questions; a router learns "
            f"from {LEAST_EACH} of either kind at least. If it is nearly always the same, "
            "CopeContext(stages=...) says so for all questions."
        )
        raise InputError(msg)
    costs = {2: [r.usd_stage2 for r in records], 3: [r.usd_stage3 for r in records]}
    paid = {stage: sum(usd is not None for usd in found) for stage, found in costs.items()}
    few = [stage for stage, count in paid.items() if 0 < count < LEAST_EACH]
    if few or not any(paid.values()):
        stage = few[0] if few else 3
        msg = (
            f"Stage {stage} ran for {paid[stage]} recorded questions; its cost needs {LEAST_EACH} "
            "at least: record more, by runs that begin at stage 1."
        )
        raise InputError(msg)


def costs_of(records: Sequence[RoutingRecord]) -> Costs:
    """Take the means of what ran."""
    second = [float(r.usd_stage2) for r in records if r.usd_stage2 is not None]
    third = [float(r.usd_stage3) for r in records if r.usd_stage3 is not None]
    passed = [r.accepted2 for r in records if r.accepted2 is not None]
    return Costs(
        fmean(float(r.usd_stage1) for r in records),
        fmean(second) if second else None,
        fmean(third) if third else None,
        fmean(passed) if passed else None,
    )


def digest(records: Sequence[RoutingRecord]) -> str:
    """Name the records by what is in them, whatever the machine."""
    text = json.dumps([astuple(record) for record in records], default=str, sort_keys=True)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
