"""Samples that grow side by side say what each would say alone, and are paid for once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import torch

from cope_graph.huggingface.batch import Batch, Prompt
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.sample import Sample
from cope_graph.huggingface.sampling import Sampling
from tests.unit_tests.huggingface.watched import (
    chat_ids,
    plain_greedy,
    plain_log_probs,
    sample_of,
    watched,
)

LONG = "a longer question about foxes and the lazy dog " * 3
QUESTIONS = ["Hi", LONG, "the lazy dog", LONG + " why"]
Group = list[tuple[str, int]]


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def begin(loaded: Loaded, batch: Batch, group: Group, **more: Any) -> list[Prompt]:
    prompts = [
        Prompt(chat_ids(loaded, text), [sample_of(loaded, i, **more) for i in range(n)])
        for text, n in group
    ]
    batch.add(prompts, batch.read(prompts))
    return prompts


def finish(batch: Batch) -> None:
    while batch.samples:
        batch.step()


GROUPS: dict[str, list[Group]] = {
    "one": [[("Hi", 1)]],
    "eight of one prompt": [[(LONG, 8)]],
    "prompts of different length": [[(text, 1) for text in QUESTIONS]],
    "prompts with a long beginning in common": [[(LONG, 3), (LONG + " why", 2)]],
    "one prompt is the beginning of another": [[("Hi " * 50, 1), ("Hi " * 60, 1)]],
    "the same prompt twice": [[(LONG, 1), (LONG, 1)]],
    "joining a batch that grows": [[("Hi", 2)], [(LONG, 1), (LONG + " why", 2)], [("dog", 4)]],
    "a longer one joins": [[("Hi", 1)], [(LONG, 1)]],
    "long prompts that share nothing": [[("fox " * 300, 2), ("why " * 350, 1), ("Hi", 1)]],
    "a shorter one joins": [[(LONG, 1)], [("Hi", 1)]],
}


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
def test_greedy_tokens_are_those_of_generate(loaded: Loaded, groups: list[Group]) -> None:
    batch, began = Batch(loaded.model), list[Prompt]()
    for group in groups:
        began += begin(loaded, batch, group)
        for _ in range(3):
            batch.step()
    finish(batch)

    for prompt in began:
        wanted = plain_greedy(loaded.model, prompt.tokens)
        assert [sample.tokens for sample in prompt.samples] == [wanted] * len(prompt.samples)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
def test_log_probs_are_those_of_a_pass_of_its_own(
    loaded: Loaded, groups: list[Group], temperature: float
) -> None:
    batch, began = Batch(loaded.model), list[Prompt]()
    for group in groups:
        began += begin(loaded, batch, group, temperature=temperature)
        batch.step()
    finish(batch)

    for prompt in began:
        for sample in prompt.samples:
            wanted = plain_log_probs(loaded.model, prompt.tokens, sample.tokens)
            assert sample.log_probs == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_a_prompt_of_eight_samples_goes_through_the_model_once(loaded: Loaded) -> None:
    with watched(loaded.model) as passes:
        (prompt,) = begin(loaded, Batch(loaded.model), [(LONG, 8)])

    assert passes == [(1, len(prompt.tokens))]


def test_what_prompts_share_goes_through_the_model_once(loaded: Loaded) -> None:
    with watched(loaded.model) as passes:
        one, other = begin(loaded, Batch(loaded.model), [(LONG, 4), (LONG + " why not", 4)])

    shared, rest = passes
    assert shared[0] == 1
    assert shared[1] > 0.8 * len(one.tokens)
    assert rest == (2, len(other.tokens) - shared[1])


def test_a_short_beginning_in_common_is_not_worth_a_pass(loaded: Loaded) -> None:
    with watched(loaded.model) as passes:
        begin(loaded, Batch(loaded.model), [("Hi", 1), ("Ho", 1)])

    assert len(passes) == 1


def test_samples_leave_when_they_have_ended(loaded: Loaded) -> None:
    prompt = chat_ids(loaded, "Hi")
    samples = [sample_of(loaded, i, limit=i + 2, ends=(), temperature=1) for i in range(4)]
    batch = Batch(loaded.model)
    with watched(loaded.model) as passes:
        batch.add([Prompt(prompt, samples)], batch.read([Prompt(prompt, samples)]))
        finish(batch)

    assert [rows for rows, _ in passes[1:]] == [4, 3, 2, 1]
    assert [len(sample.tokens) for sample in samples] == [2, 3, 4, 5]


def test_a_sample_that_is_ended_from_outside_leaves_and_the_others_go_on(loaded: Loaded) -> None:
    batch = Batch(loaded.model)
    (prompt,) = begin(loaded, batch, [("Hi", 3)], ends=())
    prompt.samples[1].end("not_needed")
    batch.drop_ended()
    assert batch.samples == [prompt.samples[0], prompt.samples[2]]
    finish(batch)

    wanted = plain_greedy(loaded.model, prompt.tokens, 1)
    assert prompt.samples[1].tokens == wanted
    assert [len(prompt.samples[i].tokens) for i in (0, 2)] == [30, 30]


def test_a_batch_that_everyone_left_is_as_new(loaded: Loaded) -> None:
    batch = Batch(loaded.model)
    begin(loaded, batch, [(LONG, 2)], limit=1)
    assert batch.samples == []
    batch.step()  # nothing to do

    (prompt,) = begin(loaded, batch, [("Hi", 1)])
    finish(batch)
    assert prompt.samples[0].tokens == plain_greedy(loaded.model, prompt.tokens)


def test_samples_with_settings_of_their_own_share_a_batch(loaded: Loaded) -> None:
    def samples() -> list[Sample]:
        settings = [Sampling(0), Sampling(1.0), Sampling(0.5, top_k=5), Sampling(1, top_p=0.5)]
        settings.append(Sampling(0, repetition_penalty=1.5))
        made = [sample_of(loaded, i) for i in range(len(settings))]
        for sample, sampling in zip(made, settings, strict=True):
            sample.sampling = sampling
        return made

    together, alone = samples(), samples()
    tokens = chat_ids(loaded, "Hi")
    for group in (together, *([one] for one in alone)):
        batch, prompts = Batch(loaded.model), [Prompt(tokens, group)]
        batch.add(prompts, batch.read(prompts))
        finish(batch)

    assert [one.tokens for one in together] == [one.tokens for one in alone]
    assert len({tuple(one.tokens) for one in together}) == len(together)


class Last(Random):
    """Always the largest number."""

    def random(self) -> float:
        return math.nextafter(1, 0)


class NotTheLast:
    """A grammar that rules out the second half of the vocabulary."""

    ended = False

    def allow(self, logits: torch.Tensor) -> None:
        logits[len(logits) // 2 :] = float("-inf")

    def take(self, token: int) -> None:
        pass


def test_the_largest_random_number_draws_no_token_that_was_ruled_out(loaded: Loaded) -> None:
    sample = sample_of(loaded, temperature=1, ends=(), matcher=NotTheLast())
    sample.random = Last()
    prompts, batch = [Prompt(chat_ids(loaded, "Hi"), [sample])], Batch(loaded.model)
    batch.add(prompts, batch.read(prompts))
    finish(batch)

    assert max(sample.tokens) < len(loaded.tokenizer) // 2


def test_what_a_grammar_rules_out_keeps_the_log_probs_of_the_model(loaded: Loaded) -> None:
    sample = sample_of(loaded, ends=(), matcher=NotTheLast())
    prompt = Prompt(chat_ids(loaded, "Hi"), [sample])
    batch = Batch(loaded.model)
    batch.add([prompt], batch.read([prompt]))
    finish(batch)

    wanted = plain_log_probs(loaded.model, prompt.tokens, sample.tokens)
    assert sample.log_probs == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_a_cpu_reads_long_prompts_that_share_nothing_one_by_one(loaded: Loaded) -> None:
    batch = Batch(loaded.model)
    with watched(loaded.model) as passes:
        begin(loaded, batch, [("fox " * 300, 1), ("why " * 350, 1)])
        long = list(passes)
        begin(loaded, Batch(loaded.model), [("fox", 1), ("why", 1)])
    assert [rows for rows, _ in long] == [1, 1]
    assert [rows for rows, _ in passes[2:]] == [2]
