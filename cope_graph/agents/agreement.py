"""A person's word on calls that cannot be undone, where the large model did not agree to them.

Question and answer have the form of LangChain's `HumanInTheLoopMiddleware`, so that what shows the
one shows the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from langgraph.types import interrupt

_WORDS: Final = ("approve", "reject")


def agreed(calls: Sequence[Any], why: str) -> bool:
    """Pause the agent until a person has decided; an answer that means nothing is asked again.

    Args:
        calls: The calls that cannot be undone.
        why: Why the person is asked.

    Returns:
        Whether every call was approved.
    """
    said = _read(interrupt(_question(calls, why)), len(calls))
    while said is None:
        wrong = (
            f"That was no answer: {len(calls)} decisions are needed, as in "
            '{"decisions": [{"type": "approve"}]}, each "approve" or "reject".'
        )
        said = _read(interrupt(_question(calls, f"{wrong} {why}")), len(calls))
    return said


def _question(calls: Sequence[Any], why: str) -> dict[str, Any]:
    return {
        "action_requests": [
            {"name": call["name"], "args": call["args"], "description": why} for call in calls
        ],
        "review_configs": [
            {"action_name": call["name"], "allowed_decisions": list(_WORDS)} for call in calls
        ],
    }


def _read(answer: object, count: int) -> bool | None:
    match answer:
        case {"decisions": [*decisions]} if len(decisions) == count:
            said = [one.get("type") if isinstance(one, dict) else None for one in decisions]
            known = all(word in _WORDS for word in said)
            return all(word == "approve" for word in said) if known else None
        case _:
            return None
