"""HTTP/1.1 over ``asyncio.Protocol``: keep-alive, bodies with a length, chunked and broken answers.

Written by hand rather than on starlette because the overhead benchmark uses it as its zero-latency
server: a request must cost tens of microseconds here, not hundreds.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.loopback.http_messages import Ending, Request, Response

_HEAD_END: Final = b"\r\n\r\n"
_NO_LINGER: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, with 0 seconds: closing resets the connection instead of ending it."""


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
        if response.pace_s > 0:
            pieces = response.pieces()
            self._transport.write(next(pieces, b""))
            self._send_paced(pieces, response)
        else:
            self._transport.write(b"".join(response.pieces()))
            self._end(response.ending)

    def _send_paced(self, pieces: Iterator[bytes], response: Response) -> None:
        if self._transport is None:
            return
        piece = next(pieces, None)
        if piece is None:
            self._end(response.ending)
        else:
            self._transport.write(piece)
            self._loop.call_later(response.pace_s, self._send_paced, pieces, response)

    def _end(self, ending: Ending) -> None:
        transport = self._transport
        if ending == "never" or transport is None:
            return  # the request stays open until the client leaves or the server stops
        self._close_request()
        if ending == "reset":
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
            )
            transport.abort()
        elif ending == "cut" or self._last:
            transport.close()
        elif self._buffer:
            self._loop.call_soon(self._next_request)

    def _close_request(self) -> None:
        self._busy = False
        self._traffic.in_flight -= 1
