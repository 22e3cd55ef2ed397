"""Replies as they grow: the same text, and an end as soon as nobody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import AIMessageChunk

from cope_graph.errors import RequestRefusedError
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import engine_of
from cope_graph.huggingface.loaded import Loaded
from tests.processes import soon
from tests.unit_tests.huggingface.watched import chat_of, slowly, watched

Stream = Callable[..., list[AIMessageChunk]]


def _stream(chat: ChatTransformers, text: str, **options: Any) -> list[AIMessageChunk]:
    return list(chat.stream(text, **options))


def _astream(chat: ChatTransformers, text: str, **options: Any) -> list[AIMessageChunk]:
    async def all_of_them() -> list[AIMessageChunk]:
        return [chunk async for chunk in chat.astream(text, **options)]

    return asyncio.run(all_of_them())


@pytest.fixture(params=[_stream, _astream], ids=["sync", "async"])
def stream(request: pytest.FixtureRequest) -> Stream:
    found: Stream = request.param
    return found


def text_of(chunks: list[AIMessageChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


@pytest.mark.parametrize("seed", range(4))
def test_the_pieces_are_the_reply(loaded: Loaded, stream: Stream, seed: int) -> None:
    chat = chat_of(loaded, temperature=1, seed=seed)
    whole = chat.invoke("Hi")

    chunks = stream(chat, "Hi")

    assert text_of(chunks) == whole.content
    assert len(chunks) > 4
    assert [bool(chunk.usage_metadata) for chunk in chunks[:-1]] == [False] * (len(chunks) - 1)
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert chunks[-1].chunk_position == "last"
    ends = [one.response_metadata["finish_reason"] for one in (chunks[-1], whole)]
    assert ends[0] == ends[1]


def test_no_part_of_a_stop_is_streamed(loaded: Loaded, stream: Stream) -> None:
    chat = chat_of(loaded, temperature=1, seed=1)
    whole = chat.invoke("Hi").text
    stop = whole[4:9]

    chunks = stream(chat, "Hi", stop=[stop])

    assert text_of(chunks) == whole[: whole.find(stop)]


def test_one_reply_is_streamed_whatever_n_is(loaded: Loaded, stream: Stream) -> None:
    one, many = chat_of(loaded, temperature=1, seed=1), chat_of(loaded, temperature=1, seed=1, n=4)

    chunks = stream(many, "Hi")

    assert text_of(chunks) == one.invoke("Hi").content
    assert chunks[-1].usage_metadata == one.invoke("Hi").usage_metadata


def test_log_probs_come_with_the_last_piece(loaded: Loaded, stream: Stream) -> None:
    chat = chat_of(loaded, logprobs=True)

    last = stream(chat, "Hi")[-1]

    assert last.response_metadata["logprobs"] == chat.invoke("Hi").response_metadata["logprobs"]


def test_handlers_are_told_each_piece(loaded: Loaded) -> None:
    class Told(BaseCallbackHandler):
        def __init__(self) -> None:
            self.pieces: list[str] = []

        def on_llm_new_token(self, token: Any, **_: Any) -> None:
            self.pieces.append(token)

    class AsyncTold(AsyncCallbackHandler):
        def __init__(self) -> None:
            self.pieces: list[str] = []

        async def on_llm_new_token(self, token: Any, **_: Any) -> None:
            self.pieces.append(token)

    told, atold, chat = Told(), AsyncTold(), chat_of(loaded)
    chunks = _stream(chat, "Hi", config={"callbacks": [told]})
    _astream(chat, "Hi", config={"callbacks": [atold]})

    assert told.pieces == atold.pieces == [chunk.text for chunk in chunks]


def test_who_stops_listening_ends_the_reply(endless: Loaded) -> None:
    chat = chat_of(endless, max_tokens=2000)
    with watched(endless.model, slowly) as passes:
        pieces = chat.stream("Hi")
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        done = len(passes)
        engine_of(chat.load()).call(lambda: None).result(10)
        chat.invoke("Ho", max_tokens=10)

    assert len(passes) - done < 20
    assert passes[-1] == (1, 1)


async def test_who_stops_listening_in_an_event_loop_ends_the_reply(endless: Loaded) -> None:
    chat = chat_of(endless, max_tokens=2000)
    with watched(endless.model, slowly) as passes:
        pieces = chat.astream("Hi")
        await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]
        done = len(passes)
        await chat.ainvoke("Ho", max_tokens=10)

    assert len(passes) - done < 20
    assert passes[-1] == (1, 1)


def test_an_event_loop_that_ends_in_mid_stream_leaves_the_engine_whole(endless: Loaded) -> None:
    chat = chat_of(endless, max_tokens=2000)

    async def first_piece() -> str:
        pieces = chat.astream("Hi")
        return (await anext(pieces)).text

    with watched(endless.model, slowly) as passes:
        assert asyncio.run(first_piece())
        assert chat.invoke("Ho", max_tokens=10).text
        rows = len(passes)
        assert soon(lambda: engine_of(chat.load()).call(lambda: None).result(10) is None)
        chat.invoke("Ho", max_tokens=2)
    assert passes[rows:][-1] == (1, 1)


def test_a_request_that_is_refused_is_raised_before_any_piece(
    loaded: Loaded, stream: Stream
) -> None:
    with pytest.raises(RequestRefusedError, match="reads 2048: shorten it"):
        stream(chat_of(loaded), "Hi " * 3000)


def test_an_engine_that_fails_in_mid_reply_is_raised(endless: Loaded, stream: Stream) -> None:
    count = [0]

    def before(_rows: int, _tokens: int) -> None:
        count[0] += 1
        if count[0] == 8:
            msg = "a kernel failed"
            raise RuntimeError(msg)

    with watched(endless.model, before), pytest.raises(RuntimeError, match="a kernel failed"):
        stream(chat_of(endless), "Hi")
