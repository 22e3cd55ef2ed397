from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from cope_graph.models import attempt
from tests.unit_tests.models.drawing import Drawer


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def drawer(request: pytest.FixtureRequest) -> Drawer:
    """Draw in a thread, and in an event loop."""
    return Drawer(request.param)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """List the seconds between two tries, which take no time in such a test."""
    seen: list[float] = []

    async def asleep(seconds: float) -> None:
        seen.append(seconds)

    monkeypatch.setattr(attempt, "time", SimpleNamespace(sleep=seen.append))
    in_loop = SimpleNamespace(sleep=asleep, get_running_loop=asyncio.get_running_loop)
    monkeypatch.setattr(attempt, "asyncio", in_loop)
    return seen
