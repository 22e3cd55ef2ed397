"""The embedded models as a chat model: `local:NAME`, answered by llama.cpp in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

from cope_graph.errors import ModelFileError, ModelNameError
from cope_graph.models.catalog import lookup
from cope_graph.models.engine import WINDOW, Engine, engine


class LocalChatModel(BaseChatModel):
    """A chat model that loads its file at the first call, once per process.

    Attributes:
        model_name: A name of `cope models list`.
        temperature: `None` takes llama.cpp's own (0.8).
        seed: `None` draws anew each time.
        max_tokens: Longest reply, in tokens.
        logprobs: Whether `response_metadata["logprobs"]` lists the log-probability of each token.
        response_format: What replies are held to, in OpenAI's format, such as a JSON schema.
    """

    takes_n: ClassVar[bool] = True
    is_local: ClassVar[bool] = True

    model_name: str
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int = 512
    logprobs: bool = False
    response_format: dict[str, Any] | None = None

    @property
    def _llm_type(self) -> str:
        return "cope-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name, "temperature": self.temperature}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        client = self._client(engine(self.model_name))
        options = {**kwargs, "logprobs": True}
        result = client._generate(messages, stop, run_manager, **options)  # noqa: SLF001
        return _counted(result, self.model_name, keep_logprobs=self._shows_logprobs(kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        client = self._client(await asyncio.to_thread(engine, self.model_name))
        options = {**kwargs, "logprobs": True}
        result = await client._agenerate(messages, stop, run_manager, **options)  # noqa: SLF001
        return _counted(result, self.model_name, keep_logprobs=self._shows_logprobs(kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        client = self._client(engine(self.model_name))
        yield from client._stream(messages, stop, run_manager, **kwargs)  # noqa: SLF001

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        client = self._client(await asyncio.to_thread(engine, self.model_name))
        async for chunk in client._astream(messages, stop, run_manager, **kwargs):  # noqa: SLF001
            yield chunk

    def _shows_logprobs(self, options: Mapping[str, Any]) -> bool:
        return bool(options.get("logprobs", self.logprobs))

    def _client(self, running: Engine) -> ChatOpenAI:
        own: dict[str, Any] = {
            "temperature": self.temperature,
            "seed": self.seed,
            "max_tokens": self.max_tokens,
        }
        if self.response_format:
            own["extra_body"] = {"response_format": self.response_format}
        return running.client.model_copy(update=own)


def local_chat_model(name: str) -> LocalChatModel:
    """Make the chat model of an embedded model; nothing is loaded yet.

    Raises:
        ModelNameError: There is no embedded model of that name.
    """
    try:
        model = lookup(name)
    except ModelFileError as error:
        raise ModelNameError(str(error)) from error
    window = min(WINDOW, model.context_tokens)
    return LocalChatModel(model_name=model.name, profile={"max_input_tokens": window})


def _counted(result: ChatResult, name: str, *, keep_logprobs: bool) -> ChatResult:
    """Put the usage of the whole request on its first message.

    llama.cpp reports the completion tokens of one choice only; each choice's log-probs hold one
    entry a token, so they count the others exactly.
    """
    tokens = 0
    for index, generation in enumerate(result.generations):
        info = dict(generation.generation_info or {})
        logprobs = info["logprobs"] if keep_logprobs else info.pop("logprobs", None)
        tokens += len((logprobs or {}).get("content") or ())
        generation.generation_info = info
        message = generation.message
        message.response_metadata = {**message.response_metadata, "model_name": name}
        if not isinstance(message, AIMessage) or message.usage_metadata is None:
            continue
        if index:
            message.usage_metadata = None
    _set_output_tokens(result, tokens)
    return result


def _set_output_tokens(result: ChatResult, tokens: int) -> None:
    first = result.generations[0].message if result.generations else None
    if len(result.generations) > 1 and isinstance(first, AIMessage) and first.usage_metadata:
        prompt = first.usage_metadata["input_tokens"]
        first.usage_metadata = {
            **first.usage_metadata,
            "output_tokens": tokens,
            "total_tokens": prompt + tokens,
        }
