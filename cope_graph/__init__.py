"""COPE as a LangGraph workflow: a large model's answers, paid only where a small one is unsure."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph import tasks
    from cope_graph.agents.agent import create_cope_agent
    from cope_graph.agents.middleware import CopeMiddleware
    from cope_graph.agents.rules import StepRules
    from cope_graph.cascade import create_cope
    from cope_graph.chat import ChatCope
    from cope_graph.context import PLAN_FREE, CopeContext
    from cope_graph.errors import CopeError
    from cope_graph.gates.verdict import Question, Verdict
    from cope_graph.huggingface.chat import ChatTransformers
    from cope_graph.money.budget import Budget
    from cope_graph.money.prices import Price
    from cope_graph.money.savings import Baseline, savings
    from cope_graph.state import CopeInput, CopeOutput, CopeState
    from cope_graph.tasks.task import Prompts, Task

__version__ = "0.1.0"

__all__ = [
    "PLAN_FREE",
    "Baseline",
    "Budget",
    "ChatCope",
    "ChatTransformers",
    "CopeContext",
    "CopeError",
    "CopeInput",
    "CopeMiddleware",
    "CopeOutput",
    "CopeState",
    "Price",
    "Prompts",
    "Question",
    "StepRules",
    "Task",
    "Verdict",
    "create_cope",
    "create_cope_agent",
    "savings",
    "tasks",
]

_HOMES = {
    "PLAN_FREE": "cope_graph.context",
    "Baseline": "cope_graph.money.savings",
    "Budget": "cope_graph.money.budget",
    "ChatCope": "cope_graph.chat",
    "ChatTransformers": "cope_graph.huggingface.chat",
    "CopeContext": "cope_graph.context",
    "CopeError": "cope_graph.errors",
    "CopeInput": "cope_graph.state",
    "CopeMiddleware": "cope_graph.agents.middleware",
    "CopeOutput": "cope_graph.state",
    "CopeState": "cope_graph.state",
    "Price": "cope_graph.money.prices",
    "Prompts": "cope_graph.tasks.task",
    "Question": "cope_graph.gates.verdict",
    "StepRules": "cope_graph.agents.rules",
    "Task": "cope_graph.tasks.task",
    "Verdict": "cope_graph.gates.verdict",
    "create_cope": "cope_graph.cascade",
    "create_cope_agent": "cope_graph.agents.agent",
    "savings": "cope_graph.money.savings",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that the package itself is light."""
    if name == "tasks":
        return import_module("cope_graph.tasks")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
