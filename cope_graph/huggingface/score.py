"""How likely a model finds texts that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from cope_graph.huggingface import prefill

if TYPE_CHECKING:
    from torch import Tensor

_MOST_LOGIT_BYTES: Final = 1 << 28
"""Logits of one forward pass: longer answers go through the model in slices, on the same cache."""


def answer_log_probs(
    model: Any, prompt: list[int], answers: Sequence[Sequence[int]]
) -> list[list[float]]:
    """Give the log-probability of each token of each answer to one prompt.

    The prompt is read once; the answers side by side, in one forward pass where their logits fit
    into 256 MiB, else in slices of it.

    Args:
        model: A causal model of transformers.
        prompt: Its token ids.
        answers: Those of each answer; an empty one has no log-probabilities.
    """
    import torch  # noqa: PLC0415

    longest = max(map(len, answers), default=0)
    found: list[list[float]] = [[] for _ in answers]
    if not longest:
        return found
    with torch.inference_mode():
        context = prefill.read(model, [prompt], [len(answers)])
        padded = [[*answer, *[0] * (longest - len(answer))] for answer in answers]
        tokens = torch.tensor(padded, device=context.mask.device)
        before = context.logits[:, None]  # what the prompt says of the first token
        vocabulary = before.shape[-1]
        width = max(1, _MOST_LOGIT_BYTES // (4 * len(answers) * vocabulary))
        for first, end in pairwise([*range(0, longest, width), longest]):
            piece = tokens[:, first:end]
            out = model(input_ids=piece, past_key_values=context.cache, use_cache=True)
            logits = torch.cat([before, out.logits.float()], dim=1)
            before = logits[:, -1:]
            for row, values in enumerate(_of(logits[:, :-1], piece).tolist()):
                found[row] += values
    return [values[: len(answer)] for values, answer in zip(found, answers, strict=True)]


def _of(logits: Tensor, tokens: Tensor) -> Tensor:
    """Pick the log-probability of each token: rows x tokens."""
    chosen = logits.gather(-1, tokens[..., None])[..., 0]
    return chosen - logits.logsumexp(-1)
