"""How long the large model's guideline lasts."""

from __future__ import annotations

from typing import Literal, TypeAlias

from cope_graph.agents.episode import Episode
from cope_graph.errors import InputError

Replan: TypeAlias = Literal["surprise", "every_step"] | int
"""After a surprise, at every step (the paper), or when it is so many steps old."""


def kept_plan(replan: Replan, episode: Episode, *, surprised: bool) -> str | None:
    """Give the guideline that the next step follows, `None` where a new one may be written."""
    if replan == "every_step":
        return None
    if replan == "surprise":
        return None if surprised else episode["plan"]
    return episode["plan"] if episode["since_plan"] < replan else None


def checked_replan(replan: object) -> Replan:
    """Check a setting.

    Raises:
        InputError: It is none.
    """
    if replan == "surprise":
        return "surprise"
    if replan == "every_step":
        return "every_step"
    if type(replan) is int and replan >= 1:
        return replan
    msg = f'replan is "surprise", "every_step" or a number of steps, not {replan!r:.60}.'
    raise InputError(msg)
