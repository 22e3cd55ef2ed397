"""An expert's plan after another action than its next one.

A new plan takes the planner seconds, in some games half a minute. Most actions need none: after
walking off one walks back, what was taken is put back, what was put is taken again.
"""

from __future__ import annotations

from collections.abc import Collection

from cope_graph.evaluation.alfworld.actions import call_of, command_of

_LOOKS = {"look", "examine", "inventory"}


def repaired(
    plan: tuple[str, ...], command: str, place: str | None, possible: Collection[str]
) -> tuple[str, ...] | None:
    """Make a plan from the place before a command into one from after it.

    Args:
        plan: Commands that win from before it.
        command: What was carried out, and was not the plan's first.
        place: Where that was, `None` in the middle of the room.
        possible: The commands that are possible now.

    Returns:
        A plan that wins, or `None` when it takes a planner to know one.
    """
    call = call_of(command)
    if call is None or not plan:
        return None
    name, arguments = call
    if name in _LOOKS:
        return plan
    if name == "go_to":
        return _from_elsewhere(plan, place)
    if name in {"open", "close"}:
        named = {value for one in plan if (used := call_of(one)) for value in used[1].values()}
        return None if arguments["place"] in named else plan
    back = {"take": "put", "put": "take"}.get(name)
    undo = command_of(back, arguments, possible) if back else ""
    return (undo, *plan) if undo in possible else None


def _from_elsewhere(plan: tuple[str, ...], place: str | None) -> tuple[str, ...] | None:
    if plan[0].startswith("go to "):
        return plan
    return (f"go to {place}", *plan) if place else None
