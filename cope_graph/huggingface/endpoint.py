"""Hugging Face endpoints behind `ChatHuggingFace`: asked as set, traced without their keys.

`ChatHuggingFace` sends neither `seed` nor `top_p`, calls a model by its address, password
included, and shows its headers to traces. huggingface_hub's client keeps every response until it
is closed, and its asynchronous connections serve one event loop. A model made here does none of
that; all else is as its user has set it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

from huggingface_hub import get_async_session, get_token
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_huggingface import ChatHuggingFace

from cope_graph.errors import MissingKeyError
from cope_graph.huggingface.connection import AsyncConnection, Connection, Notes, details_of
from cope_graph.models.discreet import discreet
from cope_graph.models.secrets import bare_address, secrets_of, without

_UNSENT: Final = ("seed", "top_p", "presence_penalty", "frequency_penalty")
_INHERITED: Final = {"top_p": "top_p", "frequency_penalty": "repetition_penalty"}
_ROUTER: Final = "https://router.huggingface.co"


class Endpoint(ChatHuggingFace):
    """Mixed into a class of chat models whose `llm` is a `HuggingFaceEndpoint`."""

    says_finish: ClassVar[bool] = True

    @property
    def model_name(self) -> str:
        """Its repository, or what its server is told, or the server's address."""
        return str(self.model_kwargs.get("model") or bare_address(str(self.model_id)))

    @property
    def base_url(self) -> str:
        """The server that is asked."""
        if _is_address(self.llm.model):
            return str(self.llm.model)
        provider = self.llm.provider or "auto"
        return _ROUTER if provider == "auto" else f"{_ROUTER}/{provider}"

    @property
    def hints(self) -> Mapping[str, str]:
        """Where its user sets what an error is about."""
        if not _is_address(self.llm.model):
            return {"key": "huggingfacehub_api_token or HF_TOKEN", "url": "repo_id and provider"}
        # langchain-huggingface sends a server of one's own no token.
        return {
            "key": "server_kwargs={'token': ...}, and for a server of Hugging Face HF_TOKEN",
            "url": "endpoint_url, whose server needs a chat route (/v1/chat/completions)",
        }

    @property
    def sent_secrets(self) -> tuple[str, ...]:
        """Tokens, headers and cookies that its requests carry."""
        found: list[str] = [get_token() or ""]  # sent where no token is set
        for client in (self.llm.client, self.llm.async_client):
            found.append(client.token or "")
            for value in [*client.headers.values(), *(client.cookies or {}).values()]:
                found += [str(value), str(value).partition(" ")[2]]  # without "Bearer"
        return tuple(found)

    def of_a_loop(self) -> Self:
        """Give a copy for one event loop, with connections of its own."""
        client = AsyncConnection.of(self.llm.async_client, get_async_session())
        return self.model_copy(update={"llm": self.llm.model_copy(update={"async_client": client})})

    def __repr__(self) -> str:
        """Describe it, as traces do, without its keys."""
        return without(secrets_of(self), super().__repr__())

    __str__ = __repr__

    @property
    def _default_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super()._default_params
        return {name: getattr(self, name) for name in _UNSENT if self._is_set(name)} | params

    def _is_set(self, name: str) -> bool:
        """Tell whether a setting is its user's, and no default that `ChatHuggingFace` inherits."""
        value, inherited = getattr(self, name), _INHERITED.get(name)
        if inherited is None or value is None:
            return value is not None
        return value != getattr(self.llm, inherited) or (
            inherited == name and name in self.llm.model_fields_set
        )

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with discreet(self):
            return super()._generate(*args, **kwargs)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with discreet(self):
            return await super()._agenerate(*args, **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        one, notes = self._noting()
        with discreet(self):
            for chunk in super(Endpoint, one)._stream(*args, **kwargs):
                yield self._noted(chunk, notes)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        one, notes = self._noting()
        with discreet(self):
            async for chunk in super(Endpoint, one)._astream(*args, **kwargs):
                yield self._noted(chunk, notes)

    def _noting(self) -> tuple[Self, Notes]:
        """Give a copy for one stream, and what it leaves out of its chunks."""
        notes = Notes()
        clients = {
            "client": self.llm.client.noting(notes),
            "async_client": self.llm.async_client.noting(notes),
        }
        return self.model_copy(update={"llm": self.llm.model_copy(update=clients)}), notes

    def _noted(self, chunk: ChatGenerationChunk, notes: Notes) -> ChatGenerationChunk:
        if "model_name" in (chunk.generation_info or {}):
            info = chunk.generation_info or {}
            chunk.generation_info = {**info, "model_name": notes.model or self.model_name}
        _count_cached(chunk.message, notes.usage)
        return chunk

    def _create_chat_result(self, response: Any) -> ChatResult:
        result = super()._create_chat_result(response)
        name = response.get("model") or self.model_name
        result.llm_output = {**(result.llm_output or {}), "model_name": name}
        for generation in result.generations:
            _count_cached(generation.message, details_of(response))
        return result


def endpoint(model: ChatHuggingFace, side: str) -> Endpoint:
    """Return a copy of a model whose `llm` is a `HuggingFaceEndpoint`, made ready for the graph.

    Args:
        model: It.
        side: Which side of the cascade it is.

    Raises:
        MissingKeyError: The Hub's inference needs a token, and there is none.
    """
    if isinstance(model, Endpoint):
        return model
    llm = model.llm
    if not (_is_address(llm.model) or llm.client.token or get_token()):
        msg = (
            f"The {side} model {llm.model} needs a token of Hugging Face: set HF_TOKEN or "
            "huggingfacehub_api_token."
        )
        raise MissingKeyError(msg)
    clients = {
        "client": Connection.of(llm.client),
        "async_client": AsyncConnection.of(llm.async_client),
    }
    copy = model.model_copy(update={"llm": llm.model_copy(update=clients)})
    # The same fields, other methods: see `one_bill`.
    copy.__class__ = _mixed(type(model))
    return copy  # type: ignore[return-value] # its class is one of Endpoint's now


@lru_cache(maxsize=32)
def _mixed(kind: type[ChatHuggingFace]) -> type[Endpoint]:
    return type(kind.__name__, (Endpoint, kind), {"__module__": kind.__module__})


def _is_address(model: str) -> bool:
    return model.startswith(("http://", "https://"))


def _count_cached(message: Any, usage: Mapping[str, Any] | None) -> None:
    """Add to a message's usage what `ChatHuggingFace` leaves out."""
    if not isinstance(message, AIMessage) or not message.usage_metadata or not usage:
        return
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens")
    if cached:
        message.usage_metadata["input_token_details"] = {"cache_read": cached}
    if reasoning:
        message.usage_metadata["output_token_details"] = {"reasoning": reasoning}
