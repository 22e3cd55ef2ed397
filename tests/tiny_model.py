"""A tiny random model of real shape, made here: a real tokenizer, template, safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

CHATML: Final = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WITH_TOOLS: Final = (
    "{% if tools %}<|im_start|>system\nTools:{% for tool in tools %}\n{{ tool | tojson }}"
    "{% endfor %}<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] or '' }}"
    "{% for call in message.get('tool_calls') or [] %}\n<tool_call>\n"
    "{{ call.function | tojson }}\n</tool_call>{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_TEXT: Final = [
    "The quick brown fox jumps over the lazy dog, and twelve more foxes follow.",
    'What is 17 + 25? The answer is \\boxed{42}. {"name": "add", "arguments": {"a": 1}}',
    "Zoë said: naïve façade — 日本語 and emoji 🙂 are bytes as well.",
]


def make_tiny_model(
    folder: Path,
    *,
    template: str | None = CHATML,
    seed: int = 0,
    says: str | None = None,
    ends: bool = True,
    **config: Any,
) -> Path:
    """Write a Qwen2 of about 100,000 random weights, that ends its replies now and then.

    Args:
        folder: Where to.
        template: Its chat template, `None` for a model without one.
        seed: Of its weights.
        ends: Whether there is a token that ends its replies.
        says: What it is trained to say, whatever it is asked; it takes a few seconds.
        config: Values for its `Qwen2Config`.
    """
    import torch  # noqa: PLC0415 - heavy
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415
    from transformers import (  # noqa: PLC0415
        PreTrainedTokenizerFast,
        Qwen2Config,
        Qwen2ForCausalLM,
    )

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_TEXT * 20, trainer)
    make: Any = PreTrainedTokenizerFast  # which is not typed
    tokenizer = make(
        tokenizer_object=bpe, eos_token="<|im_end|>" if ends else None, pad_token="<|endoftext|>"
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    shape = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": False,
    }
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            **{**shape, **config},
            vocab_size=len(tokenizer),
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    with torch.no_grad():  # random weights alone would say nearly the same for every token
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(6.0)
    if says:
        _teach(model, tokenizer, says)
    torch.random.set_rng_state(state)
    model.save_pretrained(folder)
    return folder


def _teach(model: Any, tokenizer: Any, says: str) -> None:
    """Train until it says that after any prompt."""
    import torch  # noqa: PLC0415 - heavy

    reply = tokenizer(f"assistant\n{says}<|im_end|>")["input_ids"]
    start = tokenizer.convert_tokens_to_ids("<|im_start|>")
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(150):
        length = int(torch.randint(1, 200, ()))
        prompts = torch.randint(3, len(tokenizer), (8, length))
        rest = torch.tensor([[start, *reply]] * 8)
        tokens = torch.cat([prompts, rest], dim=1)
        labels = tokens.clone()
        labels[:, : length + 4] = -100  # the prompt is not its to say
        loss = model(input_ids=tokens, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
