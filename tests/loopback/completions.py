"""Chat-completions answers in OpenAI's wire format, and what each of them costs in tokens."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tests.loopback.calls import Call, calls_of, cut
from tests.loopback.replies import Body, Reply, wanted_choices
from tests.loopback.tokens import tokens_of

_CREATED: Final = 1_700_000_000
"""A fixed time, so that answers are the same in every run."""


@dataclass(frozen=True, slots=True)
class Bill:
    """Tokens of the true usage, as the server counts them, and the requests they are of."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Part of ``prompt_tokens``."""
    reasoning_tokens: int = 0
    """Part of ``completion_tokens``."""

    def __add__(self, other: "Bill") -> "Bill":
        """The bill for both."""
        return Bill(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )

    def usage(self) -> dict[str, Any]:
        """The ``usage`` object of the answer."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
        }


def prompt_tokens(body: Body) -> int:
    """The tokens of all message texts."""
    return sum(len(text.split()) for text in _message_texts(body))


def _message_texts(body: Body) -> Iterator[str]:
    for message in body["messages"]:
        content = message.get("content") or ""
        if isinstance(content, str):
            yield content
        else:
            yield from (part["text"] for part in content if part.get("type") == "text")


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of an answer."""

    index: int
    text: str | None
    tokens: Sequence[str]
    reasoning_tokens: int
    logprob: float | None
    finish_reason: str
    calls: Sequence[Call] = ()

    @property
    def visible(self) -> int:
        """The tokens that a client sees."""
        return len(self.tokens) + sum(call.tokens for call in self.calls)

    def logprobs(self, tokens: Sequence[str]) -> dict[str, Any] | None:
        """The ``logprobs`` object for ``tokens``: one entry each."""
        if self.logprob is None:
            return None
        entries = [
            {
                "token": token,
                "logprob": self.logprob,
                "bytes": list(token.encode(errors="surrogatepass")),
                "top_logprobs": [],
            }
            for token in tokens
        ]
        return {"content": entries, "refusal": None}


class Completion:
    """The answer to one request: its choices, its bill, its two wire formats."""

    def __init__(self, body: Body, reply: Reply, number: int) -> None:
        """Cut the reply to the request: n choices, of at most ``max_completion_tokens`` each."""
        self._body = body
        self._reply = reply
        self._head = {
            "id": f"chatcmpl-{number}",
            "created": _CREATED,
            "model": body["model"],
            "system_fingerprint": "fp_loopback",
        }
        count = wanted_choices(body) if reply.texts else 0
        self.streams = bool(body.get("stream"))
        self.choices = [self._choice(i) for i in range(count)]
        prompt = prompt_tokens(body)
        reasoning = sum(choice.reasoning_tokens for choice in self.choices)
        visible = sum(choice.visible for choice in self.choices)
        cached = min(reply.cached_tokens, prompt)
        self.bill = Bill(1, prompt, visible + reasoning, cached, reasoning)

    @property
    def reported(self) -> bool:
        """Whether a client that reads to the end learns the usage."""
        reply = self._reply
        told = not self.streams or (self._include_usage and not reply.truncated)
        return told and reply.usage and reply.fault is None

    @property
    def _include_usage(self) -> bool:
        return bool((self._body.get("stream_options") or {}).get("include_usage"))

    def _choice(self, index: int) -> Choice:
        body, reply = self._body, self._reply
        text = reply.texts[index % len(reply.texts)]
        tokens = tokens_of(text or "")
        asked = reply.calls[index % len(reply.calls)] if reply.calls else ()
        calls = calls_of(asked, f"call_{self._head['id']}_{index}")
        reasoning, finish = reply.reasoning_tokens, reply.finish_reason
        finish = "tool_calls" if calls and finish == "stop" else finish
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        used = reasoning + len(tokens) + sum(call.tokens for call in calls)
        if limit is not None and used > limit:
            reasoning = min(reasoning, limit)
            tokens, finish = tokens[: limit - reasoning], "length"
            text = "".join(tokens) if text is not None else None
            calls = cut(calls, limit - reasoning - len(tokens))
        logs = reply.logprobs or (None,)
        logprob = logs[index % len(logs)]
        return Choice(index, text, tokens, reasoning, logprob, finish, calls)

    def json(self) -> bytes:
        """The whole answer as one object."""
        answer = {
            **self._head,
            "object": "chat.completion",
            "choices": [self._whole(choice) for choice in self.choices],
        }
        if self._reply.usage:
            answer["usage"] = self.bill.usage()
        return _dumps(answer)

    def _whole(self, choice: Choice) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None}
        if choice.calls:
            message["tool_calls"] = [call.wire() for call in choice.calls]
        return {
            "index": choice.index,
            "message": message,
            "logprobs": choice.logprobs(choice.tokens) if self._body.get("logprobs") else None,
            "finish_reason": choice.finish_reason,
        }

    def events(self) -> list[bytes]:
        """The answer as server-sent events, one token each, ``[DONE]`` last unless truncated."""
        with_usage = self._include_usage and self._reply.usage
        head: dict[str, Any] = {**self._head, "object": "chat.completion.chunk"}
        if with_usage:
            head["usage"] = None
        parts = [part for choice in self.choices for part in self._parts(choice)]
        objects = [{**head, "choices": [part]} for part in parts]
        if with_usage and not self._reply.truncated:
            objects.append({**head, "choices": [], "usage": self.bill.usage()})
        events = [b"data: %b\n\n" % _dumps(item) for item in objects]
        return events if self._reply.truncated else [*events, b"data: [DONE]\n\n"]

    def _parts(self, choice: Choice) -> Iterator[dict[str, Any]]:
        start = {"role": "assistant", "content": "" if choice.text is not None else None}
        part = {"index": choice.index, "logprobs": None, "finish_reason": None}
        yield {**part, "delta": start}
        truncated = self._reply.truncated
        for token in choice.tokens[: len(choice.tokens) // 2] if truncated else choice.tokens:
            logprobs = choice.logprobs([token]) if self._body.get("logprobs") else None
            yield {**part, "delta": {"content": token}, "logprobs": logprobs}
        if not truncated:
            for i, call in enumerate(choice.calls):
                yield from ({**part, "delta": {"tool_calls": [one]}} for one in call.parts(i))
            yield {**part, "delta": {}, "finish_reason": choice.finish_reason}


def _dumps(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # a lone surrogate, which the slower encoder escapes
        return json.dumps(value, separators=(",", ":")).encode()
