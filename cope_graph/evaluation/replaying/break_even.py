"""Whether stage 2 pays for itself."""

from __future__ import annotations

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.summary import BreakEven


def break_even(
    *,
    accepts: float,
    usd_stage2: float | None,
    usd_stage3: float | None,
    usd_without: float | None,
) -> BreakEven | None:
    """Compare stage 2 with going on to stage 3 at once.

    With c2 the cost of stage 2, p the share it accepts, c3 that of stage 3 after it and c3' that
    of stage 3 without it, stage 2 pays when `c2 + (1 - p) c3 <= c3'`: from
    `p = 1 - (c3' - c2) / c3` on. c3 and c3' differ by the plan in the prompt.

    Args:
        accepts: p, of the items that reach stage 2.
        usd_stage2: c2, mean USD an item that reaches it: the large plan and the votes under it.
        usd_stage3: c3, mean USD of the large model's answer under the plan, on those it does not
            accept.
        usd_without: c3', mean USD of its answer without a plan, on all that reach it.

    Returns:
        Both shares; `None` where a cost is not known, or stage 3 costs nothing: then there is
        nothing to save. The share needed is above 1 where stage 2 can never pay, and at or below
        0 where it pays whatever it accepts.

    Raises:
        InputError: `accepts` is no share, or a cost is below 0 or not finite.
    """
    if usd_stage2 is None or usd_stage3 is None or usd_without is None:
        return None
    if not 0 <= accepts <= 1 or not all(
        0 <= cost < float("inf") for cost in (usd_stage2, usd_stage3, usd_without)
    ):
        msg = (
            f"Break-even needs a share of 0 to 1 and finite costs of 0 or more, not {accepts}, "
            f"{usd_stage2}, {usd_stage3}, {usd_without}: give None for a cost that is not known."
        )
        raise InputError(msg)
    if usd_stage3 == 0:
        return None
    needed = 1 - (usd_without - usd_stage2) / usd_stage3
    return BreakEven(
        accepts=accepts,
        needed=needed,
        pays=accepts >= needed,
        usd_stage2=usd_stage2,
        usd_saved=usd_stage3,
    )
