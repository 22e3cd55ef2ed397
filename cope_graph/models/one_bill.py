"""One request for n samples, billed once, and tried once.

`ChatOpenAI` copies the usage of the whole request onto each of the n messages, so a trace shows
n times the bill. A model made here keeps it on the first message alone. Its client does not retry:
a retry that nobody sees is one that no ledger and no budget knows of.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import openai
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatResult
from langchain_openai.chat_models.base import BaseChatOpenAI


class OneBill(BaseChatOpenAI):
    """Mixed into a class of OpenAI-compatible chat models."""

    def _create_chat_result(
        self,
        response: dict[str, Any] | openai.BaseModel,
        generation_info: dict[str, Any] | None = None,
    ) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        name = (result.llm_output or {}).get("model_name", self.model_name)
        for index, generation in enumerate(result.generations):
            message = generation.message
            message.response_metadata = {**message.response_metadata, "model_name": name}
            if index and isinstance(message, AIMessage):
                message.usage_metadata = None
        return result


def one_bill(model: BaseChatOpenAI) -> BaseChatOpenAI:
    """Return a copy of a model that bills a request for n samples once.

    The copy shares the model's HTTP connections and settings, and has its class's name; its
    clients make no retries of their own.
    """
    if isinstance(model, OneBill):
        return model
    copy = model.model_copy()
    # The same fields, another method: a class change keeps clients and settings as they are,
    # which building the model anew from its fields would not.
    copy.__class__ = _billed_once(type(model))
    if copy.root_client is not None:
        copy.root_client = copy.root_client.with_options(max_retries=0)
        copy.client = copy.root_client.chat.completions
    if copy.root_async_client is not None:
        copy.root_async_client = copy.root_async_client.with_options(max_retries=0)
        copy.async_client = copy.root_async_client.chat.completions
    return copy


@lru_cache(maxsize=32)
def _billed_once(kind: type[BaseChatOpenAI]) -> type[BaseChatOpenAI]:
    return type(kind.__name__, (OneBill, kind), {"__module__": kind.__module__})


def uses_responses(model: BaseChatOpenAI) -> bool:
    """Tell whether a model is set to OpenAI's Responses API, which draws one sample a request."""
    # Which settings lead there is langchain-openai's to know.
    return model._use_responses_api(model._default_params)  # noqa: SLF001
