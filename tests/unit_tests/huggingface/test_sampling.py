"""Tokens are drawn from the very distribution of transformers' own processors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cope_graph.huggingface.sampling import Sampling, choose, penalised

library: Any = transformers  # which is not typed

SAMPLING = st.builds(
    Sampling,
    temperature=st.sampled_from([0.1, 0.5, 0.8, 1.0, 1.7, 3.0]),
    top_k=st.sampled_from([0, 0, 1, 2, 5, 20, 500]),
    top_p=st.sampled_from([1.0, 1.0, 0.05, 0.3, 0.8, 0.95, 0.999]),
    min_p=st.sampled_from([0.0, 0.0, 0.01, 0.1, 0.5, 1.0]),
    repetition_penalty=st.sampled_from([1.0, 0.7, 1.1, 2.0]),
)


def theirs(logits: Tensor, sampling: Sampling, seen: list[int]) -> Tensor:
    """Give the library's probabilities, its processors in the order of its `generate`."""
    ids, scores = torch.tensor([seen], dtype=torch.long), logits[None]
    steps = [
        library.RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty),
        library.TemperatureLogitsWarper(sampling.temperature),
        *([library.TopKLogitsWarper(sampling.top_k)] if sampling.top_k else []),
        *([library.TopPLogitsWarper(sampling.top_p)] if sampling.top_p < 1 else []),
        *([library.MinPLogitsWarper(sampling.min_p)] if sampling.min_p else []),
    ]
    for step in steps:
        scores = step(ids, scores)
    return scores[0].double().softmax(-1)


def drawn(logits: Tensor, sampling: Sampling, rows: int) -> Tensor:
    """Give the share of each token among rows whose uniforms are spread evenly over [0, 1)."""
    uniforms = (torch.arange(rows) + 0.5) / rows
    tokens = choose(logits.expand(rows, -1), sampling, uniforms)
    return torch.bincount(tokens, minlength=len(logits)).double() / rows


def noise(size: int, spread: float, seed: int) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed)) * spread


@given(
    sampling=SAMPLING,
    size=st.integers(2, 60),
    spread=st.sampled_from([0.3, 2.0, 8.0]),
    seed=st.integers(0, 10_000),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_shares_are_the_librarys_probabilities(
    sampling: Sampling, size: int, spread: float, seed: int, data: st.DataObject
) -> None:
    logits = noise(size, spread, seed)
    seen = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5))
    ours = penalised(logits, torch.tensor(sorted(set(seen))), sampling.repetition_penalty)

    shares = drawn(ours, sampling, 1000)

    # A token has an interval of its own, so evenly spread uniforms miss it by one at most.
    assert (shares - theirs(logits, sampling, seen)).abs().max() <= 1 / 1000 + 1e-6


@pytest.mark.parametrize("top_p", [0.9, 0.999])
def test_top_p_beyond_the_candidates_is_the_librarys(top_p: float) -> None:
    logits, sampling = noise(2000, 0.05, 1), Sampling(temperature=1.0, top_p=top_p)

    shares = drawn(logits, sampling, 5000)

    wanted = theirs(logits, sampling, [0])
    assert 1024 < int((wanted > 0).sum()) < 2000
    assert torch.equal(shares > 0, wanted > 0)
    assert (shares - wanted).abs().max() <= 1 / 5000 + 1e-6


def test_a_peaked_row_beside_a_flat_one_keeps_its_own_candidates() -> None:
    flat, peaked = noise(2000, 0.05, 1), noise(2000, 3.0, 2)
    sampling = Sampling(temperature=1.0, top_p=0.9)
    uniforms = torch.linspace(0, 0.999, 40)

    together = choose(
        torch.cat([flat.expand(40, -1), peaked.expand(40, -1)]), sampling, uniforms.repeat(2)
    )

    assert together[40:].tolist() == choose(peaked.expand(40, -1), sampling, uniforms).tolist()
    assert together[:40].tolist() == choose(flat.expand(40, -1), sampling, uniforms).tolist()


def test_each_token_of_a_large_vocabularys_tail_can_be_drawn() -> None:
    logits = torch.full((150_000,), -5.5)
    logits[0] = 12.0
    sure, *_, each = logits.double().softmax(-1).tolist()  # 2.5e-8: float32 would skip every other
    uniforms = sure + each * (1000 + torch.arange(50, dtype=torch.float64))

    tokens = choose(logits.expand(50, -1), Sampling(temperature=1.0), uniforms).tolist()

    assert len(set(tokens)) >= 49
    assert 900 < min(tokens) < max(tokens) < 1200


def test_temperature_zero_takes_the_likeliest_whatever_else_is_set() -> None:
    logits = torch.stack([noise(50, 2.0, seed) for seed in range(9)])
    sampling = Sampling(temperature=0, top_k=3, top_p=0.5, min_p=0.1)

    assert choose(logits, sampling, torch.rand(9)).tolist() == logits.argmax(-1).tolist()


@given(sampling=SAMPLING, uniform=st.floats(0, 0.99999), seed=st.integers(0, 100))
@settings(max_examples=50, deadline=None)
def test_the_same_number_and_logits_give_the_same_token_whoever_is_beside(
    sampling: Sampling, uniform: float, seed: int
) -> None:
    logits, other = noise(50, 2.0, seed), noise(50, 2.0, seed + 1)
    alone = choose(logits[None], sampling, torch.tensor([uniform]))

    among = choose(torch.stack([other, logits, other]), sampling, torch.tensor([0.1, uniform, 0.9]))

    assert int(among[1]) == int(alone[0])


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.5, 0.9999999]))
@settings(max_examples=50, deadline=None)
def test_a_token_that_was_ruled_out_never_comes(seed: int, uniform: float) -> None:
    logits = noise(40, 2.0, seed)
    barred = noise(40, 1.0, seed + 1) > -1  # a grammar may leave few
    barred[seed % 40] = False
    logits[barred] = float("-inf")
    for sampling in (Sampling(0), Sampling(1.0), Sampling(1.0, top_k=20), Sampling(2.0, top_p=0.9)):
        token = int(choose(logits[None], sampling, torch.tensor([uniform])))
        assert not barred[token], sampling


def test_a_penalty_changes_only_what_was_seen() -> None:
    logits = torch.tensor([2.0, -2.0, 0.0, 4.0])

    assert penalised(logits, torch.tensor([0, 1]), 2.0).tolist() == [1.0, -4.0, 0.0, 4.0]
    assert logits.tolist() == [2.0, -2.0, 0.0, 4.0]
