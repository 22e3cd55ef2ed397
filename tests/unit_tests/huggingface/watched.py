"""A model under watch, and requests to its engine as tests make them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import torch

from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import Engine
from cope_graph.huggingface.job import Job
from cope_graph.huggingface.load import Options, load
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.sample import Reader, Sample
from cope_graph.huggingface.sampling import Sampling
from cope_graph.huggingface.source import source_of

Shapes = list[tuple[int, int]]


def loading(folder: Path, **options: Any) -> Loaded:
    """Load a model from a folder."""
    return load(source_of(str(folder)), Options(**{"device": "cpu", **options}))


@contextmanager
def watched(model: Any, before: Callable[[int, int], None] | None = None) -> Iterator[Shapes]:
    """List the rows and tokens of each forward pass; `before` is told them first."""
    seen: Shapes = []

    def look(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        rows, tokens = given["input_ids"].shape
        seen.append((rows, tokens))
        if before is not None:
            before(rows, tokens)

    hook = model.register_forward_pre_hook(look, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


def slowly(_rows: int, _tokens: int) -> None:
    """Make each forward pass last a moment."""
    time.sleep(0.005)


def chat_ids(loaded: Loaded, text: str) -> list[int]:
    return loaded.tokens_of(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")


def sample_of(
    loaded: Loaded,
    index: int = 0,
    *,
    seed: int = 0,
    temperature: float = 0,
    limit: int = 30,
    ends: Collection[int] = (2,),
    **more: Any,
) -> Sample:
    given: dict[str, Any] = {"stops": (), "reader": Reader(loaded.tokenizer), **more}
    sampling = Sampling(temperature=temperature)
    return Sample(index, sampling, Random(seed + index), limit, ends=ends, **given)  # noqa: S311


def job_of(loaded: Loaded, text: str, n: int = 1, **more: Any) -> Job:
    """Ask for n samples of a question; see `sample_of` for the rest."""
    samples = [sample_of(loaded, i, **more) for i in range(n)]
    return Job(chat_ids(loaded, text), samples, lambda _sample: None)


def plain_greedy(model: Any, prompt: Sequence[int], limit: int = 30) -> list[int]:
    """Give what transformers' own `generate` says."""
    ids = torch.tensor([list(prompt)])
    with torch.inference_mode():
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=limit, do_sample=False
        )
    told: list[int] = out[0, len(prompt) :].tolist()
    return told


def plain_log_probs(model: Any, prompt: Sequence[int], reply: Sequence[int]) -> list[float]:
    """Give the log-probabilities of a reply by one pass over all of it, without a cache."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[*prompt, *reply]]), use_cache=False).logits
    rows = logits[0].double().log_softmax(-1)[len(prompt) - 1 : -1]
    return [float(row[token]) for row, token in zip(rows, reply, strict=True)]


def ask(engine: Engine, text: str = "Hi", n: int = 1, **more: Any) -> Job:
    """Ask for replies that have no end but their limit."""
    job = job_of(engine.loaded, text, n, **{"ends": (), **more})
    engine.submit(job)
    return job


def tokens(job: Job) -> list[list[int]]:
    return [sample.tokens for sample in job.samples]


def lengths(job: Job) -> list[int]:
    return [len(sample.tokens) for sample in job.samples]


def is_growing(job: Job, least: int = 2) -> bool:
    return all(len(sample.tokens) >= least for sample in job.samples)


def chat_of(loaded: Loaded, **settings: Any) -> ChatTransformers:
    """Serve a model as a chat model, with short replies."""
    given = {"max_tokens": 20, **settings}
    return ChatTransformers.of(loaded.model, loaded.tokenizer, loaded.name, **given)
