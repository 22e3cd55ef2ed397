"""Attention of one new token over the cache, on a CPU.

torch's fused attention is made for long queries: with one query a row it takes about a third of a
step of eight rows on a CPU. Grouped by key head, the same sums are two plain matrix products, and
no key is copied for its query heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

NAME: Final = "cope_grouped"


def register() -> str:
    """Make it known to transformers.

    Returns:
        The name to give to `set_attn_implementation`.
    """
    from transformers import AttentionInterface  # noqa: PLC0415
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask  # noqa: PLC0415

    AttentionInterface.register(NAME, _grouped)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


def _grouped(  # noqa: PLR0913, PLR0917 - transformers' own signature
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **options: Any,
) -> tuple[Tensor, Tensor | None]:
    """Attend as transformers' sdpa does; queries of more than one token are left to it.

    Shapes: query (rows, heads, 1, size), key and value (rows, key heads, tokens, size), mask (rows
    or 1, 1, 1, tokens), true where a token may be seen.
    """
    rows, heads, length, size = query.shape
    if length > 1 or options.get("position_bias") is not None:
        from transformers.integrations.sdpa_attention import (  # noqa: PLC0415
            sdpa_attention_forward,
        )

        found: tuple[Tensor, Tensor | None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
        return found
    groups = key.shape[1]
    grouped = query.reshape(rows, groups, heads // groups, size)
    scores = (grouped @ key.transpose(-1, -2)).float() * (scaling or size**-0.5)
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, float("-inf"))
    out = scores.softmax(-1).to(value.dtype) @ value
    return out.reshape(rows, 1, heads, value.shape[-1]), None
