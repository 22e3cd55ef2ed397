"""A reply piece by piece, as the engine's thread tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from functools import partial
from queue import SimpleQueue

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from cope_graph.huggingface.request import Request
from cope_graph.models.crew import CREW

Prepare = Callable[[Callable[[str], None]], Request]
"""Prepares a request whose first sample is told to a listener; it may block."""


def stream(prepare: Prepare) -> Generator[ChatGenerationChunk, None, None]:
    """Give a reply as it grows, then how it ended; who stops listening ends it."""
    pieces: SimpleQueue[str | None] = SimpleQueue()
    request = prepare(pieces.put)
    request.job.future.add_done_callback(lambda _: pieces.put(None))
    request.submit()
    try:
        while (piece := pieces.get()) is not None:
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        request.job.future.result()
        yield _end(request)
    finally:
        request.job.future.cancel()


async def astream(prepare: Prepare) -> AsyncGenerator[ChatGenerationChunk, None]:
    """Do as `stream` does, in an event loop."""
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(piece: str | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: an error here would end all requests
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    request = await CREW.away(partial(prepare, put))
    request.job.future.add_done_callback(lambda _: put(None))
    request.submit()
    try:
        while (piece := await pieces.get()) is not None:
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        request.job.future.result()
        yield _end(request)
    finally:
        request.job.future.cancel()


def _end(request: Request) -> ChatGenerationChunk:
    """Say how it ended and what it took."""
    last = request.result().generations[0]
    message = AIMessageChunk(
        content="",
        response_metadata=last.message.response_metadata,
        usage_metadata=request.usage,
        chunk_position="last",
    )
    return ChatGenerationChunk(message=message, generation_info=last.generation_info)
