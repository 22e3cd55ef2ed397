"""Models of many makes say side by side what each says in `generate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import transformers

from cope_graph.huggingface.attention import register
from cope_graph.huggingface.batch import Batch, Prompt
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.memory import cache_bytes
from cope_graph.huggingface.prefill import can_join
from cope_graph.huggingface.score import answer_log_probs
from tests.unit_tests.huggingface.watched import plain_greedy, plain_log_probs, sample_of

library: Any = transformers  # which is not typed

SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
}
EXPERTS = {"num_experts_per_tok": 1, "moe_intermediate_size": 32}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "sliding window": ("MistralConfig", {**SHAPE, "sliding_window": 16}),
    "Gemma 2": ("Gemma2Config", {**SHAPE, "head_dim": 16, "sliding_window": 16}),
    "Gemma 3": ("Gemma3TextConfig", {**SHAPE, "head_dim": 16, "sliding_window": 16}),
    "Llama": ("LlamaConfig", SHAPE),
    "Phi 3": ("Phi3Config", SHAPE),
    "GPT-2": (
        "GPT2Config",
        {"n_embd": 64, "n_layer": 2, "n_head": 4, "eos_token_id": 2, "bos_token_id": 1},
    ),
    "gpt-oss": (
        "GptOssConfig",
        {**SHAPE, "head_dim": 16, "num_local_experts": 2, "num_experts_per_tok": 1}
        | {"sliding_window": 16},
    ),
    "LFM2": ("Lfm2Config", {**SHAPE, "layer_types": ["conv", "full_attention"]}),
    "Qwen3-Next": (
        "Qwen3NextConfig",
        {**SHAPE, **EXPERTS, "num_hidden_layers": 4, "head_dim": 16, "num_experts": 2}
        | {"shared_expert_intermediate_size": 32}
        | {"linear_num_key_heads": 2, "linear_num_value_heads": 2}
        | {"linear_key_head_dim": 16, "linear_value_head_dim": 16},
    ),
    "BLOOM": ("BloomConfig", {"hidden_size": 64, "n_layer": 2, "n_head": 4, "eos_token_id": 2}),
    "DeepSeek": (
        "DeepseekV3Config",
        {**SHAPE, **EXPERTS, "num_key_value_heads": 4, "n_routed_experts": 2}
        | {"q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "v_head_dim": 8}
        | {"qk_nope_head_dim": 8, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1}
        | {"n_shared_experts": 1},
    ),
}
JOINED = {"Llama", "Phi 3", "GPT-2", "BLOOM", "DeepSeek"}
LIMIT = 16
SHARED = list(range(20, 60))
PROMPTS = [[5, 6, 7], [*SHARED, 9, 10], [8], [*SHARED, 9, 11, 12]]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(kind: str) -> Iterator[Any]:
    config, values = KINDS[kind]
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    made = library.AutoModelForCausalLM.from_config(
        getattr(library, config)(vocab_size=390, **values)
    ).eval()
    torch.random.set_rng_state(state)
    with torch.inference_mode():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.mul_(5)
        if made.config._attn_implementation == "sdpa":
            made.set_attn_implementation(register())
        yield made


def grown(loaded: Loaded, model: Any, groups: list[list[tuple[list[int], int]]]) -> list[Prompt]:
    """Let samples grow; each further group joins as soon as the model can take it."""
    batch, began = Batch(model), list[Prompt]()
    for group in groups:
        while not batch.takes_more:
            batch.step()
        prompts = [
            Prompt(tokens, [sample_of(loaded, i, limit=LIMIT) for i in range(n)])
            for tokens, n in group
        ]
        batch.add(prompts, batch.read(prompts))
        began += prompts
        for _ in range(3):
            batch.step()
    while batch.samples:
        batch.step()
    return began


def test_greedy_tokens_are_those_of_generate(loaded: Loaded, kind: str, model: Any) -> None:
    wanted = [plain_greedy(model, tokens, LIMIT) for tokens in PROMPTS]
    plain = dict(zip(map(tuple, PROMPTS), wanted, strict=True))
    groups = [[(PROMPTS[0], 3)], [(PROMPTS[1], 1), (PROMPTS[3], 2)], [(p, 1) for p in PROMPTS]]

    for prompt in grown(loaded, model, groups):
        for sample in prompt.samples:
            assert sample.tokens == plain[tuple(prompt.tokens)], kind
    assert len({tuple(tokens) for tokens in wanted}) == len(wanted)  # or all would pass


def test_log_probs_are_those_of_a_pass_of_its_own(loaded: Loaded, kind: str, model: Any) -> None:
    for prompt in grown(loaded, model, [[(PROMPTS[0], 1), (PROMPTS[1], 1)]]):
        sample = prompt.samples[0]
        wanted = plain_log_probs(model, prompt.tokens, sample.tokens)
        assert sample.log_probs == pytest.approx(wanted, rel=1e-4, abs=1e-5), kind


def test_answers_are_scored_as_by_a_pass_of_their_own(kind: str, model: Any) -> None:
    answers = [[30, 31, 32], [40], [*range(50, 75)]]

    found = answer_log_probs(model, PROMPTS[1], answers)

    for values, answer in zip(found, answers, strict=True):
        wanted = plain_log_probs(model, PROMPTS[1], answer)
        assert values == pytest.approx(wanted, rel=1e-4, abs=1e-5), kind


def test_rows_join_where_nothing_but_tokens_is_kept(kind: str, model: Any) -> None:
    assert can_join(library.DynamicCache(config=model.config)) == (kind in JOINED)


def test_the_memory_of_a_token_is_not_underrated(kind: str, model: Any) -> None:
    cache = library.DynamicCache(config=model.config)
    count = 8
    model(input_ids=torch.ones(1, count, dtype=torch.long), past_key_values=cache, use_cache=True)
    tensors = [
        tensor
        for layer in cache.layers
        for name in ("keys", "values")
        if isinstance(tensor := getattr(layer, name, None), torch.Tensor)
    ]
    taken = sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    assert taken <= count * cache_bytes(model), kind
