"""Runs that end before their time in other ways than a killed process, and odd ways to resume."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cope_graph import CopeContext
from tests.integration_tests.killed_run import ASK, Life, Nesting, process
from tests.integration_tests.resuming import ONE_BY_ONE, check, kill, resume
from tests.integration_tests.savers import asaver, results, set_up
from tests.integration_tests.upstream import Upstream, nobody
from tests.loopback.openai_server import OpenAIServer
from tests.processes import soon

Setting = tuple[Life, Upstream, OpenAIServer]

both = pytest.mark.parametrize("is_async", [False, True])


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    """A life of eight goals and eight samples one by one, in SQLite."""
    upstream = Upstream()
    with OpenAIServer(upstream) as server:
        life = Life(server.base_url, str(tmp_path / "db"), "thread", ONE_BY_ONE)
        set_up(life.database)
        yield life, upstream, server


def last_three_of_stage_1(step: str, index: int) -> bool:
    return step == "small_execute 1" and index >= 5


def large_plan(step: str, _index: int) -> bool:
    return step == "large_plan"


@both
def test_a_run_that_is_killed_twice(setting: Setting, *, is_async: bool) -> None:
    life, upstream, server = setting
    life = replace(life, is_async=is_async)
    kill(life, upstream, 16, last_three_of_stage_1)
    kill(replace(life, resumes=True), upstream, 16 + 3 + 1, large_plan)
    check(resume(life), upstream, server)


@both
@pytest.mark.parametrize("nesting", ["node", "called"])
def test_a_cascade_inside_another_graph_keeps_its_requests_too(
    setting: Setting, nesting: Nesting, *, is_async: bool
) -> None:
    life, upstream, server = setting
    life = replace(life, nesting=nesting, is_async=is_async)
    kill(life, upstream, 16, last_three_of_stage_1)
    check(resume(life), upstream, server)


@both
def test_ctrl_c_leaves_what_came_and_asks_again_for_the_rest(
    setting: Setting, *, is_async: bool
) -> None:
    life, upstream, server = setting
    life = replace(life, is_async=is_async)
    kill(life, upstream, 16, last_three_of_stage_1, signal.SIGINT)
    assert results(life.database, life.thread) == 16 - 3  # what was given up is no result
    check(resume(life), upstream, server)


def test_a_cancelled_run_leaves_what_came_and_asks_again_for_the_rest(
    setting: Setting, postgres_url: str
) -> None:
    life, upstream, server = setting
    # Not SQLite: its saver, cut off in mid-write, may leave the file locked for the process.
    life = replace(life, is_async=True, database=postgres_url, thread="cancelled")
    set_up(postgres_url)
    upstream.held = last_three_of_stage_1

    def there() -> bool:
        return upstream.asked.total() == 16 and results(life.database, life.thread) == 13

    async def cancelled() -> None:
        async with asaver(life.database) as kept:
            app = life.graph().compile(checkpointer=kept)
            run = asyncio.ensure_future(app.ainvoke(ASK, life.config, durability="sync"))
            assert await asyncio.to_thread(soon, there)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run

    asyncio.run(cancelled())
    assert results(life.database, life.thread) == 16 - 3
    upstream.held = nobody
    check(resume(life), upstream, server)


@both
def test_results_of_other_settings_are_on_the_bill_and_are_not_used(
    setting: Setting, *, is_async: bool
) -> None:
    life, upstream, server = setting
    life = replace(life, is_async=is_async)
    kill(life, upstream, 16, last_three_of_stage_1)
    out = resume(life, context=CopeContext(temperature_stage1=0.9))
    changed = [r.body for r in server.requests if r.body["temperature"] == 0.9]
    assert sorted(body["seed"] for body in changed) == list(range(7, 15))
    # Those of the old temperature said "3", those of the new one say "6".
    assert out["visits"][0]["answer"] == "6"
    assert out["visits"][0]["votes"][0]["count"] == 8
    assert out["ledger"]["requests"] == 8 + 5 + 8


@both
def test_a_smaller_n_uses_the_results_that_it_would_ask_for(
    setting: Setting, *, is_async: bool
) -> None:
    life, upstream, server = setting
    life = replace(life, is_async=is_async)
    kill(life, upstream, 16, last_three_of_stage_1)
    out = resume(life, context=CopeContext(n=4))
    stage_1 = [r.body["seed"] for r in server.requests if r.body["temperature"] == 0.2]
    assert sorted(stage_1) == list(range(7, 15))  # all of the first life
    assert out["visits"][0]["samples"] == 4
    assert (out["answer"], out["stage"]) == ("3", 1)


@both
def test_a_smaller_n_does_not_use_the_goals_of_a_larger_request(
    setting: Setting, *, is_async: bool
) -> None:
    life, upstream, server = setting
    life = replace(life, is_async=is_async, small="small", hold="after small_plan 1")
    kill(life, upstream, 1)
    out = resume(life, context=CopeContext(n=4))
    plans = [r.body["n"] for r in server.requests if r.body["temperature"] == 0.1]
    assert plans == [8, 4]
    assert [line["samples"] for line in out["ledger"]["lines"]] == [8, 4, 1, 1, 1, 1]


def test_a_sync_run_with_threads_enough_keeps_what_came_while_most_requests_hang(
    setting: Setting,
) -> None:
    # LangGraph's own pool, where requests wait and results are written, has min(32, cores + 4).
    life, upstream, server = setting
    life = replace(life, max_concurrency=12)
    kill(life, upstream, 16, lambda step, index: step == "small_execute 1" and index >= 1)
    assert upstream.answered == 9
    check(resume(life), upstream, server)


NARROW: list[tuple[bool, int, Nesting, int]] = [
    # LangGraph itself waits for ever where a sync run with one thread streams tokens.
    (False, 2, "alone", 0),
    (False, 3, "alone", 26),
    (False, 2, "node", 0),
    (True, 1, "alone", 0),
    (True, 2, "alone", 0),
    (True, 3, "alone", 26),
    (True, 1, "node", 0),
]


@pytest.mark.parametrize(("is_async", "most", "nesting", "kept"), NARROW)
def test_a_streamed_run_with_hardly_any_concurrency_comes_to_its_end(
    setting: Setting, most: int, nesting: Nesting, kept: int, *, is_async: bool
) -> None:
    life, upstream, _ = setting
    life = replace(life, is_async=is_async, max_concurrency=most, nesting=nesting, streams=True)
    with process(life) as child:
        out, _ = child.communicate(timeout=60)
    assert out == "42\n"
    assert upstream.asked.total() == 26
    assert results(life.database, life.thread) == kept
