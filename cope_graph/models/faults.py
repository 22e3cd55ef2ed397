"""From a provider's exception to what it means: one sentence with the fix, and what to do.

Providers' exceptions are told apart by what they have in common (a status code, a name), since no
provider's package may be imported here.
"""

from __future__ import annotations

import email.utils
import math
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from cope_graph.models.bound import Bound
from cope_graph.models.usage import OF_AN_AGENT, Usage
from cope_graph.state import FailureKind

_OFFLINE: Final = "OfflineModeIsEnabled"  # huggingface_hub's
_UNREACHABLE: Final = {
    "APIConnectionError",
    "ConnectError",
    "ConnectTimeout",
    "ConnectionError",
    "TransportError",  # httpx's, where a client does not wrap it
}
_NEVER_SENT: Final = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ConnectionRefusedError",
    _OFFLINE,
}
_TIMEOUTS: Final = {"APITimeoutError", "TimeoutException", "ReadTimeoutError"}
_GARBLED: Final = {"APIResponseValidationError", "JSONDecodeError"}
_TRY_AGAIN: Final = {408, 409, 429, 500, 502, 503, 504, 529}
_LONGEST_BACKOFF_S: Final = 8.0


@dataclass(frozen=True)
class Fault:
    """What went wrong with one request.

    Attributes:
        kind: In one word.
        message: One sentence with the fix.
        billed: Whether it may have cost something all the same.
        again: Whether another try may help.
        wait_s: Seconds the server asks to wait before that, `None` when it does not say.
        spent: What an agent had spent when it failed, `None` for a model.
    """

    kind: FailureKind
    message: str
    billed: bool = True
    again: bool = False
    wait_s: float | None = None
    spent: Usage | None = None

    @property
    def speaks_of_server(self) -> bool:
        """Whether it says that the server does not work, and not that the request is wrong."""
        return self.kind in ("unreachable", "timeout", "broken")

    def backoff_s(self, attempt: int) -> float:
        """Give the seconds to wait before try number `attempt` + 1 (the first is 0)."""
        if self.wait_s:
            return self.wait_s
        return min(0.5 * 2.0**attempt, _LONGEST_BACKOFF_S) * random.uniform(0.75, 1.0)  # noqa: S311


def diagnose(error: Exception, model: Bound) -> Fault:
    """Say what went wrong with a request, and what follows.

    Args:
        error: What the model raised.
        model: Who was asked.
    """
    status = _status(error)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    kind = _kind(error, kinds, status)
    return Fault(
        kind=kind,
        message=model.without_secrets(
            f"The {model.side} model {model.name} {_what(error, kind, model)}"
        ),
        billed=was_billed(error),
        again=(kind in ("unreachable", "timeout") and _OFFLINE not in kinds)
        or (status in _TRY_AGAIN and not _out_of_quota(error)),
        wait_s=_retry_after(error),
        spent=getattr(error, OF_AN_AGENT, None),
    )


def was_billed(error: Exception) -> bool:
    """Tell whether a request that failed may have cost something all the same."""
    status = _status(error)
    refused = status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR
    return not (refused or _was_never_sent(error))


def _status(error: Exception) -> int | None:
    """Find the HTTP status: providers keep it in different places."""
    response = getattr(error, "response", None)
    places = (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "code", None),
    )
    return next((it for it in places if type(it) is int and 400 <= it < 600), None)  # noqa: PLR2004


def _kind(error: Exception, kinds: set[str], status: int | None) -> FailureKind:
    if kinds & _TIMEOUTS or isinstance(error, TimeoutError):
        return "timeout"
    if kinds & _UNREACHABLE:
        return "unreachable"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limited"
    if status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return "refused"
    return "broken"


def _what(error: Exception, kind: FailureKind, model: Bound) -> str:
    hints = {
        "key": f"COPE_{model.side.upper()}_API_KEY (or the provider's own)",
        "url": f"COPE_{model.side.upper()}_BASE_URL",
    }
    hints |= getattr(model.chat, "hints", {})
    where = f" at {model.api_url}" if model.api_url else ""
    status = _status(error)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    sentences = (
        (kind == "timeout", f"did not answer in time{where}."),
        (
            _OFFLINE in kinds,
            f"was not asked{where}: huggingface_hub is offline, unset HF_HUB_OFFLINE.",
        ),
        (
            kind == "unreachable" and _was_never_sent(error),
            f"cannot be reached{where}: start its server or set {hints['url']}.",
        ),
        (kind == "unreachable", f"broke off the connection{where}: see its server's log."),
        (
            status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
            f"refused the key{where}: set {hints['key']}.",
        ),
        (
            status == HTTPStatus.NOT_FOUND,
            f"is not known{where}: check the name and {hints['url']}.",
        ),
        (
            kind == "rate_limited",
            f"is rate-limited or out of quota{where}: wait, or raise the limit.",
        ),
        (
            status == HTTPStatus.BAD_REQUEST and "temperature" in str(error),
            f"takes no other temperature{where}: set CopeContext(temperature_...=None).",
        ),
        (
            "Event loop is closed" in str(error),
            "was used in another event loop before: give it an http_async_client made in this one.",
        ),
        (
            status is None and (bool(kinds & _GARBLED) or "<html" in str(error).lower()),
            f"failed{where}: its reply is no chat completion: check {hints['url']}.",
        ),
    )
    return next((text for met, text in sentences if met), f"failed{where}: {_short(error, model)}")


def _short(error: Exception, model: Bound) -> str:
    # Blacked out before it is cut: half a key would not be recognised.
    line = " ".join(model.without_secrets(str(error)).split()) or type(error).__name__
    return line if len(line) <= 300 else f"{line[:300]}..."  # noqa: PLR2004


def _was_never_sent(error: BaseException) -> bool:
    """Tell whether a request failed before the server had it: then it cost nothing."""
    return any(type(one).__name__ in _NEVER_SENT for one in chain_of(error))


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Give an error and those it came of, each once."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _out_of_quota(error: Exception) -> bool:
    return getattr(error, "code", None) == "insufficient_quota"


def _retry_after(error: Exception) -> float | None:
    """Read the server's Retry-After, in seconds or as a date."""
    headers: Mapping[str, Any] = getattr(getattr(error, "response", None), "headers", None) or {}
    given, milliseconds = headers.get("retry-after"), headers.get("retry-after-ms")
    with suppress(TypeError, ValueError):
        return _seconds(float(milliseconds) / 1000)  # type: ignore[arg-type] # see the suppress
    with suppress(TypeError, ValueError):
        return _seconds(float(given))  # type: ignore[arg-type]
    with suppress(OverflowError, ValueError):
        return _seconds(email.utils.parsedate_to_datetime(str(given)).timestamp() - time.time())
    return None  # neither seconds nor a date: as if it said nothing


def _seconds(number: float) -> float:
    if math.isnan(number):  # which no clock takes
        raise ValueError(number)
    return max(number, 0.0)
