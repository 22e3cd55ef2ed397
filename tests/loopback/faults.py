"""What the model's suffixes do to a request: refuse it, or change its reply."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.loopback.replies import ApiError, Body, Reply, wanted_choices
from tests.loopback.suffixes import behaviours

_RATE_LIMIT: Final = ApiError(429, "Rate limit reached.", "rate_limit_error", "rate_limit_exceeded")
_FAILURE: Final = ApiError(500, "The server had an error.", "server_error")
_ERRORS: Final = {
    "401": ApiError(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    "429": _RATE_LIMIT,
    "429after30": replace(_RATE_LIMIT, retry_after_s=30),
    "500": _FAILURE,
    "503": ApiError(503, "The server is overloaded.", "server_error"),
}
_FIRST_ERRORS: Final = {
    "429once": replace(_RATE_LIMIT, retry_after_s=1),
    "500once": _FAILURE,
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
    "truncated": {"truncated": True},
    **{name: {"fault": name} for name in ("badjson", "crash", "drip", "reset", "timeout")},
}
UNICODE_PREFIX: Final = (
    "\U0001d518\U0001d52b\U0001f9ee \U0001f469\U0001f3fd\u200d\U0001f52c "  # astral, joined
    "e\u0301 q\u0307\u0323 Z\u0351\u036b\u0343\u036a\u0302 "  # combining marks
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627 \u06f4\u0662 "  # RTL
    "\ufeff\u00a0\u2028\u0085\ufffd "  # a byte-order mark, line separators, a replacement
)
SURROGATE_PREFIX: Final = "\ud800 "
_PREFIXES: Final = {"surrogate": SURROGATE_PREFIX, "unicode": UNICODE_PREFIX}


def refusal(body: Body, *, first: bool) -> ApiError | None:
    """The error that the model's suffixes ask for; ``first`` is its very first request.

    An error of the first request comes before the lasting ones, so that ``small-429once-500``
    answers 429 and then 500.
    """
    names = behaviours(body["model"])[1]
    if "refuse-n" in names and wanted_choices(body) > 1:
        return _REFUSES_N
    due = [_ERRORS[name] for name in sorted(names & _ERRORS.keys())]
    if first:
        due += [_FIRST_ERRORS[name] for name in sorted(names & _FIRST_ERRORS.keys())]
    return due[-1] if due else None


def misbehave(reply: Reply, model: str) -> Reply:
    """Change the reply as the model's suffixes ask for."""
    names = behaviours(model)[1]
    for name in sorted(names & _CHANGES.keys()):
        reply = replace(reply, **_CHANGES[name])
    prefix = "".join(_PREFIXES[name] for name in sorted(names & _PREFIXES.keys()))
    if prefix:
        texts = [text if text is None else prefix + text for text in reply.texts]
        reply = replace(reply, texts=texts)
    return reply
