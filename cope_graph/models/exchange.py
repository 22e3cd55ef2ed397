"""What is asked of a model in one request, and what comes back.

What comes back is JSON, so that a checkpoint can keep it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, Generation
from typing_extensions import TypedDict

from cope_graph.models.calls import written
from cope_graph.models.log_probs import log_probs_of
from cope_graph.models.usage import OF_AN_AGENT
from cope_graph.money.lines import LedgerLine
from cope_graph.state import FailureKind, LogProbs

UNNEEDED: Final = "not waited for"
"""The error of a sample without which the decision stands."""

_UNNEEDED: Final = {"not_needed", "cancelled"}
_CUT: Final = {"length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens"}


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
        log_probs: Whether the log-probabilities of its tokens are wanted.
        schema: JSON schema that replies are held to, where the model can.
        tools: Those that the model may call, in OpenAI's format.
        tool_choice: What LangChain's `bind_tools` takes.
        calls: Whether a reply is a message as `cope_graph.models.calls` writes it: always where
            its reader takes it for one, or else words could pass for a call.
    """

    messages: tuple[BaseMessage, ...]
    k: int = 1
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stream: bool = False
    log_probs: bool = False
    schema: Mapping[str, Any] | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = None
    calls: bool = False

    def fingerprint(self, model: str) -> str:
        """Give what tells it, and whom it is for, from another request, after a crash too."""
        texts = [
            (message.type, message.content, getattr(message, "tool_calls", None) or None)
            for message in self.messages
        ]
        asked: tuple[object, ...] = (model, texts, self.k, self.temperature, self.seed)
        asked = (*asked, self.max_tokens)
        if self.log_probs or self.schema:
            asked = (*asked, self.log_probs, json.dumps(self.schema, sort_keys=True))
        if self.tools:
            asked = (*asked, json.dumps(self.tools, sort_keys=True), repr(self.tool_choice))
        return hashlib.sha256(repr(asked).encode("utf-8", "replace")).hexdigest()[:16]


class Reply(TypedDict):
    """One sample."""

    text: str
    """All of it."""
    finish: str | None
    """Why the model stopped, in the provider's word; `None` when it does not say."""
    id: str | None
    """The message's id; a streamed reply was shown under it."""
    cut: bool
    """Whether it ends at the token limit."""
    error: NotRequired[str]
    """Why there is no reply to speak of, in a word or two."""
    log_probs: NotRequired[LogProbs]
    """How sure the model was of it, where that was asked for and is known."""


class CallFailure(TypedDict):
    """Why a request brought nothing."""

    kind: FailureKind
    message: str


class Outcome(TypedDict):
    """What became of one request, with all its tries."""

    fingerprint: str
    """That of the request."""
    k: int
    """Samples asked for."""
    replies: list[Reply]
    """Those that came; a server may give fewer than k."""
    lines: list[LedgerLine]
    """Its bill, a line a try."""
    failure: CallFailure | None
    """Why not all came; `None` too for a request that was given up, or must be asked otherwise."""
    given_up: bool
    """Whether it was cancelled since the decision stood without it."""


def slots(outcome: Outcome) -> list[Reply]:
    """List a request's samples, with those that will never come as lost."""
    if outcome["failure"] is None and not outcome["given_up"]:
        return outcome["replies"]
    why = outcome["failure"]["kind"].replace("_", " ") if outcome["failure"] else UNNEEDED
    missing = outcome["k"] - len(outcome["replies"])
    return [*outcome["replies"], *(lost(why) for _ in range(missing))]


def lost(why: str) -> Reply:
    """Stand in for a sample that will never come."""
    return {"text": "", "finish": None, "id": None, "cut": False, "error": why}


def reply_of(
    generation: Generation,
    *,
    says_finish: bool = False,
    log_probs: bool = False,
    calls: bool = False,
) -> Reply:
    """Read one sample of a result.

    Args:
        generation: It.
        log_probs: Whether the log-probabilities of its tokens were asked for.
        calls: Whether it may call tools: its text is then the whole message.
        says_finish: Whether the provider always says why it stopped: where it does not, a stream
            broke off.
    """
    finish = _finish({**_metadata(generation), **(generation.generation_info or {})})
    message = generation.message if isinstance(generation, ChatGeneration) else None
    text = _utf8(generation.text if message is None else _text(message, calls=calls))
    reply: Reply = {
        "text": text,
        "finish": finish,
        "id": None if message is None else message.id,
        "cut": finish in _CUT,
    }
    if finish in _UNNEEDED:
        return {**reply, "error": UNNEEDED}
    if not text.strip():
        told = _metadata(generation).get(OF_AN_AGENT) or {}
        return {**reply, "error": told.get("error") or "the reply is empty"}
    if says_finish and finish is None:
        return {**reply, "error": "the reply broke off"}
    return _scored(reply, generation) if log_probs else reply


def _text(message: BaseMessage, *, calls: bool) -> str:
    return written(message) if calls and isinstance(message, AIMessage) else message.text


def _scored(reply: Reply, generation: Generation) -> Reply:
    found = log_probs_of(generation, reply["text"])
    if isinstance(found, str):
        return {**reply, "error": found}
    return reply if found is None else {**reply, "log_probs": found}


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
    name = metadata.get("model_name") or metadata.get("model")
    return name if isinstance(name, str) else None
