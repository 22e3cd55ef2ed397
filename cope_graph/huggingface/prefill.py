"""Reading prompts: each once, however many samples are drawn of it; what they share, once for all.

A cache here holds the keys and values of a batch, flush right: a shorter row begins with padding
that its mask hides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from inspect import signature
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

_WORTH_SHARING: Final = 32
"""Tokens that prompts must share before reading them apart pays for the second pass."""
_LONG: Final = 1024
"""Prompt tokens that keep a CPU busy; fewer of them wait for the weights, and share them."""
_MASKED: Final = 1.4
"""How much longer a token takes on a CPU in a pass with a mask than in one without (measured:
benchmarks/torch_engine.py, eight prompts of 1,000 tokens)."""


@dataclass
class Context:
    """What a model has read, for a batch of rows.

    Attributes:
        cache: transformers' cache, of as many rows.
        mask: Rows x tokens, 1 where there is a token and 0 where there is padding.
        logits: Rows x vocabulary, float32: what may come next.
    """

    cache: Any
    mask: Tensor
    logits: Tensor


def read(model: Any, prompts: Sequence[list[int]], counts: Sequence[int]) -> Context:
    """Read prompts, and make room for the samples of each.

    Args:
        model: A causal model of transformers.
        prompts: Token ids of each, none empty.
        counts: Samples of each.

    Returns:
        The context of all samples, those of a prompt side by side.
    """
    import torch  # noqa: PLC0415

    context = _read(model, prompts)
    if any(count > 1 for count in counts):
        index = torch.arange(len(prompts)).repeat_interleave(torch.tensor(counts))
        select(context, index.to(context.mask.device))
    return context


def select(context: Context, index: Tensor) -> None:
    """Keep these rows, in this order; a row may be taken many times."""
    context.cache.reorder_cache(index)
    context.mask = context.mask[index]
    context.logits = context.logits[index]


def can_join(cache: Any) -> bool:
    """Tell whether rows can be padded: not where a layer keeps a window or a running state."""
    from transformers.cache_utils import DynamicLayer  # noqa: PLC0415

    return all(type(layer) is DynamicLayer for layer in cache.layers)


def join(one: Context, other: Context) -> Context:
    """Put two contexts below each other, the shorter one padded on the left."""
    import torch  # noqa: PLC0415

    length = max(one.mask.shape[1], other.mask.shape[1])

    def below(a: Tensor, b: Tensor, dim: int) -> Tensor:
        return torch.cat([_padded(a, length, dim), _padded(b, length, dim)])

    for a, b in zip(one.cache.layers, other.cache.layers, strict=True):
        a.keys, a.values = below(a.keys, b.keys, -2), below(a.values, b.values, -2)
    mask = below(one.mask, other.mask, -1)
    return Context(one.cache, mask, torch.cat([one.logits, other.logits]))


def forward(model: Any, tokens: Tensor, mask: Tensor, past: Any) -> Tensor:
    """Read on.

    Args:
        model: A causal model of transformers.
        tokens: Rows x new tokens.
        mask: Rows x all tokens, the new ones included.
        past: The cache of what was read before; the new tokens are added to it.

    Returns:
        Logits after the last token: rows x vocabulary, float32.
    """
    length = tokens.shape[1]
    options: dict[str, Any] = (
        {"logits_to_keep": 1} if _keeps_some_logits(type(model).forward) else {}
    )
    if not bool(mask.all()):
        # Positions count tokens, not padding.
        places = (mask.cumsum(-1) - 1).clamp(min=0)[:, -length:]
        options |= {"attention_mask": mask, "position_ids": places}
    out = model(input_ids=tokens, past_key_values=past, use_cache=True, **options)
    logits: Tensor = out.logits[:, -1].float()
    return logits


@cache
def _keeps_some_logits(of: Callable[..., Any]) -> bool:
    """Tell whether a model can leave out the logits that nobody looks at."""
    return "logits_to_keep" in signature(of).parameters


def _read(model: Any, prompts: Sequence[list[int]]) -> Context:
    import torch  # noqa: PLC0415
    from transformers import DynamicCache  # noqa: PLC0415

    past: Any = DynamicCache(config=model.config)
    device = model.device
    shared = _shared(prompts) if can_join(past) else 0
    if device.type == "cpu" and can_join(past) and _are_faster_alone(prompts, shared):
        return reduce(join, (_read(model, [prompt]) for prompt in prompts))
    if shared:
        prefix = torch.tensor([list(prompts[0][:shared])], device=device)
        forward(model, prefix, torch.ones_like(prefix), past)
        past.reorder_cache(torch.zeros(len(prompts), dtype=torch.long, device=device))
    rest = [list(prompt[shared:]) for prompt in prompts]
    longest = max(map(len, rest))
    padding = [[0] * (longest - len(ids)) for ids in rest]
    tokens = torch.tensor([pad + ids for pad, ids in zip(padding, rest, strict=True)])
    seen = [[1] * shared + [0] * len(pad) + [1] * (longest - len(pad)) for pad in padding]
    mask = torch.tensor(seen, device=device)
    logits = forward(model, tokens.to(device), mask, past)
    return Context(past, mask, logits)


def _are_faster_alone(prompts: Sequence[list[int]], shared: int) -> bool:
    """Tell whether a CPU, busy with one long prompt, gains nothing by reading several at once."""
    alone, longest = sum(map(len, prompts)), max(map(len, prompts))
    together = shared + len(prompts) * (longest - shared)
    return len(prompts) > 1 and alone > _LONG and alone < _MASKED * together


def _shared(prompts: Sequence[list[int]]) -> int:
    """Count the tokens that all prompts begin with; each keeps one of its own at least."""
    if len(prompts) < 2:  # noqa: PLR2004
        return 0
    # What the first and the last in order share, all share.
    pairs = zip(min(prompts), max(prompts), strict=False)
    length = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    length = min(length, min(map(len, prompts)) - 1)
    return length if length >= _WORTH_SHARING else 0


def _padded(tensor: Tensor, length: int, dim: int) -> Tensor:
    import torch  # noqa: PLC0415

    missing = length - tensor.shape[dim]
    if not missing:
        return tensor
    shape = list(tensor.shape)
    shape[dim] = missing
    return torch.cat([tensor.new_zeros(shape), tensor], dim)
