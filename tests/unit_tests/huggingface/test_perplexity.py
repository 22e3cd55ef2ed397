"""Perplexity is exp(-mean token log-probability), as an independent pass finds it."""

from __future__ import annotations

import asyncio
import math
from statistics import mean
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from cope_graph.errors import InputError
from cope_graph.huggingface import score
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import engine_of
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.score import answer_log_probs
from tests.processes import soon
from tests.unit_tests.huggingface.watched import (
    ask,
    chat_ids,
    chat_of,
    is_growing,
    plain_log_probs,
    slowly,
    watched,
)

QUESTION = [HumanMessage("Hi")]
ANSWERS = ["foxes", "a quick dog jumps", "The answer is \\boxed{42}. " * 4, "日本語 🙂", "?"]


@pytest.fixture
def chat(loaded: Loaded) -> ChatTransformers:
    return chat_of(loaded)


def wanted(loaded: Loaded) -> list[float]:
    prompt = chat_ids(loaded, "Hi")
    found = [plain_log_probs(loaded.model, prompt, loaded.tokens_of(it)) for it in ANSWERS]
    return [math.exp(-mean(values)) for values in found]


def test_it_is_that_of_a_pass_of_its_own(chat: ChatTransformers, loaded: Loaded) -> None:
    found = chat.perplexities(QUESTION, ANSWERS)

    assert found == pytest.approx(wanted(loaded), rel=1e-4)
    assert min(found) >= 1


def test_async_is_the_same(chat: ChatTransformers) -> None:
    assert asyncio.run(chat.aperplexities(QUESTION, ANSWERS)) == chat.perplexities(
        QUESTION, ANSWERS
    )


def test_prompt_and_answers_take_a_pass_each(chat: ChatTransformers, loaded: Loaded) -> None:
    with watched(loaded.model) as passes:
        chat.perplexities(QUESTION, ANSWERS)

    longest = max(len(loaded.tokens_of(answer)) for answer in ANSWERS)
    assert passes == [(1, len(chat_ids(loaded, "Hi"))), (len(ANSWERS), longest)]


def test_answers_whose_logits_are_too_many_go_in_slices(
    chat: ChatTransformers, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = 4 * loaded.model.config.vocab_size
    monkeypatch.setattr(score, "_MOST_LOGIT_BYTES", 7 * len(ANSWERS) * row)
    with watched(loaded.model) as passes:
        found = chat.perplexities(QUESTION, ANSWERS)

    assert len(passes) > 3
    assert max(tokens for _, tokens in passes[1:]) == 7
    assert found == pytest.approx(wanted(loaded), rel=1e-4)


@pytest.mark.parametrize("bytes_", [1, 1 << 28])
def test_an_empty_answer_beside_others_has_no_log_probs(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(score, "_MOST_LOGIT_BYTES", bytes_)
    prompt, answer = chat_ids(loaded, "Hi"), loaded.tokens_of("foxes follow")

    none, some, one = answer_log_probs(loaded.model, prompt, [[], answer, answer[:1]])

    assert none == []
    assert some == pytest.approx(plain_log_probs(loaded.model, prompt, answer), rel=1e-4)
    assert one == pytest.approx(some[:1], rel=1e-6)
    assert answer_log_probs(loaded.model, prompt, []) == []
    assert answer_log_probs(loaded.model, prompt, [[]]) == [[]]


def test_an_empty_answer_is_refused(chat: ChatTransformers) -> None:
    with pytest.raises(InputError, match="empty answer has no log-probabilities"):
        chat.perplexities(QUESTION, ["fox", ""])
    with pytest.raises(InputError, match="empty answer has no log-probabilities"):
        asyncio.run(chat.aperplexities(QUESTION, [""]))


def test_no_answers_have_no_perplexities(chat: ChatTransformers) -> None:
    assert chat.perplexities(QUESTION, []) == []


def test_a_running_generation_is_not_disturbed(chat: ChatTransformers, loaded: Loaded) -> None:
    engine: Any = engine_of(loaded)
    alone = ask(engine, "Hi", 2, temperature=1, limit=60)
    alone.future.result(60)
    with watched(loaded.model, slowly):
        job = ask(engine, "Hi", 2, temperature=1, limit=60)
        assert soon(lambda: is_growing(job))
        found = chat.perplexities(QUESTION, ANSWERS)
        assert not job.future.done()
        job.future.result(60)

    assert found == pytest.approx(wanted(loaded), rel=1e-4)
    assert [it.tokens for it in job.samples] == [it.tokens for it in alone.samples]
