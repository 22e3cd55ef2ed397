"""One engine for all who ask: shared batches, and no more at once than there is room for."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial

import pytest

from cope_graph.errors import RequestRefusedError
from cope_graph.huggingface import engine as engine_module
from cope_graph.huggingface.engine import Engine, engine_of
from cope_graph.huggingface.job import Job
from cope_graph.huggingface.loaded import Loaded
from tests.processes import soon
from tests.unit_tests.huggingface.watched import (
    ask,
    is_growing,
    job_of,
    lengths,
    plain_greedy,
    slowly,
    tokens,
    watched,
)

LONG = "a longer question about foxes and the lazy dog " * 3


def test_threads_and_event_loops_share_the_passes(engine: Engine) -> None:
    jobs = [job_of(engine.loaded, f"question {i}", ends=(), limit=40) for i in range(12)]
    start = threading.Barrier(8)

    def thread(job: Job) -> None:
        start.wait()
        engine.submit(job)
        job.future.result(60)

    def loop(some: list[Job]) -> None:
        async def all_of_them() -> None:
            for job in some:
                engine.submit(job)
            await asyncio.gather(*(asyncio.wrap_future(job.future) for job in some))

        start.wait()
        asyncio.run(all_of_them())

    threads = [threading.Thread(target=thread, args=(job,)) for job in jobs[:6]]
    threads += [threading.Thread(target=loop, args=(some,)) for some in (jobs[6:9], jobs[9:])]
    with watched(engine.loaded.model, slowly) as passes:
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    assert max(rows for rows, _ in passes) == 12
    assert len(passes) < 80  # 480 one after the other
    for job in jobs:
        (sample,) = job.samples
        assert len(sample.tokens) == 40


def test_those_who_ask_within_a_moment_are_read_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_GATHER_S", 0.2)
    with watched(engine.loaded.model) as passes:
        jobs = []
        for i in range(6):
            jobs.append(ask(engine, f"question {i}", limit=3))
            time.sleep(0.005)
        for job in jobs:
            job.future.result(60)

    assert [rows for rows, _ in passes] == [6, 6, 6]


def test_replies_of_a_shared_batch_are_those_of_generate(engine: Engine) -> None:
    texts = ["Hi", LONG, "the lazy dog", LONG + " why"]
    jobs = [ask(engine, text, 2, ends=(2,)) for text in texts]

    for job in jobs:
        job.future.result(60)
        assert tokens(job) == [plain_greedy(engine.loaded.model, job.tokens)] * 2


def test_samples_are_reproducible_whoever_asks_beside(engine: Engine) -> None:
    alone = ask(engine, "Hi", 8, seed=7, temperature=1)
    alone.future.result(60)
    before = ask(engine, LONG, 3, seed=1, temperature=0.7, limit=60)
    assert soon(lambda: is_growing(before))
    among = ask(engine, "Hi", 8, seed=7, temperature=1)
    ask(engine, "another", 2, seed=9, temperature=2).future.result(60)
    among.future.result(60)

    assert tokens(among) == tokens(alone)
    assert len({tuple(one) for one in tokens(alone)}) == 8


def test_more_samples_than_there_is_room_for_go_in_turns(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(engine, "Hi", 8, seed=3, temperature=1)
    whole.future.result(60)
    room = 3 * whole.longest * engine._token_bytes
    monkeypatch.setattr(engine, "_free", lambda: room)
    with watched(engine.loaded.model) as passes:
        turns = ask(engine, "Hi", 8, seed=3, temperature=1)
        turns.future.result(60)

    assert max(rows for rows, _ in passes) == 3
    assert tokens(turns) == tokens(whole)


def test_a_sample_that_cannot_fit_is_refused_with_both_figures(engine: Engine) -> None:
    engine._room = 1_000_000
    with pytest.raises(RequestRefusedError, match=r"1\.0 GB beside.*0\.0 GB are free.*max_tokens"):
        ask(engine, "Hi", limit=2_000_000)

    job = ask(engine, "Hi")
    job.future.result(60)
    assert lengths(job) == [30]


def test_who_came_first_begins_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_MOST_ROWS", 4)
    ended: list[str] = []
    with watched(engine.loaded.model, slowly) as passes:
        jobs = {name: ask(engine, name, 4) for name in ("one", "two", "three")}
        for name, job in jobs.items():
            job.future.add_done_callback(partial(lambda name, _: ended.append(name), name))
        for job in jobs.values():
            job.future.result(60)

    assert max(rows for rows, _ in passes) == 4
    assert ended == ["one", "two", "three"]


def test_prompts_are_read_together_up_to_a_number_of_tokens(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_MOST_PROMPT_TOKENS", 60)
    with watched(engine.loaded.model) as passes:
        jobs = [ask(engine, text, limit=3) for text in ("a", "b", "c", "d", LONG)]
        for job in jobs:
            job.future.result(60)

    widths = {len(job.tokens) for job in jobs[:4]}
    read = [shape for shape in passes if shape[1] > 1]
    assert all(rows * width <= 60 or rows == 1 for rows, width in read)
    assert max(rows for rows, width in read if width in widths) > 1
    assert (1, len(jobs[-1].tokens)) in read


def test_other_work_is_done_between_two_tokens(engine: Engine) -> None:
    def fail() -> None:
        msg = "no such thing"
        raise LookupError(msg)

    with watched(engine.loaded.model, slowly):
        job = ask(engine, "Hi", limit=200)
        assert soon(lambda: is_growing(job))
        assert engine.call(lambda: threading.current_thread().name).result(60) == "cope-torch"
        with pytest.raises(LookupError, match="no such thing"):
            engine.call(fail).result(60)
        assert not job.future.done()
        job.future.result(60)


def test_a_model_has_one_engine_whoever_serves_it(loaded: Loaded) -> None:
    other = Loaded("another name", loaded.model, loaded.tokenizer)

    assert engine_of(loaded) is engine_of(other)
