"""Task families: what is asked, how an answer is read, how answers are compared."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph.tasks.coding import PROMPTS as CODE_PROMPTS
    from cope_graph.tasks.coding import code
    from cope_graph.tasks.mathematics import PROMPTS as MATH_PROMPTS
    from cope_graph.tasks.mathematics import math
    from cope_graph.tasks.task import Plan, Prompts, Task

__all__ = ["CODE_PROMPTS", "MATH_PROMPTS", "Plan", "Prompts", "Task", "code", "math"]

_HOMES = {
    "CODE_PROMPTS": ("coding", "PROMPTS"),
    "MATH_PROMPTS": ("mathematics", "PROMPTS"),
    "Plan": ("task", "Plan"),
    "Prompts": ("task", "Prompts"),
    "Task": ("task", "Task"),
    "code": ("coding", "code"),
    "math": ("mathematics", "math"),
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
