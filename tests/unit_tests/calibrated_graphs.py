"""Graphs of scripted models under calibrated thresholds."""

from __future__ import annotations

from typing import Any

from cope_graph import create_cope, tasks
from cope_graph.calibration import calibrate
from cope_graph.calibration.drawn import Drawn
from tests.scripted import ScriptedChat, says
from tests.unit_tests.calibration.outcomes import table, voters

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
DRAWN: Drawn = {"task": "math", "temperature_stage1": 0.3, "temperature_stage3": 0.1}
FREE = calibrate(table(400, drawn=DRAWN), max_loss=0.1).thresholds
PLANS = calibrate(table(800, plans=True), max_loss=0.1).thresholds
QUORUM = calibrate(voters(800), max_loss=0.1).thresholds
UNSHOWN = calibrate(table(20), max_loss=0.01).thresholds


def chat(name: str, *replies: str) -> ScriptedChat:
    return ScriptedChat(model_name=name, replies=list(replies))


def sampled(agree: int, n: int = 8) -> list[str]:
    return [says("7")] * agree + [says(str(100 + i)) for i in range(n - agree)]


def cope(*small: str, large: tuple[str, ...] = (), thresholds: Any = FREE, **own: Any) -> Any:
    models = chat("small", *small), chat("large", *large)
    return create_cope(*models, thresholds=thresholds, **{"task": tasks.math(), **own})
