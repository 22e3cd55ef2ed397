"""Answers of the loopback OpenAI server that break on their way, and what they cost."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI

from tests.loopback.clients import chat, sdk
from tests.loopback.completions import Bill
from tests.loopback.openai_process import OpenAIServerProcess, read_stats
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Reply

TEXT = "one two three four five six"
SCRIPT = {"small": [TEXT]}
BILL = Bill(1, 1, 6)
WAIT_SECONDS = 0.4
"""A client's patience between two bytes: more than the server's drip takes."""
BROKEN = [
    ("badjson", json.JSONDecodeError),
    ("crash", openai.APIConnectionError),
    ("reset", openai.APIConnectionError),
    ("timeout", openai.APITimeoutError),
]

both_ways = pytest.mark.parametrize("stream", [False, True])


def ask(model: ChatOpenAI, seen: list[str], *, stream: bool) -> None:
    """Put into ``seen`` what arrives, also of an answer that breaks later."""
    seen.extend(chunk.text for chunk in (model.stream("x") if stream else [model.invoke("x")]))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def wait_until_idle(server: OpenAIServer) -> None:
    deadline = time.monotonic() + 5
    while server.traffic.in_flight and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.traffic.in_flight == 0


@both_ways
@pytest.mark.parametrize(("suffix", "error"), BROKEN)
def test_broken_answers_are_billed_and_unreported(
    suffix: str, error: type[Exception], *, stream: bool
) -> None:
    name, seen = f"small-{suffix}", list[str]()
    with OpenAIServer(SCRIPT) as server:
        with pytest.raises(error):
            ask(chat(server, name, timeout=WAIT_SECONDS, stream_usage=True), seen, stream=stream)
        part = "".join(seen)
        assert TEXT.startswith(part)
        assert bool(part) == (stream and suffix in {"badjson", "crash"})
        assert server.billed == server.unreported == {name: BILL}
        ask(chat(server, stream_usage=True), seen, stream=stream)
        assert "".join(seen) == part + TEXT
        assert server.unreported == {name: BILL}
        wait_until_idle(server)
        assert server.traffic.dropped == (suffix == "timeout")


@both_ways
def test_a_reset_is_one(*, stream: bool) -> None:
    with OpenAIServer(SCRIPT) as server:
        with pytest.raises(openai.APIConnectionError) as caught:
            ask(chat(server, "small-reset"), [], stream=stream)
        assert any(isinstance(error, ConnectionResetError) for error in causes(caught.value))


@both_ways
def test_a_crash_ends_the_body_too_early(*, stream: bool) -> None:
    with OpenAIServer(SCRIPT) as server:
        with pytest.raises(openai.APIConnectionError) as caught:
            ask(chat(server, "small-crash"), [], stream=stream)
        assert "without sending complete message body" in str([*causes(caught.value)])


def test_bad_json_has_the_right_type_and_length() -> None:
    with OpenAIServer(SCRIPT) as server, sdk(server) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="small-badjson", messages=[{"role": "user", "content": "x"}]
        )
        assert (raw.status_code, raw.headers["content-type"]) == (200, "application/json")
        assert int(raw.headers["content-length"]) == len(raw.content) > 100


@both_ways
def test_a_drip_outlives_the_timeout_between_bytes(*, stream: bool) -> None:
    asked: Any = {"messages": [{"role": "user", "content": "x"}], "stream": stream}
    with OpenAIServer(SCRIPT) as server:
        start = time.monotonic()
        with (
            sdk(server) as client,
            client.chat.completions.with_streaming_response.create(
                model="small-drip", timeout=WAIT_SECONDS, **asked
            ) as answer,
        ):
            kind = answer.headers["content-type"]
            assert kind == ("text/event-stream" if stream else "application/json")
            drops = answer.iter_bytes()
            assert {next(drops) for _ in range(4)} == {b": drip\n\n" if stream else b" "}
        assert WAIT_SECONDS < time.monotonic() - start < 5
        wait_until_idle(server)
        assert server.traffic.dropped == 1
        assert server.billed == server.unreported == {"small-drip": BILL}


@both_ways
async def test_only_a_deadline_ends_a_drip(*, stream: bool) -> None:
    async def wait(model: ChatOpenAI) -> None:
        if stream:
            async for _ in model.astream("x"):
                pass
        else:
            await model.ainvoke("x")

    with OpenAIServer(SCRIPT) as server:
        model = chat(server, "small-drip", timeout=WAIT_SECONDS)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(model), 2 * WAIT_SECONDS)


@both_ways
@pytest.mark.parametrize("suffix", ["timeout", "drip"])
def test_a_server_that_stops_ends_the_wait(suffix: str, *, stream: bool) -> None:
    with ThreadPoolExecutor(1) as pool:
        with OpenAIServer(SCRIPT) as server:
            future = pool.submit(ask, chat(server, f"small-{suffix}"), [], stream=stream)
            while not server.traffic.in_flight:
                time.sleep(0.01)
            start = time.monotonic()
        assert time.monotonic() - start < 1
        with pytest.raises(openai.APIConnectionError):
            future.result(5)


def test_a_truncated_stream_ends_cleanly_without_an_end() -> None:
    asked: Any = {"messages": [{"role": "user", "content": "x"}], "n": 2}
    asked |= {"model": "small-truncated", "stream_options": {"include_usage": True}}
    with OpenAIServer(SCRIPT) as server, sdk(server) as client:
        chunks = list(client.chat.completions.create(stream=True, **asked))
        choices = [choice for chunk in chunks for choice in chunk.choices]
        texts = ["".join(c.delta.content or "" for c in choices if c.index == i) for i in (0, 1)]
        assert texts == ["one two three "] * 2
        assert {choice.finish_reason for choice in choices} == {None}
        assert [chunk.usage for chunk in chunks if chunk.usage] == []
        with client.chat.completions.with_streaming_response.create(stream=True, **asked) as raw:
            assert b"[DONE]" not in raw.read()
        assert server.billed == server.unreported == {"small-truncated": Bill(2, 2, 24)}


def test_truncated_without_streaming_answers_as_usual() -> None:
    with OpenAIServer(SCRIPT) as server:
        assert chat(server, "small-truncated").invoke("x").text == TEXT
        assert (server.billed, server.unreported) == ({"small-truncated": BILL}, {})


@pytest.mark.parametrize(
    ("name", "options", "billed", "unreported"),
    [
        ("small", {"stream_usage": True}, 1, 0),
        ("small", {"stream_usage": False}, 1, 1),
        ("small-nousage", {"stream_usage": True}, 1, 1),
        ("small-nousage", {"disable_streaming": True}, 1, 1),
        ("small", {"disable_streaming": True}, 1, 0),
        ("small-unicode-truncated", {"stream_usage": True}, 1, 1),
    ],
)
def test_what_a_client_cannot_know(
    name: str, options: dict[str, Any], billed: int, unreported: int
) -> None:
    with OpenAIServer(SCRIPT) as server:
        chunks = list(chat(server, name, **options).stream("x"))
        assert server.billed[name].requests == billed
        assert server.unreported.get(name, Bill()).requests == unreported
        assert any(chunk.usage_metadata for chunk in chunks) == (billed > unreported)


@both_ways
def test_a_web_page_costs_nothing_and_hides_nothing(*, stream: bool) -> None:
    asked: Any = {"messages": [{"role": "user", "content": "x"}], "stream": stream}
    with OpenAIServer(SCRIPT) as server, sdk(server) as client:
        answer = client.chat.completions.with_raw_response.create(model="small-html", **asked)
        assert answer.headers["content-type"] == "text/html"
        answer.http_response.close()
        assert (server.billed, server.unreported) == ({}, {})


@both_ways
@pytest.mark.parametrize(
    "suffix", ["nochoices-badjson", "nochoices-crash", "badjson-crash", "truncated-crash"]
)
def test_faults_add_up(suffix: str, *, stream: bool) -> None:
    with OpenAIServer(SCRIPT) as server, sdk(server) as client:
        asked: Any = {"messages": [{"role": "user", "content": "x"}], "stream": stream}
        with pytest.raises((json.JSONDecodeError, openai.APIConnectionError)) as caught:
            list(client.chat.completions.create(model=f"small-{suffix}", **asked))
        assert isinstance(caught.value, json.JSONDecodeError) != suffix.endswith("crash")


def test_an_empty_stream_has_no_json_to_spoil() -> None:
    with OpenAIServer(SCRIPT) as server, sdk(server) as client:
        stream = client.chat.completions.create(
            model="small-nochoices-truncated-badjson",
            messages=[{"role": "user", "content": "x"}],
            stream=True,
        )
        assert list(stream) == []


def test_a_reply_function_breaks_its_answer() -> None:
    with OpenAIServer(lambda _: Reply([TEXT], fault="crash")) as server:
        with pytest.raises(openai.APIConnectionError):
            chat(server).invoke("x")
        assert server.unreported == {"small": BILL}


def test_a_process_breaks_answers_and_says_what_was_unreported() -> None:
    with OpenAIServerProcess(SCRIPT) as server:
        for suffix, error in BROKEN:
            with pytest.raises(error):
                chat(server, f"small-{suffix}", timeout=WAIT_SECONDS).invoke("x")
        chat(server).invoke("x")
        stats = server.stats()
        assert stats.unreported == {f"small-{suffix}": BILL for suffix, _ in BROKEN}
        assert stats.billed == {**stats.unreported, "small": BILL}


def test_a_thread_says_what_was_unreported() -> None:
    with OpenAIServer(SCRIPT) as server:
        chat(server, "small-nousage").invoke("x")
        assert read_stats(server.url).unreported == server.unreported == {"small-nousage": BILL}
