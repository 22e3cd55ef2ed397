"""What fails or is given up in an engine ends alone, between two tokens."""

from __future__ import annotations

import asyncio
import threading

import pytest
import torch

from cope_graph.errors import SchemaError
from cope_graph.huggingface.engine import Engine
from cope_graph.models.progress import Progress
from tests.processes import soon
from tests.unit_tests.huggingface.watched import (
    ask,
    is_growing,
    job_of,
    lengths,
    slowly,
    tokens,
    watched,
)

LONG = "a longer question about foxes and the lazy dog " * 3


def test_a_prompt_that_cannot_be_read_fails_alone(engine: Engine) -> None:
    def before(rows: int, tokens: int) -> None:
        slowly(rows, tokens)
        if tokens > 60:
            msg = "out of memory"
            raise RuntimeError(msg)

    with watched(engine.loaded.model, before):
        grows = ask(engine, "Hi", 2, limit=60)
        assert soon(lambda: is_growing(grows))
        fails = ask(engine, LONG, 3)
        with pytest.raises(RuntimeError, match="out of memory"):
            fails.future.result(60)
        assert not grows.future.done()
        comes_after = ask(engine, "Hi")
        comes_after.future.result(60)
        grows.future.result(60)

    assert lengths(fails) == [0, 0, 0]
    alone = ask(engine, "Hi", limit=60)
    alone.future.result(60)
    assert tokens(grows) == tokens(alone) * 2
    assert lengths(comes_after) == [30]


def test_an_error_between_tokens_fails_all_and_the_engine_goes_on(engine: Engine) -> None:
    broken = threading.Event()

    def before(rows: int, tokens: int) -> None:
        slowly(rows, tokens)
        if broken.is_set() and tokens == 1:
            msg = "a kernel failed"
            raise RuntimeError(msg)

    with watched(engine.loaded.model, before):
        jobs = [ask(engine, text, 2, limit=1000) for text in ("Hi", LONG)]
        assert soon(lambda: all(map(is_growing, jobs)))
        broken.set()
        for job in jobs:
            with pytest.raises(RuntimeError, match="a kernel failed"):
                job.future.result(60)
        broken.clear()
        after = ask(engine, "Hi")
        after.future.result(60)

    before_it = tokens(jobs[0])[0]
    assert tokens(after)[0][: len(before_it)] == before_it[:30]
    assert lengths(after) == [30]


def test_a_sample_that_breaks_its_schema_does_not_hurt_other_requests(engine: Engine) -> None:
    class Fails:
        ended, count = False, 0

        def allow(self, logits: torch.Tensor) -> None:
            del logits
            self.count += 1
            if self.count == 4:
                msg = "no token fits"
                raise SchemaError(msg)

        def take(self, token: int) -> None:
            pass

    with watched(engine.loaded.model, slowly) as passes:
        other = ask(engine, "Hi", 2)
        assert soon(lambda: is_growing(other))
        fails = ask(engine, "Hi", matcher=Fails())
        with pytest.raises(SchemaError, match="no token fits"):
            fails.future.result(60)
        other.future.result(60)

    assert lengths(fails) == [3]
    assert lengths(other) == [30, 30]
    assert passes[-1][0] == 2


def test_a_cancelled_future_ends_its_samples_between_tokens(engine: Engine) -> None:
    with watched(engine.loaded.model, slowly) as passes:
        stays, leaves = ask(engine, "Hi", 2, limit=100), ask(engine, LONG, 3, limit=10_000)
        assert soon(lambda: is_growing(leaves))
        assert leaves.future.cancel()
        stays.future.result(60)

    assert [sample.finish for sample in leaves.samples] == ["cancelled"] * 3
    assert max(lengths(leaves)) < 100
    assert (5, 1) in passes
    assert passes[-1] == (2, 1)
    assert lengths(stays) == [100, 100]


async def test_a_cancelled_task_ends_its_samples_between_tokens(engine: Engine) -> None:
    with watched(engine.loaded.model, slowly) as passes:
        stays, leaves = ask(engine, "Hi", 2, limit=100), ask(engine, LONG, 3, limit=10_000)
        future = asyncio.wrap_future(leaves.future)
        assert await asyncio.to_thread(soon, lambda: is_growing(leaves))
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
        await asyncio.wrap_future(stays.future)

    assert [sample.finish for sample in leaves.samples] == ["cancelled"] * 3
    assert passes[-1] == (2, 1)


def test_one_that_is_cancelled_before_it_begins_is_never_read(engine: Engine) -> None:
    job = job_of(engine.loaded, "Hi")
    job.future.cancel()
    with watched(engine.loaded.model) as passes:
        engine.submit(job)
        engine.call(lambda: None).result(60)
        engine.call(lambda: None).result(60)

    assert passes == []


def test_samples_that_are_not_needed_end_and_those_that_ended_are_told(engine: Engine) -> None:
    progress, told = Progress(3), list[int]()
    job = job_of(engine.loaded, "Hi", 3, ends=(), limit=10_000)
    job.samples[1].limit = 5
    job.progress, job.on_end = progress, lambda sample: told.append(sample.index)
    with watched(engine.loaded.model, slowly):
        engine.submit(job)
        assert soon(lambda: bool(told))
        assert told == [1]
        progress.end()
        job.future.result(60)

    assert [sample.finish for sample in job.samples] == ["not_needed", "length", "not_needed"]
    assert sorted(told) == [0, 1, 2]


def test_closing_fails_what_waits_and_what_comes_later(engine: Engine) -> None:
    with watched(engine.loaded.model, slowly):
        job = ask(engine, "Hi", limit=10_000)
        assert soon(lambda: is_growing(job))
        engine.close()
    late = ask(engine, "Hi")

    for one in (job, late):
        with pytest.raises(RuntimeError, match="engine is closed"):
            one.future.result(10)
    with pytest.raises(RuntimeError, match="engine is closed"):
        engine.call(lambda: None).result(10)
