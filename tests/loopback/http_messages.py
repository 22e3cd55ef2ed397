"""What the loopback servers read and write: requests, and answers whole or broken."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal

_STATUS_LINES: Final = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n" for s in HTTPStatus}

Ending = Literal["whole", "cut", "reset", "never"]
"""How an answer ends: properly; closed in the middle of its body; by a reset (RST) instead of its
first byte; or not at all, with nothing written and the connection left open."""


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
    chunks: Iterable[bytes] | None = None
    """Without an end only where ``pace_s`` is above 0."""
    delay_s: float = 0.0
    """Seconds before the first byte."""
    pace_s: float = 0.0
    """Seconds between two chunks."""
    ending: Ending = "whole"

    def head(self) -> bytes:
        """The status line and the headers, up to and with the empty line."""
        size = f"content-length: {len(self.body)}"
        framing = size if self.chunks is None else "transfer-encoding: chunked"
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        line = _STATUS_LINES[self.status]
        return f"{line}content-type: {self.content_type}\r\n{framing}\r\n{extra}\r\n".encode()

    def pieces(self) -> Iterator[bytes]:
        """What goes on the wire: the head, then the body or one frame a chunk."""
        if self.ending in {"reset", "never"}:
            return
        yield self.head()
        yield from _first_half([*self._frames()]) if self.ending == "cut" else self._frames()

    def _frames(self) -> Iterator[bytes]:
        if self.chunks is None:
            yield self.body
            return
        for chunk in self.chunks:
            yield b"%x\r\n%b\r\n" % (len(chunk), chunk)
        yield b"0\r\n\r\n"


def _first_half(frames: list[bytes]) -> list[bytes]:
    """Up to the middle of the middle frame; the frame that ends a chunked body is never it."""
    middle = (len(frames) - 1) // 2
    return [*frames[:middle], frames[middle][: len(frames[middle]) // 2]]
