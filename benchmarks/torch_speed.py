"""Contenders that generate text: the engine, transformers' own `generate`, llama.cpp.

Each takes a size, in tokens, and returns when all samples have that many; it fails if they have
not. See benchmarks/torch_engine.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from cope_graph.huggingface.engine import Engine
from cope_graph.huggingface.loaded import Loaded

Contender = Callable[[int], None]

TEMPERATURE: Final = 0.8
"""Nothing else cuts the distribution, so that all contenders sample alike."""
WARM_UP: Final = 8
IDLE_S: Final = 0.3
"""After each run: the threads of one library may spin for a while, and would slow the next."""


def in_turn(runs: Mapping[str, Contender], size: int, rounds: int) -> dict[str, float]:
    """Give the median seconds of each contender, over rounds in rotating order."""
    for run in runs.values():
        run(min(WARM_UP, size))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            time.sleep(IDLE_S)
            started = time.perf_counter()
            runs[name](size)
            seconds[name].append(time.perf_counter() - started)
    return {name: median(times) for name, times in seconds.items()}


def asked(chat: BaseChatModel, prompts: Sequence[str], n: int = 1, **options: Any) -> Contender:
    """Ask a chat model, for all prompts at the same time."""

    def run(size: int) -> None:
        settings = {"n": n, "max_tokens": size, "temperature": TEMPERATURE, **options}
        replies = chat.batch(list(prompts), {"max_concurrency": len(prompts)}, **settings)
        assert tokens_of(replies) == len(prompts) * n * size, tokens_of(replies)

    return run


def generate(engine: Engine, prompt: str, n: int = 1) -> Contender:
    """Call transformers' `generate` once, as the library loads a model: with its own attention.

    It runs in the engine's thread, since a thread of its own would have torch make a second pool
    of threads.
    """
    model, tokenizer = engine.loaded.model, engine.loaded.tokenizer
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
    )
    read = tokenizer(text, return_tensors="pt", add_special_tokens=False)

    def run(size: int) -> None:
        def work() -> Any:
            given = read.to(model.device)
            return model.generate(
                input_ids=given["input_ids"],
                attention_mask=given["attention_mask"],
                do_sample=True,
                temperature=TEMPERATURE,
                top_k=0,
                num_return_sequences=n,
                max_new_tokens=size,
                eos_token_id=None,
                pad_token_id=tokenizer.pad_token_id,
            )

        with attending(model, "sdpa"):
            out = engine.call(work).result()
        assert out.shape == (n, read["input_ids"].shape[1] + size), out.shape

    return run


@contextmanager
def attending(model: Any, how: str) -> Iterator[None]:
    """Let a model that rests attend in another way for a while."""
    own = model.config._attn_implementation  # noqa: SLF001 - no public reader
    model.set_attn_implementation(how)
    try:
        yield
    finally:
        model.set_attn_implementation(own)


@contextmanager
def endless(loaded: Loaded) -> Iterator[None]:
    """Let no token end a reply for a while: all replies are as long as they may be."""
    own, vars(loaded)["ends"] = loaded.ends, frozenset()
    try:
        yield
    finally:
        vars(loaded)["ends"] = own


def tokens_of(replies: Sequence[AIMessage]) -> int:
    """Count the tokens of replies by their own bill; a request's whole bill is on its first."""
    return sum(reply.usage_metadata["output_tokens"] for reply in replies if reply.usage_metadata)
