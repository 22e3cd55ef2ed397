"""A model of the Hugging Face Hub as a chat model, in this process."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import aclosing, closing
from functools import partial
from typing import Any, ClassVar, Literal
from uuid import UUID

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
    Callbacks,
)
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import ContextThreadPoolExecutor
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from cope_graph.huggingface import streaming
from cope_graph.huggingface.device import Dtype
from cope_graph.huggingface.engine import engine_of
from cope_graph.huggingface.files import window_of
from cope_graph.huggingface.group import GROUP, Group
from cope_graph.huggingface.load import Options, Quantize, forget, load, loaded_already
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.perplexity import submit_answers
from cope_graph.huggingface.prompt import prompt_tokens
from cope_graph.huggingface.request import Request, request_of
from cope_graph.huggingface.settings import settings_of
from cope_graph.huggingface.source import source_of
from cope_graph.huggingface.structured import structured
from cope_graph.models.crew import CREW
from cope_graph.models.progress import PROGRESS
from cope_graph.state import LogProbs

_MOST_THREADS = 256
_SETTINGS = (
    "n",
    "temperature",
    "top_p",
    "top_k",
    "repetition_penalty",
    "max_tokens",
    "seed",
    "stop",
    "logprobs",
    "response_format",
)


class ChatTransformers(BaseChatModel):
    """A chat model that runs in this process, loaded at the first call, once.

    Samples of one prompt, and the prompts of all who ask at the same time, are generated together;
    each prompt is read once. Where a setting is `None` the model's own `generation_config` says.

    Attributes:
        model: `org/name[@revision]`, `org/name/file.gguf`, a folder or a `.gguf` file.
        n: Samples of a request.
        temperature: 0 is greedy.
        top_p: Only the likeliest tokens that make up this probability.
        top_k: Only the k likeliest tokens.
        repetition_penalty: Above 1 makes tokens seen before less likely.
        max_tokens: Longest reply, in tokens.
        seed: Sample i is drawn with seed + i; `None` draws anew each time.
        stop: Texts that end a reply; they are not part of it.
        logprobs: Whether `response_metadata["logprobs"]` lists the log-probability of each token.
        response_format: What replies are held to while they are written, in OpenAI's format.
        device: `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`; `None` for the best there is.
        dtype: `"auto"`, or the type to compute in.
        quantize: `"8bit"` or `"4bit"`, by bitsandbytes.
        chat_template: A template to use instead of the model's own.
        template_options: More values for it, such as `{"enable_thinking": False}`.
    """

    takes_n: ClassVar[bool] = True
    is_local: ClassVar[bool] = True
    tells_progress: ClassVar[bool] = True

    model: str
    n: int = 1
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    max_tokens: int = 1024
    seed: int | None = None
    stop: list[str] | None = None
    logprobs: bool = False
    response_format: dict[str, Any] | None = None
    device: str | None = None
    dtype: Dtype = "auto"
    quantize: Quantize | None = None
    chat_template: str | None = None
    template_options: dict[str, Any] | None = None
    disable_streaming: bool | Literal["tool_calling"] = "tool_calling"

    _given: Loaded | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, model: Any, tokenizer: Any, name: str, **settings: Any) -> ChatTransformers:
        """Serve a model that is loaded already.

        Args:
            model: A causal model of transformers, in evaluation mode.
            tokenizer: Its tokenizer.
            name: Its name on bills and in traces.
            settings: Fields of this class.
        """
        chat = cls(model=name, **settings)
        chat._given = Loaded(name, model, tokenizer)
        return chat

    def load(self) -> Loaded:
        """Load the model, once per process; it blocks for seconds to minutes.

        Raises:
            SetupError: It cannot be loaded, see `cope_graph.huggingface.load.load`.
        """
        return self._given or load(source_of(self.model), self._options)

    def unload(self) -> None:
        """Let go of the model: its weights are freed when nobody else holds them."""
        loaded = self._given or loaded_already(source_of(self.model), self._options)
        if loaded is not None:
            engine_of(loaded).close()
            forget(loaded)

    @property
    def _options(self) -> Options:
        return Options(self.device, self.dtype, self.quantize)

    def get_token_ids(self, text: str) -> list[int]:
        """Read a text as the model does; LangChain counts tokens with it."""
        return self.load().tokens_of(text)

    def prompt_size(self, messages: Sequence[BaseMessage]) -> int | None:
        """Count the tokens of a prompt; `None` while the model is not loaded."""
        loaded = self._given or loaded_already(source_of(self.model), self._options)
        return None if loaded is None else len(prompt_tokens(loaded, messages, (), self._template))

    def perplexities(self, messages: Sequence[BaseMessage], answers: Sequence[str]) -> list[float]:
        """Give exp(-mean token log-probability) of each answer (paper, section 3.3).

        Returns:
            At least 1 each; 1 is a text that the model was sure of at every token.

        Raises:
            InputError: An answer is empty.
            SetupError: The model cannot be loaded.
        """
        return [math.exp(-one["mean"]) for one in self.log_probs(messages, answers)]

    async def aperplexities(
        self, messages: Sequence[BaseMessage], answers: Sequence[str]
    ) -> list[float]:
        """Do as `perplexities` does, without blocking the event loop."""
        return [math.exp(-one["mean"]) for one in await self.alog_probs(messages, answers)]

    def log_probs(self, messages: Sequence[BaseMessage], answers: Sequence[str]) -> list[LogProbs]:
        """Give the log-probabilities of each answer's tokens, summed up.

        The prompt is read once, the answers go through the model side by side.

        Args:
            messages: The prompt that they answer.
            answers: As written, without the token that ends a reply.

        Raises:
            InputError: An answer is empty.
            SetupError: The model cannot be loaded.
        """
        return submit_answers(self.load(), messages, answers, self._template).result()

    async def alog_probs(
        self, messages: Sequence[BaseMessage], answers: Sequence[str]
    ) -> list[LogProbs]:
        """Do as `log_probs` does, without blocking the event loop."""

        def submitted() -> Future[list[LogProbs]]:
            return submit_answers(self.load(), messages, answers, self._template)

        return await asyncio.wrap_future(await CREW.away(submitted))

    @property
    def _template(self) -> dict[str, Any]:
        return {**(self.template_options or {}), "chat_template": self.chat_template}

    @property
    def _llm_type(self) -> str:
        return "cope-transformers"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model, **{name: getattr(self, name) for name in _SETTINGS}}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return {
            **super()._get_ls_params(stop, **kwargs),
            "ls_provider": "huggingface",
            "ls_model_name": self.model,
        }

    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Do as LangChain does, but with several prompts side by side."""
        plain = super().generate
        if len(messages) < 2:  # noqa: PLR2004
            return plain(messages, stop, callbacks, **kwargs)
        names = [kwargs.pop("run_id", None), *[None] * (len(messages) - 1)]  # as LangChain does

        def ask(one: list[BaseMessage], run_id: UUID | None) -> LLMResult:
            return plain([one], stop, callbacks, run_id=run_id, **kwargs)

        group = Group()
        token = GROUP.set(group)
        with ContextThreadPoolExecutor(min(len(messages), _MOST_THREADS)) as pool:
            try:
                results = list(pool.map(ask, messages, names))
            except BaseException:  # such as Ctrl-C: the pool would wait for all of them
                group.leave()
                raise
            finally:
                GROUP.reset(token)
        return LLMResult(
            generations=[result.generations[0] for result in results],
            llm_output=results[0].llm_output,
            run=[run for result in results for run in result.run or ()],
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        request = self._request(messages, {**kwargs, "stop": stop})
        request.submit()
        if group := GROUP.get():
            group.join(request.job.future)
        try:
            request.job.future.result()
        finally:  # such as Ctrl-C
            request.job.future.cancel()
        return request.result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        asked = {**kwargs, "stop": stop}
        request = await CREW.away(partial(self._request, messages, asked))
        request.submit()
        await asyncio.wrap_future(request.job.future)
        return request.result()

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        asked = {**kwargs, "stop": stop, "n": 1}
        chunks = streaming.stream(partial(self._request, messages, asked))
        with closing(chunks):  # who stops listening ends the reply
            for chunk in chunks:
                if run_manager and chunk.text:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        asked = {**kwargs, "stop": stop, "n": 1}
        chunks = streaming.astream(partial(self._request, messages, asked))
        async with aclosing(chunks):
            async for chunk in chunks:
                if run_manager and chunk.text:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _request(
        self,
        messages: Sequence[BaseMessage],
        asked: Mapping[str, Any],
        listener: Callable[[str], None] | None = None,
    ) -> Request:
        loaded = self.load()
        own = {name: getattr(self, name) for name in _SETTINGS}
        return request_of(
            loaded,
            messages,
            settings_of(own, asked, loaded.model),
            template=self._template,
            progress=PROGRESS.get(),
            listener=listener,
        )

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        """Offer tools, through the model's chat template.

        Args:
            tools: What LangChain takes for a tool.
            tool_choice: `"any"` or a tool's name constrains the reply to a call, which then always
                parses; else the model may call or answer.
            kwargs: More settings of the request.
        """
        listed = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=listed, tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[Any, Any]:
        """Constrain replies to JSON of a schema, and read it.

        Args:
            schema: A pydantic class, a TypedDict or a JSON schema.
            include_raw: Whether to give `raw`, `parsed` and `parsing_error`.
            kwargs: `method`: `"json_schema"` (default, constrained decoding), or
                `"function_calling"` (a constrained call of a tool).
        """
        method = kwargs.pop("method", "json_schema")
        if method == "function_calling":
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        return structured(self, schema, method, include_raw=include_raw)


def transformers_chat_model(name: str) -> ChatTransformers:
    """Make the chat model of a name; nothing is loaded yet.

    Args:
        name: As `ChatTransformers.model`.

    Raises:
        ModelNameError: It names nothing.
    """
    source = source_of(name)
    window = window_of(source)
    return ChatTransformers(
        model=source.name, profile={"max_input_tokens": window} if window else None
    )
