"""The loopback OpenAI server, asked by real clients: what it answers, counts and bills."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.loopback.clients import chat, generate, sdk
from tests.loopback.completions import Bill
from tests.loopback.openai_process import OpenAIServerProcess, read_stats
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

QUESTION = "What is two plus two ?"
EIGHT = [f"answer number {i}" for i in range(8)]


def test_eight_choices_for_one_bill() -> None:
    with OpenAIServer({"small": EIGHT}) as server:
        messages, usage = generate(chat(server, n=8, seed=7, logprobs=True), QUESTION)
        assert [m.content for m in messages] == EIGHT
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (6, 24)
        assert all(len(m.response_metadata["logprobs"]["content"]) == 3 for m in messages)
        assert server.billed == {"small": Bill(1, 6, 24)}
        (request,) = server.requests
        assert (request.body["n"], request.body["seed"]) == (8, 7)
        assert request.headers["authorization"] == "Bearer test"
        assert server.count == 1


def test_default_texts_depend_on_the_request_alone() -> None:
    with OpenAIServer() as server:
        first, again, other = (
            [m.content for m in generate(chat(server, n=8, seed=seed))[0]] for seed in (1, 1, 2)
        )
        assert first == again
        assert len({*map(str, first), *map(str, other)}) == 16


def test_script_cycles_and_serves_suffixed_names() -> None:
    with OpenAIServer({"small": ["a", "b", "c"]}) as server:
        texts = [chat(server, name).invoke("x").text for name in ("small", "small-length")]
        more = [m.text for m in generate(chat(server, n=3))[0]]
        assert [*texts, *more] == ["a", "b", "c", "a", "b"]
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            chat(server, "unheard-of").invoke("x")


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(ValueError, match="non-empty list"):
        OpenAIServer({"small": []})


def test_a_reply_sets_every_detail() -> None:
    def reply(body: Body) -> Reply:
        assert body["model"] == "small"
        return Reply(["one two"], logprobs=[-0.5, -2], cached_tokens=4, reasoning_tokens=10)

    with OpenAIServer(reply) as server:
        (first, second), usage = generate(chat(server, n=2, logprobs=True), QUESTION)
        assert usage["prompt_tokens_details"]["cached_tokens"] == 4
        assert usage["completion_tokens_details"]["reasoning_tokens"] == 20
        logprobs = [m.response_metadata["logprobs"]["content"] for m in (first, second)]
        assert [[t["logprob"] for t in content] for content in logprobs] == [[-0.5] * 2, [-2] * 2]
        assert server.billed == {"small": Bill(1, 6, 24, 4, 20)}


def test_never_bills_more_than_max_tokens_a_choice() -> None:
    with OpenAIServer({"small": ["one two three four", "one"]}) as server:
        messages, _ = generate(chat(server, n=2, max_completion_tokens=3))
        assert [m.content for m in messages] == ["one two three ", "one"]
        reasons = [m.response_metadata["finish_reason"] for m in messages]
        assert reasons == ["length", "stop"]
        assert server.billed["small"].completion_tokens == 4


@pytest.mark.parametrize("usage", [True, False])
def test_streams(*, usage: bool) -> None:
    with OpenAIServer({"small": ["one two  three\n"]}) as server:
        chunks = list(chat(server, stream_usage=usage, logprobs=True).stream(QUESTION))
        assert "".join(chunk.text for chunk in chunks) == "one two  three\n"
        assert sum(bool(chunk.text) for chunk in chunks) == 3
        reported = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
        assert [(u["input_tokens"], u["output_tokens"]) for u in reported] == [(6, 3)] * usage
        assert server.billed == {"small": Bill(1, 6, 3)}


def test_streams_n_choices_to_the_sdk() -> None:
    with OpenAIServer({"small": ["a b", "c d"]}) as server, sdk(server) as client:
        stream = client.chat.completions.create(
            model="small", n=2, messages=[{"role": "user", "content": "x"}], stream=True
        )
        texts = Counter[tuple[int, str]]()
        for chunk in stream:
            texts.update((choice.index, choice.delta.content or "") for choice in chunk.choices)
        expected = {(0, "a "): 1, (0, "b"): 1, (1, "c "): 1, (1, "d"): 1}
        assert {key: count for key, count in texts.items() if key[1]} == expected


def test_counts_exactly_under_64_threads() -> None:
    def reply(body: Body) -> Reply:
        return Reply([f"{body['messages'][0]['content']} {i}" for i in range(8)], delay_s=0.05)

    with OpenAIServer(reply) as server, ThreadPoolExecutor(64) as pool:
        model = chat(server, n=8)

        def ask(i: int) -> tuple[int, int]:
            messages, usage = generate(model, f"question {i}")
            assert [m.content for m in messages] == [f"question {i} {k}" for k in range(8)]
            return usage["prompt_tokens"], usage["completion_tokens"]

        assert set(pool.map(ask, range(64))) == {(2, 24)}
        assert server.billed == {"small": Bill(64, 128, 64 * 24)}
        assert server.count == 64
        asked = Counter(r.body["messages"][0]["content"] for r in server.requests)
        assert asked == {f"question {i}": 1 for i in range(64)}


async def _ask_64(model: ChatOpenAI) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(64):
            group.create_task(model.agenerate([[HumanMessage("q")]]))


def test_counts_exactly_under_64_tasks() -> None:
    with OpenAIServer({"small": EIGHT}, delay_s=0.1) as server:
        asyncio.run(_ask_64(chat(server, n=8)))
        assert server.billed == {"small": Bill(64, 64, 64 * 24)}
        assert server.traffic.max_in_flight > 1
        assert server.traffic.in_flight == 0


def test_process_mode() -> None:
    with OpenAIServerProcess({"small": EIGHT}) as server:
        messages, _ = generate(chat(server, n=8), QUESTION)
        assert [m.content for m in messages] == EIGHT
        with pytest.raises(openai.AuthenticationError):
            chat(server, api_key=SecretStr("wrong")).invoke("x")
        stats = server.stats()
        assert (stats.count, stats.billed) == (2, {"small": Bill(1, 6, 24)})
        assert stats.cpu_s > 0


def test_process_mode_with_a_function() -> None:
    with OpenAIServerProcess("tests.loopback.replies:distinct_texts") as server:
        assert chat(server, "any").invoke("x").text.startswith("reply ")
    with pytest.raises(RuntimeError, match="before it printed"):
        OpenAIServerProcess("no_such_module:f").__enter__()


def test_thread_mode_has_stats_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with OpenAIServer({"small": ["a"]}) as server:
        chat(server).invoke("x")
        assert read_stats(server.url).billed == server.billed
    assert not set(threading.enumerate()) - before
    with pytest.raises(ConnectionRefusedError):
        read_stats(server.url)
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = OpenAIServer().url
