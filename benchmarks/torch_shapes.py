"""Random weights in the shape of real models on a GPU, beside what its memory allows.

The floor of a step is the time to read all weights once, at the speed at which this card copies:
no sampler of one token at a time can be faster, whatever it does. See benchmarks/torch_engine.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import median
from string import ascii_letters, digits
from typing import Any, Final

from benchmarks.torch_speed import TEMPERATURE, asked, endless, generate, in_turn
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import engine_of

_SHAPES: Final[dict[str, dict[str, Any]]] = {
    "1.5B": {
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "vocab_size": 151_936,
        "tie_word_embeddings": True,
    },
    "7B": {
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152_064,
        "tie_word_embeddings": False,
    },
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 4096,
        "tie_word_embeddings": False,
    },
}
"""Those of Qwen2.5, and one to try the benchmark itself on a CPU."""
NAMES: Final = tuple(_SHAPES)
_PROMPT: Final = "A farmer has 6 fields. Each field gives 14 sacks of wheat. How many in all? " * 2

HEAD: Final = [
    "shape",
    "n",
    "engine tokens/s",
    "generate, one by one",
    "generate, n at once",
    "memory's limit",
    "/ one by one",
    "/ at once",
    "/ limit",
]


def measure(shape: str, counts: Sequence[int], size: int, rounds: int) -> Iterator[list[str]]:
    """Measure one shape, on the GPU where there is one.

    Args:
        shape: One of `NAMES`.
        counts: Samples of one prompt.
        size: Tokens of each.
        rounds: Of which the median is taken.
    """
    import torch  # noqa: PLC0415

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = _model(shape, device)
    chat = ChatTransformers.of(
        model, _tokenizer(model.config.vocab_size), shape, temperature=TEMPERATURE
    )
    floor_s = _step_bytes(model) / _copied_bytes_per_s(device)
    with endless(chat.load()):
        for n in counts:
            runs = {
                "engine": asked(chat, [_PROMPT], n),
                "one": generate(engine_of(chat.load()), _PROMPT),
                "at once": generate(engine_of(chat.load()), _PROMPT, n),
            }
            took = in_turn(runs, size, rounds)
            ours, plain, limit = n * size / took["engine"], size / took["one"], n / floor_s
            at_once = n * size / took["at once"]
            speeds = [f"{speed:,.0f}" for speed in (ours, plain, at_once, limit)]
            ratios = [f"{ours / other:.2f}" for other in (plain, at_once, limit)]
            yield [shape, str(n), *speeds, *ratios]


def _model(shape: str, device: Any) -> Any:
    """Make a model on its device; its weights are random."""
    import torch  # noqa: PLC0415
    from transformers import Qwen2Config, Qwen2ForCausalLM  # noqa: PLC0415

    config = Qwen2Config(**_SHAPES[shape], max_position_embeddings=32_768, dtype="bfloat16")
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:
            model: Any = Qwen2ForCausalLM(config)
            return model.eval()
    finally:
        torch.set_default_dtype(torch.float32)


def _tokenizer(size: int) -> Any:
    """Make a tokenizer that reads bytes, and whose every token writes a text, as real ones do."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    letters = ascii_letters + digits
    vocab = {letter: i for i, letter in enumerate(pre_tokenizers.ByteLevel.alphabet())}
    for i in range(len(vocab), size):
        third, rest = divmod(i, len(letters) ** 2)
        second, first = divmod(rest, len(letters))
        vocab[f"Ġ{letters[third]}{letters[second]}{letters[first]}"] = i
    bpe = Tokenizer(models.BPE(vocab, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    make: Any = PreTrainedTokenizerFast  # which is not typed
    return make(
        tokenizer_object=bpe,
        pad_token="!",  # noqa: S106 - no secret
        chat_template="{{ messages[0]['content'] }}",
    )


def _step_bytes(model: Any) -> int:
    """Count the bytes of weights that a step reads: of an input embedding it takes a few rows."""
    embedding = model.get_input_embeddings().weight
    read = [w for w in model.parameters() if w is not embedding or _is_tied(model)]
    return sum(w.numel() * w.element_size() for w in read)


def _is_tied(model: Any) -> bool:
    return model.get_output_embeddings().weight is model.get_input_embeddings().weight


def _copied_bytes_per_s(device: Any) -> float:
    """Measure how fast memory is copied; each byte is read and written."""
    import torch  # noqa: PLC0415

    size = 2**30 if device.type == "cuda" else 2**27
    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.zeros_like(source)
    times = []
    for _ in range(10):
        started = time.perf_counter()
        target.copy_(source)
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return 2 * size / median(times)
