"""What the loopback OpenAI server answers: replies, errors, and scripts of them."""

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from tests.loopback.calls import Asked
from tests.loopback.suffixes import behaviours

Body = dict[str, Any]
"""A parsed chat-completions request."""

Fault = Literal["badjson", "crash", "drip", "reset", "timeout"]
"""How an answer breaks on its way: see `tests.loopback.suffixes`."""


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

    status: int
    message: str
    kind: str
    code: str | None = None
    param: str | None = None
    retry_after_s: int | None = None
    """The ``Retry-After`` header; None tells the OpenAI client to retry at once."""

    def body(self) -> bytes:
        """The JSON that OpenAI's servers send."""
        shape = {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }
        return orjson.dumps({"error": shape})


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the server. Choice i has text i, wrapping around when n is larger."""

    texts: Sequence[str | None]
    """None is a null content; an empty sequence gives an empty list of choices."""
    calls: Sequence[Sequence[Asked]] = ()
    """The calls of tools of choice i, wrapping around: a name, and the arguments."""
    finish_reason: str = "stop"
    logprobs: Sequence[float] | None = (-0.1,)
    """The log-probability of every token of choice i, wrapping around; None gives none."""
    cached_tokens: int = 0
    """Of the prompt, at most all of it."""
    reasoning_tokens: int = 0
    """Hidden tokens of each choice, billed as completion tokens on top of the text's."""
    usage: bool = True
    """Whether the answer reports its usage; it is billed either way."""
    html: bool = False
    """Answer 200 with an HTML page, as a captive portal or a wrong base URL does."""
    error: ApiError | None = None
    """Refuse with this instead; a refusal bills nothing."""
    delay_s: float = 0.0
    """Seconds before the first byte."""
    pace_s: float = 0.0
    """Seconds between two chunks of a stream."""
    fault: Fault | None = None
    """Break the answer like this; it is billed, and the client never learns its usage."""
    truncated: bool = False
    """End a stream after half of the tokens, without finish reason, usage and ``[DONE]``."""


Replies = Callable[[Body], "list[str] | Reply"] | Mapping[str, Sequence[str]] | None
"""A function of the request, or texts by model name, or None for ``distinct_texts``."""


def wanted_choices(body: Body) -> int:
    """How many choices the server will give: n, or 1 from a model that ignores n."""
    n = int(body.get("n") or 1)
    return 1 if "ignore-n" in behaviours(body["model"])[1] else n


def distinct_texts(body: Body) -> list[str]:
    """Texts that differ by choice, model, messages and seed, and by nothing else."""
    key = orjson.dumps([body["model"], body.get("seed"), body["messages"]])
    return [f"reply {zlib.crc32(key):08x} {i}" for i in range(wanted_choices(body))]


class Script:
    """Texts by model name, dealt in order and cycling: a request with n=k takes the next k."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        """Deal from ``texts``; a name without a suffix also serves the names with suffixes."""
        self._texts: dict[str, Iterator[str]] = {}
        for model, lines in texts.items():
            if not lines or isinstance(lines, str):
                msg = f"The script of model {model!r} must be a non-empty list of texts."
                raise ValueError(msg)
            self._texts[model] = itertools.cycle(lines)

    def __call__(self, body: Body) -> Reply:
        """The next texts of the model, or OpenAI's 404 for a model without a script."""
        model: str = body["model"]
        texts = self._texts.get(model) or self._texts.get(behaviours(model)[0])
        if texts is None:
            return Reply((), error=_no_such_model(model))
        return Reply(list(itertools.islice(texts, wanted_choices(body))))


def _no_such_model(model: str) -> ApiError:
    message = f"The model {model!r} does not exist."
    return ApiError(404, message, "invalid_request_error", "model_not_found", "model")
