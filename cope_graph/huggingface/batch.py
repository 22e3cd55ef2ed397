"""Samples generated side by side: one forward pass gives each of them its next token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cope_graph.huggingface import prefill
from cope_graph.huggingface.prefill import Context
from cope_graph.huggingface.sample import Sample
from cope_graph.huggingface.sampling import Sampling, choose, penalised

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Prompt:
    """A prompt and the samples to draw of it.

    Attributes:
        tokens: Its token ids.
        samples: Those that begin now.
    """

    tokens: list[int]
    samples: Sequence[Sample]


@dataclass
class Batch:
    """The samples that grow, and what the model has read for each of them.

    Attributes:
        model: A causal model of transformers.
        samples: Those that grow, a row each.
    """

    model: Any
    samples: list[Sample] = field(default_factory=list)
    _prompts: list[list[int]] = field(default_factory=list)
    _context: Context | None = None

    @property
    def takes_more(self) -> bool:
        """Whether prompts may be added now: always when empty, later where rows can be padded."""
        return self._context is None or prefill.can_join(self._context.cache)

    def read(self, prompts: Sequence[Prompt]) -> Context:
        """Read prompts; the batch stays as it is.

        Raises:
            RuntimeError: torch has not enough memory.
        """
        counts = [len(prompt.samples) for prompt in prompts]
        return prefill.read(self.model, [prompt.tokens for prompt in prompts], counts)

    def add(self, prompts: Sequence[Prompt], context: Context) -> None:
        """Begin the samples of prompts that were read; each gets its first token."""
        samples = [sample for prompt in prompts for sample in prompt.samples]
        tokens = [prompt.tokens for prompt in prompts for _ in prompt.samples]
        _choose(context.logits, samples, tokens)
        self._context = prefill.join(self._context, context) if self._context else context
        self.samples += samples
        self._prompts += tokens
        self.drop_ended()

    def step(self) -> None:
        """Give each sample its next token."""
        import torch  # noqa: PLC0415

        context = self._context
        if context is None:
            return
        last = torch.tensor([[s.tokens[-1]] for s in self.samples], device=context.mask.device)
        context.mask = torch.cat([context.mask, torch.ones_like(last)], dim=1)
        context.logits = prefill.forward(self.model, last, context.mask, context.cache)
        _choose(context.logits, self.samples, self._prompts)
        self.drop_ended()

    def drop_ended(self) -> None:
        """Let the samples leave that have ended: the others go on faster."""
        import torch  # noqa: PLC0415

        keep = [i for i, sample in enumerate(self.samples) if sample.finish is None]
        if self._context is None or len(keep) == len(self.samples):
            return
        self.samples = [self.samples[i] for i in keep]
        self._prompts = [self._prompts[i] for i in keep]
        if not keep:
            self._context = None
            return
        prefill.select(self._context, torch.tensor(keep, device=self._context.mask.device))


def _choose(logits: Tensor, samples: Sequence[Sample], prompts: Sequence[Sequence[int]]) -> None:
    """Choose the next token of each sample, with its log-probability at temperature 1."""
    import torch  # noqa: PLC0415

    chosen = torch.empty(len(samples), dtype=torch.long, device=logits.device)
    alike: dict[Sampling, list[int]] = {}
    for i, sample in enumerate(samples):
        alike.setdefault(sample.sampling, []).append(i)
    for sampling, rows in alike.items():
        index = torch.tensor(rows, device=logits.device)
        some = logits[index]  # a copy: what is ruled out here keeps its probability
        for row, i in enumerate(rows):
            _rule(some, row, samples[i], prompts[i])
        uniforms = [samples[i].random.random() if sampling.temperature else 0.0 for i in rows]
        # In float32 the largest of them would round to 1, beyond the last token that may come.
        chosen[index] = choose(some, sampling, torch.tensor(uniforms, dtype=torch.float64))
    picked = logits.gather(-1, chosen[:, None])[:, 0] - logits.logsumexp(-1)
    for sample, token, log_prob in zip(samples, chosen.tolist(), picked.tolist(), strict=True):
        sample.take(token, log_prob)


def _rule(logits: Tensor, row: int, sample: Sample, prompt: Sequence[int]) -> None:
    """Apply what is a sample's own: its penalty and its grammar."""
    import torch  # noqa: PLC0415

    penalty = sample.sampling.repetition_penalty
    if penalty != 1:
        seen = torch.tensor(sorted({*prompt, *sample.tokens}), device=logits.device)
        logits[row] = penalised(logits[row], seen, penalty)
    sample.allow(logits[row])
