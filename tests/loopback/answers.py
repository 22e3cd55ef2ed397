"""From a reply to what goes on the wire: an answer, a refusal, a web page, or a broken answer."""

import itertools
from typing import Final

from tests.loopback.completions import Completion
from tests.loopback.http_messages import Ending, Response
from tests.loopback.replies import ApiError, Fault, Reply

DRIP_SECONDS: Final = 0.2
_RETRY_AT_ONCE: Final = {"retry-after-ms": "1"}
"""Spares a test the OpenAI client's back-off of seconds."""
_PAGE: Final = b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>"
_ENDINGS: Final[dict[Fault, Ending]] = {"crash": "cut", "reset": "reset", "timeout": "never"}


def refuse(error: ApiError, delay_s: float = 0.0) -> Response:
    """The error in OpenAI's shape; one worth a retry says when."""
    headers: dict[str, str] = {}
    if error.retry_after_s is not None:
        headers = {"Retry-After": str(error.retry_after_s)}
    elif error.status in {429, 500, 503}:
        headers = _RETRY_AT_ONCE
    return Response(error.body(), status=error.status, headers=headers, delay_s=delay_s)


def web_page(delay_s: float) -> Response:
    """What a captive portal answers."""
    return Response(_PAGE, content_type="text/html", delay_s=delay_s)


def answer(completion: Completion, reply: Reply, delay_s: float) -> Response:
    """The completion as the request wants it, as broken as the reply wants it."""
    streams, fault = completion.streams, reply.fault
    kind = "text/event-stream" if streams else "application/json"
    if fault == "drip":
        blanks = itertools.repeat(b": drip\n\n" if streams else b" ")
        return Response(chunks=blanks, content_type=kind, delay_s=delay_s, pace_s=DRIP_SECONDS)
    ending = _ENDINGS.get(fault, "whole") if fault else "whole"
    if not streams:
        body = completion.json()
        if fault == "badjson":
            body = body[: len(body) // 2]
        return Response(body, delay_s=delay_s, ending=ending)
    events = completion.events()
    return Response(
        chunks=_spoilt(events) if fault == "badjson" else events,
        content_type=kind,
        delay_s=delay_s,
        pace_s=reply.pace_s,
        ending=ending,
    )


def _spoilt(events: list[bytes]) -> list[bytes]:
    """Up to the middle event, which is a whole event of half its JSON."""
    middle = max(0, len(events) - 2) // 2
    cut = [event[: len(event) // 2] + b"\n\n" for event in events[middle : middle + 1]]
    return [*events[:middle], *cut]
