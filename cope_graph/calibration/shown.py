"""What was asked of thresholds, what items say of them, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

Tau = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Sure = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class Target:
    """What was asked for.

    Attributes:
        kind: `"max_loss"`: accuracy lost against the large model alone, 0 to 1;
            `"max_usd"`: mean USD an item.
        value: The most of it.
        confidence: With which probability over the draw of the calibration items it holds.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: Literal["max_loss", "max_usd"]
    value: Usd
    confidence: Sure


@dataclass(frozen=True)
class Shown:
    """What the items say of the thresholds.

    Attributes:
        certified: Whether the target was shown to hold, with its confidence.
        bound: The upper bound of what the target names, at its confidence; `None` where none was
            computed (`max_usd` without a most that an item can cost).
        loss: Mean loss of accuracy on the items, signed: below 0 is a gain.
        accuracy: On the items; `accuracy_large` is the large model's alone.
        usd: Mean USD an item; `usd_large` is the large model's alone.
        needs: About how many items would certify the next cheaper step at the rates seen; `None`
            where there is none, or none would do.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    certified: bool
    bound: Finite | None
    loss: Finite
    accuracy: Share
    accuracy_large: Share
    usd: Usd
    usd_large: Usd
    needs: Count | None

    @property
    def pays(self) -> bool:
        """Whether it is cheaper than the large model alone, on the items."""
        return self.usd < self.usd_large


@dataclass(frozen=True)
class Origin:
    """What it was made of.

    Attributes:
        data: SHA-256 of the items, outcomes and costs.
        items: How many in all.
        chosen_on: How many of them chose the schedule and the path; 0 where nothing was to choose.
        certified_on: How many others the target was tested on.
        seed: Of the split and of the order of the items in the test.
        date: ISO 8601, UTC.
        package: Version of cope-graph.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    data: str
    items: Count
    chosen_on: Count
    certified_on: Count
    seed: int
    date: str
    package: str


@dataclass(frozen=True)
class Reference:
    """How the gate behaved on the calibration items, for `DriftWatch`.

    Attributes:
        items: How many.
        accepted: Share of all items that stage 1 accepted.
        agreement: Counts of stage 1's confidences, by level from 0 to 1.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    items: Annotated[int, Field(ge=1)]
    accepted: Share
    agreement: tuple[tuple[Share, Count], ...]
