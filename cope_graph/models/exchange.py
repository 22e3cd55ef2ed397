"""What is asked of a model in one request, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, Generation

from cope_graph.models.usage import Usage

_CUT = {"length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens"}


@dataclass(frozen=True)
class Request:
    """A prompt and how many samples to draw of it.

    Attributes:
        messages: The prompt.
        k: Samples, at least 1.
        temperature: `None` leaves the model's own.
        seed: `None` leaves the model's own.
        max_tokens: `None` leaves the model's own.
        stream: Whether its tokens may be streamed to the caller.
    """

    messages: tuple[BaseMessage, ...]
    k: int = 1
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stream: bool = False


@dataclass(frozen=True)
class Reply:
    """One sample.

    Attributes:
        text: All of it.
        finish: Why the model stopped, in the provider's word; `None` when it does not say.
        id: The message's id; a streamed reply was shown under it.
    """

    text: str
    finish: str | None
    id: str | None = None

    @property
    def is_cut(self) -> bool:
        """Whether the reply ends at the token limit."""
        return self.finish in _CUT


@dataclass(frozen=True)
class Drawn:
    """What one request to a model brought.

    Attributes:
        replies: Its samples.
        usage: Its tokens, counted once.
        model: The model's name as the provider gave it, else as configured.
        seconds: Wall time.
    """

    replies: tuple[Reply, ...]
    usage: Usage
    model: str
    seconds: float


def reply_of(generation: Generation) -> Reply:
    """Read one sample of a result."""
    finish = _finish({**_metadata(generation), **(generation.generation_info or {})})
    message = generation.message if isinstance(generation, ChatGeneration) else None
    if message is None:
        return Reply(_utf8(generation.text), finish)
    return Reply(_utf8(message.text), finish, message.id)


def _finish(info: dict[str, Any]) -> str | None:
    incomplete = info.get("incomplete_details") or {}
    words = [info.get(key) for key in ("finish_reason", "stop_reason", "stopReason", "done_reason")]
    return next(
        (word for word in [incomplete.get("reason"), *words] if isinstance(word, str)), None
    )


def _utf8(text: str) -> str:
    """Replace lone surrogates, which no terminal, file or request could take."""
    return str(text).encode("utf-8", "replace").decode()


def _metadata(generation: Generation) -> dict[str, Any]:
    message = getattr(generation, "message", None)
    return dict(getattr(message, "response_metadata", None) or {})


def model_name_of(generation: Generation) -> str | None:
    """Read the name the provider gave the model, `None` without one."""
    metadata = _metadata(generation)
    return metadata.get("model_name") or metadata.get("model")
