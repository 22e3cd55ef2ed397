"""Grouped attention gives what transformers' sdpa gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from cope_graph.huggingface.attention import NAME, register


def grouped(*given: Any, **options: Any) -> Tensor:
    make: Any = AttentionInterface  # which is not typed
    out: Tensor = make()[register()](*given, **options)[0]
    return out


def theirs(*given: Any, **options: Any) -> Tensor:
    attend: Any = sdpa_attention_forward
    out: Tensor = attend(*given, **options)[0]
    return out


def made(rows: int, heads: int, groups: int, tokens: int, length: int, value_size: int) -> Any:
    random = torch.Generator().manual_seed(rows * 1000 + heads * 100 + tokens)
    module = SimpleNamespace(num_key_value_groups=heads // groups, is_causal=True, training=False)
    shapes = [(heads, length, 16), (groups, tokens, 16), (groups, tokens, value_size)]
    return module, *(torch.randn(rows, *shape, generator=random) for shape in shapes)


def padding(rows: int, tokens: int, length: int = 1) -> Tensor:
    """Hide the first tokens of each row, of each another number."""
    hidden = torch.arange(rows)[:, None] % tokens
    seen = torch.arange(tokens)[None] >= hidden
    return seen[:, None, None].expand(rows, 1, length, tokens)


@given(
    rows=st.integers(1, 9),
    groups=st.integers(1, 4),
    each=st.integers(1, 4),
    tokens=st.integers(1, 40),
    value_size=st.sampled_from([16, 8]),
    masked=st.booleans(),
    scaling=st.sampled_from([None, 0.1, 1.0]),
)
@settings(max_examples=80, deadline=None)
def test_one_token_attends_as_in_sdpa(
    rows: int,
    groups: int,
    each: int,
    tokens: int,
    value_size: int,
    *,
    masked: bool,
    scaling: float | None,
) -> None:
    qkv = made(rows, groups * each, groups, tokens, 1, value_size)
    mask = padding(rows, tokens) if masked else None

    ours = grouped(*qkv, mask, scaling=scaling)

    wanted = theirs(*qkv, mask, scaling=scaling)
    assert ours.shape == wanted.shape == (rows, 1, groups * each, value_size)
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-5)


def test_a_mask_for_all_rows_serves_each() -> None:
    qkv = made(3, 4, 2, 7, 1, 16)
    mask = padding(1, 7)

    assert torch.allclose(grouped(*qkv, mask), theirs(*qkv, mask), atol=1e-5)


def test_half_precision_comes_back_as_it_came() -> None:
    module, *tensors = made(2, 4, 2, 9, 1, 16)
    halves = [tensor.to(torch.bfloat16) for tensor in tensors]

    out = grouped(module, *halves, None)

    assert out.dtype == torch.bfloat16
    assert torch.allclose(out.float(), theirs(module, *tensors, None), atol=0.05)


@pytest.mark.parametrize("masked", [False, True])
def test_longer_queries_are_left_to_sdpa(*, masked: bool) -> None:
    qkv = made(2, 4, 2, 5, 5, 16)
    mask = (padding(2, 5, 5) & torch.ones(5, 5, dtype=torch.bool).tril()) if masked else None

    assert torch.equal(grouped(*qkv, mask).nan_to_num(), theirs(*qkv, mask).nan_to_num())


def test_a_loaded_model_uses_it_on_the_processor(loaded: Any) -> None:
    assert loaded.model.config._attn_implementation == NAME
