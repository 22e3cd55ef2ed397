"""What-ifs from records alone: other n, voters and prices, and what cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cope_graph.errors import InputError
from cope_graph.evaluation.arms import VOTER
from cope_graph.evaluation.records import Records
from cope_graph.evaluation.replaying.agreement import agreement, members
from cope_graph.evaluation.replaying.compared import compared
from cope_graph.evaluation.replaying.methods import AGREEMENT, COPE, PLAN_FREE, Method, Path
from cope_graph.evaluation.replaying.outcomes import Outcome, Sheet, sheet
from cope_graph.evaluation.replaying.repricing import check_names, pricing_of
from cope_graph.evaluation.replaying.walk import Gap, Outcomes, Thresholds, key_of
from cope_graph.money.prices import Price

LAST = 3


@dataclass(frozen=True, eq=False)
class Replay:
    """Records as arrays, ready for what-ifs.

    Attributes:
        name: The file's.
        items: What is compared.
        excluded: Why other items are not, and how many.
        sheets: What was drawn, by arm and stage.
        voters: Who votes in the agreement of several models, in order.
    """

    name: str
    items: tuple[str, ...]
    excluded: Mapping[str, int]
    sheets: Mapping[tuple[str, int], Sheet]
    voters: tuple[str, ...]

    def at(self, n: int, arms: Sequence[str] | None = None) -> Outcomes:
        """Give what each stage brings with n samples.

        Args:
            n: Samples of stages 1 and 2.
            arms: Which are needed; `None` for all.

        Raises:
            InputError: The records cannot say.
        """
        found: dict[tuple[str, int, bool], Outcome] = {}
        for (arm, stage), one in self.sheets.items():
            if arms is not None and arm not in arms:
                continue
            sampled = stage != LAST and not arm.startswith(VOTER)
            found[arm, stage, False] = one.at(n) if sampled else one.full
            found[arm, stage, True] = one.first()
        several = agreement(self.sheets, self.voters) if self.voters else None
        if several is not None:
            found[AGREEMENT, 1, False] = several
        return found

    def can_take_fewer(self, arm: str) -> bool:
        """Tell whether an arm's gates vote, so that fewer samples can be asked for."""
        drawn = [one for (a, stage), one in self.sheets.items() if a == arm and stage != LAST]
        return all((one.votes | ~one.full.there).all() for one in drawn)

    def main(self) -> Path:
        """Give the cascade that the records are of: COPE, or the one without plans.

        Raises:
            InputError: They are of neither.
        """
        for path in (COPE, PLAN_FREE):
            if all((step.arm, step.stage) in self.sheets for step in path.steps[:1]):
                return path
        msg = f"{self.name} holds no stage 1 of a cascade: neither arm cope nor plan_free."
        raise InputError(msg)

    def why_not(self, method: Method, gap: Gap, outcomes: Outcomes, thresholds: Thresholds) -> str:
        """Say why a method cannot be replayed, and what can."""
        lost = f"stage {gap.step.stage} of arm {gap.step.arm}"
        if gap.item is None or gap.before is None:
            return f"{self.name} cannot say what {method.name} does: {lost} was never drawn."
        before, after = outcomes[key_of(gap.before)], outcomes[key_of(gap.step)]
        name, lacking = gap.before.gate, before.there & ~after.there
        surest = before.confidence[gap.item]
        least = before.confidence[lacking].min()
        tau = thresholds.tau1 if name == "tau1" else thresholds.tau2
        bound = "below" if thresholds.strict else "of at most"
        return (
            f"{self.name} cannot say what {name}={tau:g} does: item {self.items[gap.item]!r:.60} "
            f"ended at stage {gap.before.stage} with a confidence of {surest:.4g}, and {lost} was "
            f"never drawn. Ask for {name} {bound} {least:.4g}, or record runs that draw every "
            "stage, as a bench does."
        )


def replay(
    records: Records,
    *,
    n: int,
    prices: Mapping[str, Price] | None = None,
    voters: Sequence[str] | None = None,
) -> Replay:
    """Read records into arrays.

    Args:
        records: Any.
        n: The most samples of a stage that will be asked for.
        prices: What-if prices by side (`"small"`, `"large"`, `"judge"`, `"voter:NAME"`) or model
            name, in place of what was billed.
        voters: Who votes in the agreement of several models, in order, `"small"` for the small
            model; `None` for all.

    Raises:
        InputError: No item is left to compare, or the records cannot say.
    """
    check_names(records, prices)
    kept = compared(records, n)
    sheets: dict[tuple[str, int], Sheet] = {}
    for arm, rows in kept.rows.items():
        voter = arm if arm.startswith(VOTER) else None
        pricing = pricing_of(records.header, prices, voter)
        stages = sorted({s["stage"] for item in kept.items for s in rows[item]["stages"]})
        for stage in stages:
            sheets[arm, stage] = sheet((arm, stage), kept.items, rows, pricing)
    names = tuple(members(sheets, voters))
    return Replay(records.name, kept.items, kept.excluded, sheets, names)
