"""From logits to the next token: temperature, top-k, top-p, min-p, repetition penalty.

The order and meaning are those of transformers' `generate`. It is written anew for speed alone: the
library sorts the whole vocabulary for top-p, which on a CPU takes a good part of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor

_CANDIDATES: Final = 1024
"""How many of the likeliest tokens are looked at before the whole vocabulary is sorted."""

_BLOCK: Final = 512


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the likeliest token.
        top_k: Only the k likeliest; 0 for all.
        top_p: Only the likeliest that make up this probability.
        min_p: Only those at least this likely, beside the likeliest.
        repetition_penalty: Divides the logits of tokens seen before (Keskar et al., 2019).
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0


def choose(logits: Tensor, sampling: Sampling, uniforms: Tensor) -> Tensor:
    """Choose a token for each row.

    Args:
        logits: Float32, rows x vocabulary.
        sampling: How.
        uniforms: A random number in [0, 1) for each row, on any device: the same number and the
            same logits give the same token.

    Returns:
        A token id for each row.
    """
    import torch  # noqa: PLC0415

    if sampling.temperature == 0:
        return logits.argmax(-1)
    device = logits.device
    logits = (logits.cpu() if device.type == "mps" else logits) / sampling.temperature  # no doubles
    ids: Tensor | None = None
    if sampling.top_k or sampling.top_p < 1:
        logits, ids = _likeliest(logits, sampling)
    if sampling.min_p:
        least = logits.amax(-1, keepdim=True) + torch.log(torch.tensor(sampling.min_p))
        logits = logits.masked_fill(logits < least, float("-inf"))
    place = _drawn(logits.softmax(-1), uniforms)
    return (place if ids is None else ids.gather(-1, place))[:, 0].to(device)


def _drawn(probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """Draw a place for each row: first a block of places, then one in it, which is far faster.

    In double: the sum of 150,000 small probabilities loses the last of them otherwise.
    """
    import torch  # noqa: PLC0415

    rows, size = probabilities.shape
    padded = torch.nn.functional.pad(probabilities, (0, -size % _BLOCK)).view(rows, -1, _BLOCK)
    blocks = padded.sum(-1).double().cumsum(-1)
    wanted = uniforms.to(blocks)[:, None] * blocks[:, -1:]
    block = _first_above(blocks, wanted)
    before = torch.nn.functional.pad(blocks, (1, 0)).gather(-1, block)
    inside = padded[torch.arange(rows, device=block.device), block[:, 0]].double().cumsum(-1)
    return block * _BLOCK + _first_above(inside, wanted - before)


def _first_above(sums: Tensor, wanted: Tensor) -> Tensor:
    """Find where sums first exceed a value, at the latest where they come to their end."""
    import torch  # noqa: PLC0415

    end = (sums < sums[:, -1:]).sum(-1, keepdim=True)
    return torch.minimum(torch.searchsorted(sums, wanted, right=True), end)


def penalised(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make the tokens seen before less likely.

    Args:
        logits: Of one row, over the vocabulary.
        seen: Token ids of prompt and reply.
        penalty: Above 1 makes them less likely.
    """
    scores = logits[seen]
    return logits.index_put((seen,), (scores / penalty).where(scores > 0, scores * penalty))


def _likeliest(logits: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Give the candidates of top-k and top-p, likeliest first, with their token ids."""
    size = logits.shape[-1]
    k = min(sampling.top_k or _CANDIDATES, size)
    values, ids = logits.topk(k, sorted=True)
    if sampling.top_p >= 1:
        return values, ids
    total = (values if sampling.top_k else logits).logsumexp(-1, keepdim=True)
    sums = (values - total).exp().cumsum(-1)
    if not sampling.top_k and k < size and bool((sums[:, -1] < sampling.top_p).any()):
        values, ids = logits.sort(-1, descending=True)
        sums = (values - total).exp().cumsum(-1)
    before = sums - (values - total).exp()
    return values.masked_fill(before >= sampling.top_p, float("-inf")), ids
