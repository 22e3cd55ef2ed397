"""From a provider's exception to one sentence with the fix."""

from __future__ import annotations

from http import HTTPStatus

from cope_graph.models.bound import Bound

_CONNECTION_NAMES = {"APIConnectionError", "ConnectError", "ConnectTimeout", "ConnectionError"}


def explain(error: Exception, model: Bound) -> str:
    """Say what went wrong with a request, and what to do.

    Providers' exceptions are told apart by what they have in common (a status code, a name),
    since no provider's package may be imported here.

    Args:
        error: What the model raised.
        model: Who was asked.
    """
    who = f"The {model.side} model {model.name}"
    side = model.side.upper()
    kinds = {kind.__name__ for kind in type(error).__mro__}
    status = getattr(error, "status_code", None)
    where = f" at {model.api_url}" if model.api_url else ""
    bad = status == HTTPStatus.BAD_REQUEST
    known = (
        (
            "APITimeoutError" in kinds or isinstance(error, TimeoutError),
            f"did not answer in time{where}.",
        ),
        (
            bool(kinds & _CONNECTION_NAMES),
            f"cannot be reached{where}: start its server or set COPE_{side}_BASE_URL.",
        ),
        (
            status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
            f"refused the key{where}: set COPE_{side}_API_KEY (or the provider's own).",
        ),
        (
            status == HTTPStatus.NOT_FOUND,
            f"is not known{where}: check the name and COPE_{side}_BASE_URL.",
        ),
        (
            status == HTTPStatus.TOO_MANY_REQUESTS,
            f"is rate-limited or out of quota{where}: wait, or raise the limit.",
        ),
        (
            bad and "temperature" in str(error),
            f"takes no other temperature{where}: set CopeContext(temperature_...=None).",
        ),
        (
            "Event loop is closed" in str(error),
            "was used in another event loop before: make the model anew in this one.",
        ),
    )
    what = next((sentence for met, sentence in known if met), f"failed{where}: {_short(error)}")
    return f"{who} {what}"


def _short(error: Exception) -> str:
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= 300 else f"{line[:300]}..."  # noqa: PLR2004
