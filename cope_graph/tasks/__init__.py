"""Task families: what is asked, how an answer is read, how answers are compared."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph.tasks.choosing import PROMPTS as CHOICE_PROMPTS
    from cope_graph.tasks.choosing import choice
    from cope_graph.tasks.coding import PROMPTS as CODE_PROMPTS
    from cope_graph.tasks.coding import code
    from cope_graph.tasks.mathematics import PROMPTS as MATH_PROMPTS
    from cope_graph.tasks.mathematics import math
    from cope_graph.tasks.open_ends import PROMPTS as OPEN_ENDED_PROMPTS
    from cope_graph.tasks.open_ends import open_ended
    from cope_graph.tasks.short_answers import PROMPTS as SHORT_ANSWER_PROMPTS
    from cope_graph.tasks.short_answers import short_answer
    from cope_graph.tasks.structure import structured
    from cope_graph.tasks.task import Plan, Prompts, Task

__all__ = [
    "CHOICE_PROMPTS",
    "CODE_PROMPTS",
    "MATH_PROMPTS",
    "OPEN_ENDED_PROMPTS",
    "SHORT_ANSWER_PROMPTS",
    "Plan",
    "Prompts",
    "Task",
    "choice",
    "code",
    "math",
    "open_ended",
    "short_answer",
    "structured",
]

_HOMES = {
    "CHOICE_PROMPTS": ("choosing", "PROMPTS"),
    "CODE_PROMPTS": ("coding", "PROMPTS"),
    "MATH_PROMPTS": ("mathematics", "PROMPTS"),
    "OPEN_ENDED_PROMPTS": ("open_ends", "PROMPTS"),
    "Plan": ("task", "Plan"),
    "Prompts": ("task", "Prompts"),
    "SHORT_ANSWER_PROMPTS": ("short_answers", "PROMPTS"),
    "Task": ("task", "Task"),
    "choice": ("choosing", "choice"),
    "code": ("coding", "code"),
    "math": ("mathematics", "math"),
    "open_ended": ("open_ends", "open_ended"),
    "short_answer": ("short_answers", "short_answer"),
    "structured": ("structure", "structured"),
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: the worker that compares answers needs none of them."""
    if name in _HOMES:
        module, own = _HOMES[name]
        return getattr(import_module(f"cope_graph.tasks.{module}"), own)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
