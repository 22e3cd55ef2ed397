"""Decoding without a model: any logits will do under a matcher."""

from __future__ import annotations

from typing import Any

import torch

from cope_graph.huggingface.schema import Matcher

MOST = 600
"""Tokens after which a decode that should have ended is given up."""


def decode(matcher: Matcher, tokenizer: Any, logits: Any, extra: int = 7) -> str:
    """Decode greedily under a matcher; `logits(step, size)` gives those of a step."""
    tokens: list[int] = []
    while not matcher.ended:
        row = logits(len(tokens), len(tokenizer) + extra)
        matcher.allow(row)
        token = int(row.argmax())
        if token == tokenizer.eos_token_id:
            break
        matcher.take(token)
        tokens.append(token)
        assert len(tokens) < MOST, tokenizer.decode(tokens)
    return str(tokenizer.decode(tokens))


def noise(seed: int) -> Any:
    """Give random logits, the same for a seed."""
    random = torch.Generator().manual_seed(seed)
    return lambda _step, size: torch.randn(size, generator=random)


def allowed(matcher: Matcher, tokenizer: Any) -> set[str]:
    row = torch.zeros(len(tokenizer))
    matcher.allow(row)
    return {tokenizer.decode([it]) for it in torch.isfinite(row).nonzero().flatten().tolist()}
