"""Whoever asks may leave at any time, and nobody is held up by those who stay."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from langchain_core.messages import HumanMessage

from cope_graph.errors import RequestRefusedError
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.loaded import Loaded
from tests.processes import soon
from tests.unit_tests.huggingface.watched import Shapes, chat_of, slowly, watched

SECONDS = 5  # what 2,000 slow tokens take and more


@pytest.fixture
def chat(endless: Loaded) -> ChatTransformers:
    return chat_of(endless, max_tokens=1500)


@contextmanager
def ctrl_c_when_it_grows(passes: Shapes, rows: int) -> Iterator[None]:
    """Interrupt the main thread once that many rows grow."""

    def press() -> None:
        if soon(lambda: (rows, 1) in passes):
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def left_after(chat: ChatTransformers, passes: Shapes) -> int:
    """Ask for one more token, and count the passes from now to then."""
    before = len(passes)
    chat.invoke("Ho", max_tokens=1)
    return len(passes) - before


def test_ctrl_c_ends_the_request(chat: ChatTransformers, endless: Loaded) -> None:
    with watched(endless.model, slowly) as passes:
        with ctrl_c_when_it_grows(passes, 3), pytest.raises(KeyboardInterrupt):
            chat.generate([[HumanMessage("Hi")]], n=3)
        left = left_after(chat, passes)

    assert left < 10
    assert passes[-1][0] == 1


def test_ctrl_c_ends_several_prompts_at_once(chat: ChatTransformers, endless: Loaded) -> None:
    with watched(endless.model, slowly) as passes:
        began = time.monotonic()
        with ctrl_c_when_it_grows(passes, 3), pytest.raises(KeyboardInterrupt):
            chat.generate([[HumanMessage(text)] for text in ("Hi", "Ho", "why")])
        took = time.monotonic() - began

    assert took < SECONDS
    assert len(passes) < 500


def test_a_prompt_that_is_refused_ends_those_beside_it(
    chat: ChatTransformers, endless: Loaded
) -> None:
    with watched(endless.model, slowly) as passes:
        with pytest.raises(RequestRefusedError, match="shorten it"):
            chat.generate([[HumanMessage("Hi " * 2000)], [HumanMessage("Hi")]])
        left = left_after(chat, passes)

    assert len(passes) < 100
    assert left < 10


async def test_a_cancelled_task_ends_its_request(chat: ChatTransformers, endless: Loaded) -> None:
    with watched(endless.model, slowly) as passes:
        stays = asyncio.create_task(chat.ainvoke("Ho", max_tokens=150))
        leaves = asyncio.create_task(chat.agenerate([[HumanMessage("Hi")]], n=3))
        assert await asyncio.to_thread(soon, lambda: (4, 1) in passes)
        leaves.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaves
        reply = await stays

    assert reply.usage_metadata is not None
    assert reply.usage_metadata["output_tokens"] == 150
    assert passes[-1] == (1, 1)


async def test_a_time_limit_of_the_callers_ends_the_request(
    chat: ChatTransformers, endless: Loaded
) -> None:
    with watched(endless.model, slowly) as passes:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(chat.ainvoke("Hi"), 0.3)
        left = await asyncio.to_thread(left_after, chat, passes)

    assert left < 10


async def test_the_event_loop_goes_on_while_a_reply_is_written(
    chat: ChatTransformers, endless: Loaded
) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    with watched(endless.model, slowly):
        await chat.ainvoke("Hi", max_tokens=60)
    ticking.cancel()

    assert len(ticks) > 25  # in 300 ms and more
    assert max(b - a for a, b in pairwise(ticks)) < 0.25


def test_threads_and_loops_that_ask_at_once_share_the_passes(
    chat: ChatTransformers, endless: Loaded
) -> None:
    def thread() -> None:
        chat.invoke("Hi", max_tokens=40)

    def loop() -> None:
        async def several() -> None:
            await asyncio.gather(*(chat.ainvoke(f"Ho {i}", max_tokens=40) for i in range(3)))

        asyncio.run(several())

    threads = [threading.Thread(target=target) for target in (thread, thread, loop, loop)]
    with watched(endless.model, slowly) as passes:
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    assert max(rows for rows, _ in passes) == 8
    assert len(passes) < 160  # 320 one after the other


CODE = """
import sys, threading, time
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import engine_of
from tests.processes import soon

chat = ChatTransformers(model=sys.argv[1], device="cpu", dtype="float32", max_tokens=1_000_000)
engine = engine_of(chat.load())
engine.loaded.model.config.max_position_embeddings = 2_000_000
if sys.argv[2] == "stream":
    pieces = chat.stream("Hi")
    next(pieces)
else:
    threading.Thread(target=chat.invoke, args=("Hi",), daemon=True).start()
assert soon(lambda: engine._jobs and len(engine._jobs[0].samples[0].tokens) > 20)
print(time.time(), flush=True)
"""


@pytest.mark.parametrize("way", ["stream", "thread"])
def test_a_process_ends_at_once_and_in_silence(endless: Loaded, way: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", CODE, endless.name, way],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    )
    ended = time.time()

    assert (done.returncode, done.stderr) == (0, "")
    assert ended - float(done.stdout) < SECONDS
