"""A process killed at every node, and resumed: no request whose result is persisted is paid twice.

The results that came are persisted, others are still on their way (`during`), or all came and the
node itself has not ended (`after`), or it has not begun (`before`, `between`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration_tests.killed_run import Life
from tests.integration_tests.resuming import ONE_BY_ONE, check, kill, resume
from tests.integration_tests.savers import set_up
from tests.integration_tests.upstream import Upstream
from tests.loopback.openai_server import OpenAIServer


@dataclass(frozen=True)
class Point:
    """Where a run is killed.

    Attributes:
        asked: How many requests it has made by then.
        hold: Where the process waits, see `Life`.
        held: The step whose requests the server does not answer.
        first: The index of the first of these.
        small: The small model.
    """

    asked: int
    hold: str = ""
    held: str = ""
    first: int = 5
    small: str = ONE_BY_ONE

    def holds(self, step: str, index: int) -> bool:
        return step == self.held and index >= self.first


POINTS = {
    "small_plan during": Point(8, held="small_plan"),
    "small_plan after": Point(8, hold="after small_plan 1"),
    "small_plan between": Point(8, hold="between small_plan"),
    "small_execute 1 before": Point(8, hold="before small_execute 1"),
    "small_execute 1 during": Point(16, held="small_execute 1"),
    "small_execute 1 after": Point(16, hold="after small_execute 1"),
    "confidence_gate 1": Point(16, hold="gate 1"),
    "confidence_gate between": Point(16, hold="between confidence_gate"),
    "large_plan during": Point(17, held="large_plan", first=0),
    "large_plan after": Point(17, hold="after large_plan 2"),
    "small_execute 2 during": Point(25, held="small_execute 2"),
    "small_execute 2 after": Point(25, hold="after small_execute 2"),
    "confidence_gate 2": Point(25, hold="gate 2"),
    "large_execute during": Point(26, held="large_execute", first=0),
    "large_execute after": Point(26, hold="after large_execute 3"),
    "confidence_gate 3": Point(26, hold="gate 3"),
    "all n in a request, during": Point(1, held="small_plan", first=0, small="small"),
    "all n in a request, after": Point(1, hold="after small_plan 1", small="small"),
}
AT_EVERY_NODE = [name for name in POINTS if name.endswith(("during", "1", "2", "3"))]
ONE_A_NODE = [name for name in AT_EVERY_NODE if not name.endswith(("2", "3"))]
CASES = [
    *(("sqlite", False, name) for name in POINTS),
    *(("sqlite", True, name) for name in AT_EVERY_NODE),
    *(("postgres", False, name) for name in ONE_A_NODE),
    *(("postgres", True, name) for name in AT_EVERY_NODE),
]


@pytest.mark.parametrize(("database", "is_async", "name"), CASES)
def test_no_persisted_result_is_paid_twice(
    database: str, name: str, request: pytest.FixtureRequest, tmp_path: Path, *, is_async: bool
) -> None:
    point, upstream = POINTS[name], Upstream()
    at = request.getfixturevalue("postgres_url") if database == "postgres" else tmp_path / "db"
    with OpenAIServer(upstream) as server:
        life = Life(server.base_url, str(at), uuid4().hex, point.small, is_async, hold=point.hold)
        set_up(life.database)
        kill(life, upstream, point.asked, point.holds)
        assert upstream.answered == point.asked - upstream.lost.total()
        check(resume(life), upstream, server)
