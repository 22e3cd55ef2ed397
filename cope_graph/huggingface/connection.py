"""huggingface_hub's inference clients, one request at a time.

A client of theirs enters each response into an exit stack that only `close` empties, so that a
process that lives keeps every response. Here each request has a client and a stack of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Self

import httpx
from huggingface_hub import AsyncInferenceClient, InferenceClient


@dataclass
class Notes:
    """What a stream says beside its text.

    Attributes:
        model: The model's name, as its server gives it.
        usage: The usage, with its details.
    """

    model: str | None = None
    usage: Mapping[str, Any] | None = None

    def take(self, event: Any) -> None:
        """Note what an event of a stream says."""
        self.model = event.get("model") or self.model
        self.usage = details_of(event) or self.usage


def details_of(reply: Any) -> Mapping[str, Any] | None:
    """Give the usage of a reply with what huggingface_hub does not know of it.

    As an item of the reply it has the known fields alone, as an attribute all.
    """
    usage: Mapping[str, Any] | None = getattr(reply, "usage", None)
    return usage


@dataclass(frozen=True)
class _Connection:
    _client: Any
    _notes: Notes | None = None

    @property
    def token(self) -> str | None:
        """As the client's."""
        token: str | None = self._client.token
        return token

    @property
    def headers(self) -> dict[str, str]:
        """As the client's."""
        headers: dict[str, str] = self._client.headers
        return headers

    @property
    def cookies(self) -> dict[str, str] | None:
        """As the client's."""
        cookies: dict[str, str] | None = self._client.cookies
        return cookies

    def noting(self, notes: Notes) -> Self:
        """Give a copy that notes what its streams say."""
        return replace(self, _notes=notes)

    def _note(self, event: Any) -> Any:
        if self._notes is not None:
            self._notes.take(event)
        return event

    def __repr__(self) -> str:
        return f"{type(self._client).__name__}(...)"


class Connection(_Connection):
    """An `InferenceClient` for `ChatHuggingFace`."""

    @classmethod
    def of(cls, client: InferenceClient) -> Self:
        """Take over a client."""
        return cls(client)

    def chat_completion(self, **params: Any) -> Any:
        """Ask; the response is let go of when it has been read."""
        one = copy(self._client)
        one.exit_stack = ExitStack()
        if params.get("stream"):
            return self._events(one, params)
        with one:
            return one.chat_completion(**params)

    def _events(self, one: InferenceClient, params: dict[str, Any]) -> Iterator[Any]:
        with one:
            for event in one.chat_completion(**params):
                yield self._note(event)


class AsyncConnection(_Connection):
    """An `AsyncInferenceClient` for `ChatHuggingFace`."""

    @classmethod
    def of(
        cls, client: AsyncInferenceClient | AsyncConnection, http: httpx.AsyncClient | None = None
    ) -> Self:
        """Take over a client.

        Args:
            client: It.
            http: The connections of one event loop; without it each request opens its own.
        """
        own = copy(client._client if isinstance(client, AsyncConnection) else client)  # noqa: SLF001
        own._async_client = http  # noqa: SLF001 - where it keeps them, and no setting says so
        return cls(own)

    async def chat_completion(self, **params: Any) -> Any:
        """Ask; the response is let go of when it has been read."""
        one = copy(self._client)
        one.exit_stack = AsyncExitStack()
        if params.get("stream"):
            return self._events(one, params)
        async with one:
            return await one.chat_completion(**params)

    async def _events(
        self, one: AsyncInferenceClient, params: dict[str, Any]
    ) -> AsyncIterator[Any]:
        async with one:
            async for event in await one.chat_completion(**params):
                yield self._note(event)
