"""HTTP/1.1 over ``asyncio.Protocol``: keep-alive, bodies with a length, chunked answers.

Written by hand rather than on starlette because the overhead benchmark uses it as its zero-latency
server: a request must cost tens of microseconds here, not hundreds.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

_STATUS_LINES: Final = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n" for s in HTTPStatus}
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One parsed request; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """What a handler answers: ``body`` in one piece, or ``chunks`` one by one."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Sequence[bytes] | None = None
    delay_s: float = 0.0
    """Seconds before the first byte."""
    pace_s: float = 0.0
    """Seconds between two chunks."""

    def head(self) -> bytes:
        """The status line and the headers, up to and with the empty line."""
        size = f"content-length: {len(self.body)}"
        framing = size if self.chunks is None else "transfer-encoding: chunked"
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        line = _STATUS_LINES[self.status]
        return f"{line}content-type: {self.content_type}\r\n{framing}\r\n{extra}\r\n".encode()


@dataclass(slots=True)
class Traffic:
    """Who is connected, and how many requests are open; changed by the server's thread only."""

    connections: "set[Connection]" = field(default_factory=set)
    in_flight: int = 0
    """Requests received and not yet answered."""
    max_in_flight: int = 0
    """The most that were ever open at once."""
    dropped: int = 0
    """Requests whose client went away before it had the whole answer."""


class Connection(asyncio.Protocol):
    """One keep-alive connection: reads a request, asks ``answer``, writes, reads the next."""

    def __init__(self, answer: Callable[[Request], Response], traffic: Traffic) -> None:
        """Serve ``answer`` and keep ``traffic`` up to date."""
        self._answer = answer
        self._traffic = traffic
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._busy = False
        self._last = False
        self._transport: asyncio.Transport | None = None

    def abort(self) -> None:
        """Close at once, whatever is still unsent."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio calls this)."""
        if not isinstance(transport, asyncio.Transport):
            msg = f"A stream transport is needed, not {type(transport).__name__}."
            raise TypeError(msg)
        self._transport = transport
        self._traffic.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the request that was cut short, if there is one (asyncio calls this)."""
        del exc
        self._transport = None
        self._traffic.connections.discard(self)
        if self._busy:
            self._traffic.dropped += 1
            self._close_request()

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a whole request is there (asyncio calls this)."""
        self._buffer += data
        if not self._busy:
            self._next_request()

    def _next_request(self) -> None:
        request = self._parse()
        if request is None:
            return
        self._busy = True
        traffic = self._traffic
        traffic.in_flight += 1
        traffic.max_in_flight = max(traffic.max_in_flight, traffic.in_flight)
        response = self._answer(request)
        if response.delay_s > 0:
            self._loop.call_later(response.delay_s, self._send, response)
        else:
            self._send(response)

    def _parse(self) -> Request | None:
        """The next request of the buffer, or None while some of it is still on its way."""
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        start = end + len(_HEAD_END)
        stop = start + int(headers.get("content-length", "0"))
        if len(self._buffer) < stop:
            return None
        method, path, _ = first.split(" ", 2)
        body = bytes(self._buffer[start:stop])
        del self._buffer[:stop]
        self._last = headers.get("connection", "").lower() == "close"
        return Request(method, path, headers, body)

    def _send(self, response: Response) -> None:
        if self._transport is None:
            return  # the client left during the delay: connection_lost has counted it
        if response.chunks is None:
            self._transport.write(response.head() + response.body)
            self._finish()
            return
        frames = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in response.chunks]
        frames.append(b"0\r\n\r\n")
        if response.pace_s > 0:
            self._transport.write(response.head())
            self._send_paced(iter(frames), response.pace_s)
        else:
            self._transport.write(response.head() + b"".join(frames))
            self._finish()

    def _send_paced(self, frames: Iterator[bytes], pace_s: float) -> None:
        if self._transport is None:
            return
        frame = next(frames, None)
        if frame is None:
            self._finish()
        else:
            self._transport.write(frame)
            self._loop.call_later(pace_s, self._send_paced, frames, pace_s)

    def _finish(self) -> None:
        self._close_request()
        if self._last and self._transport is not None:
            self._transport.close()
        elif self._buffer:
            self._loop.call_soon(self._next_request)

    def _close_request(self) -> None:
        self._busy = False
        self._traffic.in_flight -= 1
