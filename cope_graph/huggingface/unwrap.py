"""From langchain-huggingface's objects to chat models for the graph."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_huggingface import ChatHuggingFace, HuggingFaceEndpoint, HuggingFacePipeline

from cope_graph.errors import ModelNameError
from cope_graph.huggingface.endpoint import endpoint

logger = logging.getLogger("cope_graph")

_SAMPLING: Final = ("top_k", "top_p", "repetition_penalty")
_OF_THE_CHAT: Final = ("temperature", "top_p", "max_tokens", "seed", "stop")
_WITHOUT_EFFECT: Final = {
    "assistant_model",
    "do_sample",
    "generation_config",
    "max_length",
    "max_new_tokens",
    "pad_token_id",
    "prefix_length",
    "return_full_text",
    "stop_sequence",
    "stop_strings",
    "temperature",
    "tokenizer",
    "transformers_version",
    "use_cache",
}
"""Settings of a pipeline that are read here, or change no reply."""


def unwrapped(model: BaseChatModel | BaseLLM, side: str) -> BaseChatModel:
    """Make an object of langchain-huggingface ready for the graph.

    Args:
        model: A `ChatHuggingFace`, or what it may hold.
        side: Which side of the cascade it is.

    Raises:
        ModelNameError: It writes no chat, or runs elsewhere than in torch.
        MissingKeyError: The Hub's inference needs a token, and there is none.
    """
    chat = model if isinstance(model, ChatHuggingFace) else None
    llm = model if chat is None else chat.llm
    if isinstance(llm, HuggingFacePipeline):
        return _of_pipeline(llm, chat, side)
    if isinstance(llm, HuggingFaceEndpoint):
        return endpoint(chat or ChatHuggingFace(llm=llm), side)
    msg = (
        f"The {side} model is a {type(llm).__name__}, which keeps to no temperature as a chat "
        "model: pass a HuggingFaceEndpoint or a HuggingFacePipeline."
    )
    raise ModelNameError(msg)


def _of_pipeline(
    llm: HuggingFacePipeline, chat: ChatHuggingFace | None, side: str
) -> BaseChatModel:
    # Not at the top: who asks an endpoint needs no torch.
    import torch  # noqa: PLC0415

    from cope_graph.huggingface.chat import ChatTransformers  # noqa: PLC0415

    task, model = getattr(llm.pipeline, "task", None), getattr(llm.pipeline, "model", None)
    what = f"The {side} model {llm.model_id} is a pipeline"
    if task != "text-generation":
        msg = f"{what} for {task}: COPE needs one for text-generation."
        raise ModelNameError(msg)
    if not isinstance(model, torch.nn.Module):
        msg = (
            f"{what} of {type(model).__name__}, which is no torch model: pass a pipeline with the "
            "default backend, or ask its server through a HuggingFaceEndpoint."
        )
        raise ModelNameError(msg)
    if getattr(model.config, "is_encoder_decoder", False):
        msg = f"{what} of an encoder-decoder: COPE needs a model that goes on with its prompt."
        raise ModelNameError(msg)
    name = (chat.model_id if chat else None) or llm.model_id or type(model).__name__
    tokenizer = (chat.tokenizer if chat else None) or llm.pipeline.tokenizer
    window = getattr(model.config, "max_position_embeddings", None)
    profile = {} if window is None else {"max_input_tokens": window}
    return ChatTransformers.of(model, tokenizer, name, profile=profile, **_settings(llm, chat))


def _settings(llm: HuggingFacePipeline, chat: ChatHuggingFace | None) -> dict[str, Any]:
    """Read how its user has set a pipeline up; what is not set is left out."""
    params = _parameters(llm)
    stop = params.get("stop_sequence") or params.get("stop_strings")
    settings = {
        # A pipeline that does not sample heeds no temperature.
        "temperature": params.get("temperature", 1.0) if params.get("do_sample") else 0.0,
        "max_tokens": params.get("max_new_tokens"),
        "stop": stop,
        **{name: params.get(name) for name in _SAMPLING},
    }
    own = {name: getattr(chat, name, None) for name in _OF_THE_CHAT}
    settings |= {name: value for name, value in own.items() if value is not None}
    if isinstance(settings["stop"], str):
        settings["stop"] = [settings["stop"]]
    return {name: value for name, value in settings.items() if value is not None}


def _parameters(llm: HuggingFacePipeline) -> dict[str, Any]:
    """Merge a pipeline's settings as it does: its defaults, the model's, its own."""
    pipeline = llm.pipeline
    set_at: tuple[Mapping[str, Any], ...] = (
        getattr(pipeline, "_generate_kwargs", {}),
        getattr(pipeline, "_forward_params", {}),
        llm.pipeline_kwargs or {},
    )
    own: dict[str, Any] = {}
    for given in set_at:
        own |= _of_a_config(given.get("generation_config")) | dict(given)
    ignored = sorted(set(own) - _WITHOUT_EFFECT - set(_SAMPLING))
    if ignored:
        logger.warning("%s: settings not carried over: %s", llm.model_id, ", ".join(ignored))
    # Not its default of 256 tokens: nobody chose it, and it would cut answers.
    defaults = {**getattr(pipeline, "_generation_defaults", {}), "max_new_tokens": None}
    return {**defaults, **_of_a_config(pipeline.model.generation_config), **own}


def _of_a_config(config: Any) -> dict[str, Any]:
    """List what a `GenerationConfig` sets."""
    return {} if config is None else dict(config.to_diff_dict())
