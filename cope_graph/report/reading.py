"""What a report looks at in a comparison: whom it is about, against whom, and in which unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.summary import Method, Point, Summary
from cope_graph.report import wording

MAIN: Final = "COPE"
LARGE: Final = "large"
ROLES: Final = ("plan", "execute", "judge")


def subject(summary: Summary) -> Method:
    """Find the method that the report is about: COPE, else the first.

    Raises:
        InputError: There are no methods.
    """
    if not summary.methods:
        msg = "The comparison holds no methods, so there is nothing to report: run `cope bench`."
        raise InputError(msg)
    return named(summary, MAIN) or summary.methods[0]


def large(summary: Summary) -> Method | None:
    """Find the large model alone, if it was measured."""
    return named(summary, LARGE)


def baseline(summary: Summary) -> Method:
    """Find the method that savings are measured against.

    Raises:
        InputError: There is none of that name, or there are no methods at all.
    """
    subject(summary)
    found = named(summary, summary.baseline)
    if found is None:
        names = ", ".join(repr(method.name) for method in summary.methods)
        msg = f"The baseline {summary.baseline!r:.80} is none of the methods: name one of {names}."
        raise InputError(msg)
    return found


def named(summary: Summary, name: str) -> Method | None:
    """Find a method by its name."""
    return next((method for method in summary.methods if method.name == name), None)


@dataclass(frozen=True)
class Scale:
    """What cost is measured in.

    Attributes:
        unit: USD, or tokens where USD say nothing.
        why: Why it is not USD, a sentence; empty where it is.
        whole: The baseline's cost in that unit, an item; above 0 where `relative`.
        relative: Whether costs can be given as multiples of the baseline's.
        name: The baseline's.
    """

    unit: Literal["usd", "tokens"]
    why: str
    whole: float
    relative: bool
    name: str

    def cost(self, of: Method | Point) -> float | None:
        """Give the mean cost of an item in this unit; `None` where it is unknown."""
        return of.usd if self.unit == "usd" else of.tokens

    def ratio(self, of: Method | Point) -> float | None:
        """Give the cost as a multiple of the baseline's; `None` where there is no such thing."""
        cost = self.cost(of)
        return None if cost is None or not self.relative else cost / self.whole

    def place(self, of: Method | Point) -> float | None:
        """Give where it stands on an axis of cost."""
        cost = self.cost(of)
        if cost is None or self.relative:
            return self.ratio(of)
        return cost * wording.PER if self.unit == "usd" else cost

    def roles(self, method: Method) -> dict[str, float]:
        """Split a cost by plan, execute and judge; what is unknown is left out."""
        split = method.usd_by_role if self.unit == "usd" else method.tokens_by_role
        return {role: cost for role, cost in split.items() if cost is not None}

    @property
    def axis(self) -> str:
        """Label an axis of `place`."""
        thing = "cost" if self.unit == "usd" else "tokens"
        if self.relative:
            return f"{thing} of an item, as a multiple of {wording.shortened(self.name, 24)}"
        per = f" of {wording.PER:,} items, USD" if self.unit == "usd" else " of an item"
        return f"{thing}{per}"

    def said(self, of: Method | Point) -> str:
        """Say a cost in words."""
        cost = self.cost(of)
        if cost is None:
            return "cost unknown"
        if self.relative:
            what = "cost" if self.unit == "usd" else "tokens"
            return f"{wording.times(self.ratio(of))} the {what}"
        if self.unit == "usd":
            return f"{wording.usd(cost)} USD per {wording.PER:,} items"
        return f"{wording.tokens(cost)} tokens an item"


def scale(summary: Summary) -> Scale:
    """Choose the unit of cost: USD where they are known and not all 0, else tokens.

    Tokens are those of all models together: without prices nobody knows what a small model's are
    worth against a large one's.
    """
    base, main = baseline(summary), subject(summary)
    if base.usd is None or main.usd is None:
        why = "a price is unknown, so that costs are counted in tokens of all models together"
    elif not any(method.usd for method in summary.methods):
        why = "every price is 0, so that costs are counted in tokens of all models together"
    else:
        return Scale("usd", "", base.usd, base.usd > 0, base.name)
    return Scale("tokens", why, base.tokens, base.tokens > 0, base.name)
