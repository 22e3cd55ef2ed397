"""When an agent's guideline is to be written anew: something happened that speaks against it.

Two things can be told from the messages alone: a call failed, or a step repeated an earlier one and
saw the same. Whether an observation is unlike what the guideline expects cannot: a guideline is a
sentence or two that say how to go about it, and not what will be seen. Who knows the domain can
tell, by a function of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from cope_graph.agents.actions import read_action
from cope_graph.agents.canonical_form import PLAIN_FORM, Form, canonical

Surprise: TypeAlias = Callable[[Sequence[BaseMessage]], bool]
"""A user's own: from a step (an AI message) and what came of it to whether that is a surprise."""


def surprise_in(
    messages: Sequence[BaseMessage],
    steps: int,
    form: Form = PLAIN_FORM,
    own: Surprise | None = None,
) -> str | None:
    """Say what is surprising about the last step.

    Args:
        messages: The conversation.
        steps: How many steps were taken since the guideline was written.
        form: What makes steps the same.
        own: The user's.

    Returns:
        A few words, `None` when nothing is surprising.
    """
    taken = _steps(messages, steps)
    if not taken:
        return None
    *earlier, last = taken
    for message in last:
        if isinstance(message, AIMessage) and message.invalid_tool_calls:
            return "a call could not be read"
        if isinstance(message, ToolMessage) and message.status == "error":
            return f"{message.name or 'a tool'} failed"
    if _is_repeated(last, earlier, form):
        return "a step was repeated and saw the same"
    if own is not None and own(last):
        return "an observation is unlike what was expected"
    return None


def _steps(messages: Sequence[BaseMessage], count: int) -> list[Sequence[BaseMessage]]:
    """Cut out the last steps: an AI message and what follows it, up to the next one."""
    starts = [i for i, message in enumerate(messages) if isinstance(message, AIMessage)]
    starts = starts[-count:] if count > 0 else []
    return [messages[a:b] for a, b in pairwise([*starts, len(messages)])]


def _is_repeated(
    last: Sequence[BaseMessage], earlier: Sequence[Sequence[BaseMessage]], form: Form
) -> bool:
    # Observations first: they seldom are the same, and comparing them costs next to nothing.
    seen = sorted(_observations(last))
    alike = [step for step in earlier if sorted(_observations(step)) == seen]
    done = _done(last, form) if alike else None
    return done is not None and any(_done(step, form) == done for step in alike)


def _done(step: Sequence[BaseMessage], form: Form) -> str | None:
    """Give what was done; `None` for a step without calls that were made."""
    action = read_action(step[0]) if isinstance(step[0], AIMessage) else None
    return None if action is None or not action.calls else canonical(action, form)


def _observations(step: Sequence[BaseMessage]) -> Iterator[str]:
    """Give the observations, by tool: ids differ from call to call."""
    for message in step:
        if isinstance(message, ToolMessage):
            yield f"{message.name}: {message.text}"
