"""Samples of a chat model: what each says, what they took, and why they ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import LLMResult

from cope_graph.errors import RequestRefusedError
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.loaded import Loaded
from tests.unit_tests.huggingface.watched import (
    chat_ids,
    chat_of,
    plain_greedy,
    plain_log_probs,
    watched,
)

Generate = Callable[..., LLMResult]


def _generate(chat: ChatTransformers, texts: list[str], **options: Any) -> LLMResult:
    return chat.generate([[HumanMessage(text)] for text in texts], **options)


def _agenerate(chat: ChatTransformers, texts: list[str], **options: Any) -> LLMResult:
    prompts: list[list[BaseMessage]] = [[HumanMessage(text)] for text in texts]
    return asyncio.run(chat.agenerate(prompts, **options))


@pytest.fixture(params=[_generate, _agenerate], ids=["sync", "async"])
def generate(request: pytest.FixtureRequest) -> Generate:
    found: Generate = request.param
    return found


def messages(result: LLMResult, prompt: int = 0) -> list[AIMessage]:
    return [one.message for one in result.generations[prompt]]  # type: ignore[union-attr, misc]


def texts(result: LLMResult, prompt: int = 0) -> list[str]:
    return [one.text for one in result.generations[prompt]]


def finishes(result: LLMResult) -> list[str]:
    return [it.response_metadata["finish_reason"] for it in messages(result)]


def test_a_greedy_reply_is_that_of_generate(loaded: Loaded, generate: Generate) -> None:
    (reply,) = texts(generate(chat_of(loaded), ["Hi"]))

    tokens = plain_greedy(loaded.model, chat_ids(loaded, "Hi"), 20)
    whole = loaded.tokenizer.decode(tokens, skip_special_tokens=True)
    assert reply
    assert whole.rstrip("\ufffd") == reply.rstrip("\ufffd")


def test_usage_is_what_was_read_and_written_and_stands_on_the_first(
    loaded: Loaded, generate: Generate
) -> None:
    with watched(loaded.model) as passes:
        result = generate(chat_of(loaded, temperature=1, seed=1), ["Hi"], n=4)

    read, *steps = passes
    written = 4 + sum(rows for rows, _ in steps)  # a token for each row, the first by the reading
    first, *others = [message.usage_metadata for message in messages(result)]
    assert read == (1, len(chat_ids(loaded, "Hi")))
    assert first == {
        "input_tokens": read[1],
        "output_tokens": written,
        "total_tokens": read[1] + written,
    }
    assert others == [None] * 3


def test_log_probs_are_listed_where_they_are_asked_for(loaded: Loaded, generate: Generate) -> None:
    chat = chat_of(loaded, temperature=1, seed=1)

    listed = messages(generate(chat, ["Hi"], n=2, logprobs=True))
    plain = messages(generate(chat, ["Hi"], n=2))

    assert [one.text for one in listed] == [one.text for one in plain]
    assert all(one.response_metadata["logprobs"]["content"] for one in listed)
    assert not any("logprobs" in one.response_metadata for one in plain)


def test_log_probs_are_those_of_the_tokens_of_the_text(loaded: Loaded) -> None:
    chat = chat_of(loaded, temperature=1, seed=1, max_tokens=60)
    request = chat._request([HumanMessage("Hi")], {"n": 16, "logprobs": True})
    request.submit()
    request.job.future.result(60)

    generations = request.result().generations
    assert {one.message.response_metadata["finish_reason"] for one in generations} == {
        "stop",
        "length",
    }
    for generation, sample in zip(generations, request.job.samples, strict=True):
        said = sample.tokens[:-1] if sample.finish == "stop" else sample.tokens
        listed = generation.message.response_metadata["logprobs"]["content"]
        assert [one["token"] for one in listed] == [loaded.tokenizer.decode([it]) for it in said]
        wanted = plain_log_probs(loaded.model, request.job.tokens, said)
        assert [one["logprob"] for one in listed] == pytest.approx(wanted, rel=1e-4)
        assert {tuple(one) for one in listed} == {("token", "logprob", "bytes", "top_logprobs")}


def test_a_reply_says_why_it_ended_and_who_wrote_it(loaded: Loaded, generate: Generate) -> None:
    chat = chat_of(loaded, temperature=1, seed=1, max_tokens=60)
    result = generate(chat, ["Hi"], n=8)
    cut = generate(chat, ["Hi"], max_tokens=2)
    stopped = generate(chat, ["Hi"], stop=[texts(result)[0][3:5]])

    assert "stop" in finishes(result)
    assert (finishes(cut), finishes(stopped)) == (["length"], ["stop"])
    assert messages(cut)[0].usage_metadata["output_tokens"] == 2  # type: ignore[index]
    assert texts(stopped) == [texts(result)[0][:3]]
    names = {message.response_metadata["model_name"] for message in messages(result)}
    assert names == {loaded.name}


def test_n_may_be_asked_for_bound_or_set(loaded: Loaded, generate: Generate) -> None:
    chat = chat_of(loaded, temperature=1, seed=1)

    asked = texts(generate(chat, ["Hi"], n=3))
    assert len(set(asked)) == 3
    assert texts(generate(chat_of(loaded, temperature=1, seed=1, n=3), ["Hi"])) == asked
    assert chat.bind(n=3).invoke("Hi").content == asked[0]


@pytest.mark.parametrize("seed", [7, 0, -3])
def test_sample_i_is_that_of_the_seed_plus_i(loaded: Loaded, generate: Generate, seed: int) -> None:
    chat = chat_of(loaded, temperature=1)

    together = texts(generate(chat, ["Hi"], n=6, seed=seed))

    alone = [texts(generate(chat, ["Hi"], seed=seed + i))[0] for i in range(6)]
    assert together == alone
    assert len(set(together)) == 6


def test_a_seed_gives_the_same_sync_async_and_among_others(loaded: Loaded) -> None:
    chat = chat_of(loaded, temperature=1, seed=5)

    alone = texts(_generate(chat, ["Hi"], n=8))

    assert texts(_agenerate(chat, ["Hi"], n=8)) == alone
    assert texts(_generate(chat, ["why", "Hi", "what " * 50], n=8), 1) == alone
    assert texts(_agenerate(chat, ["why", "Hi", "what " * 50], n=8), 1) == alone


def test_without_a_seed_each_request_is_drawn_anew(loaded: Loaded, generate: Generate) -> None:
    chat = chat_of(loaded, temperature=1)

    assert texts(generate(chat, ["Hi"], n=2)) != texts(generate(chat, ["Hi"], n=2))


def test_several_prompts_go_side_by_side(loaded: Loaded, generate: Generate) -> None:
    chat = chat_of(loaded)
    alone = [texts(generate(chat, [text]), 0) for text in ("Hi", "why", "foxes")]
    with watched(loaded.model) as passes:
        result = generate(chat, ["Hi", "why", "foxes"])

    assert [texts(result, i) for i in range(3)] == alone
    assert max(rows for rows, _ in passes) == 3
    assert all(messages(result, i)[0].usage_metadata for i in range(3))
    assert len({run.run_id for run in result.run or ()}) == 3


def test_a_run_id_names_the_first_of_several(loaded: Loaded, generate: Generate) -> None:
    name = UUID(int=7)

    result = generate(chat_of(loaded), ["Hi", "why"], run_id=name)

    first, second = [run.run_id for run in result.run or ()]
    assert first == name
    assert second != name


def test_batches_are_what_each_would_be_alone(loaded: Loaded) -> None:
    chat = chat_of(loaded)
    asked: list[Any] = ["Hi", "why", "foxes"]

    alone = [chat.invoke(text).content for text in asked]

    assert [reply.content for reply in chat.batch(asked)] == alone
    assert [reply.content for reply in asyncio.run(chat.abatch(asked))] == alone


def test_a_prompt_beyond_the_window_is_refused_and_a_reply_ends_at_it(
    loaded: Loaded, generate: Generate, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = len(chat_ids(loaded, "Hi"))
    monkeypatch.setattr(loaded.model.config, "max_position_embeddings", length + 3)
    assert messages(generate(chat_of(loaded), ["Hi"]))[0].usage_metadata == {
        "input_tokens": length,
        "output_tokens": 3,
        "total_tokens": length + 3,
    }
    monkeypatch.setattr(loaded.model.config, "max_position_embeddings", length)

    with pytest.raises(
        RequestRefusedError, match=f"prompt has {length} tokens and {loaded.name} reads"
    ):
        generate(chat_of(loaded), ["Hi"])
