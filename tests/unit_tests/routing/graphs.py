"""Graphs of scripted models with a router."""

from __future__ import annotations

from typing import Any

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.routing import Costs, Router, fit_router
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.routing.made_up import records

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
THREAD: Any = {"configurable": {"thread_id": "t"}}
GOALS = [f"goal {i}" for i in range(8)]
SURE = [says("3")] * 8
EVIDENCE = fit_router(records()).evidence
COSTS = Costs(stage1=1.0, stage2=2.0, stage3=8.0, accepts2=0.5)


def router(p: Any, costs: Costs = COSTS) -> Router:
    """A router whose evidence pays, and whose predictor says p."""
    return Router(p if callable(p) else lambda _: p, costs, EVIDENCE)


def cope(
    given: Router | None, small: list[str], large: list[str], **settings: Any
) -> tuple[Any, ScriptedChat, ScriptedChat]:
    chats = ScriptedChat(model_name="s", replies=small), ScriptedChat(model_name="l", replies=large)
    defaults = CopeContext(**settings)
    return create_cope(*chats, task=tasks.math(), defaults=defaults, router=given), *chats


def resume(run: Runner, app: Any) -> None:
    """Go on to the end: an edit of the state makes a run pause once more."""
    while app.get_state(THREAD).next:
        run(app, None, THREAD)


def nodes(out: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(line["node"] for line in out["ledger"]["lines"]))


def priced(small: list[str], large: list[str], **more: Any) -> Any:
    chats = ScriptedChat(model_name="s", replies=small), ScriptedChat(model_name="l", replies=large)
    prices = {"small": "1,1", "large": "10,10"}
    return create_cope(*chats, task=tasks.math(), prices=prices, **more).compile()
