"""What the loopback OpenAI server answers: scripts, and misbehaviours by the model's suffix."""

import functools
import itertools
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

Body = dict[str, Any]
"""A parsed chat-completions request."""


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

    status: int
    message: str
    kind: str
    code: str | None = None
    param: str | None = None

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
    finish_reason: str = "stop"
    logprobs: Sequence[float] = (-0.1,)
    """The log-probability of every token of choice i, wrapping around."""
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


Replies = Callable[[Body], "list[str] | Reply"] | Mapping[str, Sequence[str]] | None
"""A function of the request, or texts by model name, or None for ``distinct_texts``."""

_ERRORS: Final = {
    "500": ApiError(500, "The server had an error.", "server_error"),
    "429": ApiError(429, "Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    "401": ApiError(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
}
_REFUSES_N: Final = ApiError(
    400, "This model does not support n > 1.", "invalid_request_error", "unsupported_value", "n"
)
_CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "nousage": {"usage": False},
    "empty": {"texts": ("",)},
    "null": {"texts": (None,)},
    "nochoices": {"texts": ()},
    "html": {"html": True},
    "length": {"finish_reason": "length"},
    "ignore-n": {},
    "refuse-n": {},
    **{name: {"error": error} for name, error in _ERRORS.items()},
}
_SUFFIX: Final = re.compile(rf"-({'|'.join(_CHANGES)})$")


@functools.lru_cache(maxsize=1024)
def behaviours(model: str) -> tuple[str, frozenset[str]]:
    """Split ``small-nousage-length`` into ``small`` and {nousage, length}."""
    found = set()
    while match := _SUFFIX.search(model):
        found.add(match[1])
        model = model[: match.start()]
    return model, frozenset(found)


def wanted_choices(body: Body) -> int:
    """How many choices the server will give: n, or 1 from a model that ignores n."""
    n = int(body.get("n") or 1)
    return 1 if "ignore-n" in behaviours(body["model"])[1] else n


def misbehave(reply: Reply, body: Body) -> Reply:
    """Apply what the model's suffixes ask for."""
    names = behaviours(body["model"])[1]
    for name in sorted(names):
        reply = replace(reply, **_CHANGES[name])
    if "refuse-n" in names and wanted_choices(body) > 1:
        reply = replace(reply, error=_REFUSES_N)
    return reply


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
