"""Reads the bodies that LangSmith's client sends: compressed or not, multipart or JSON."""

import gzip
import io
from collections.abc import Iterator, Mapping
from email.message import Message

import zstandard


def decompress(body: bytes, encoding: str) -> bytes:
    """Undo a ``content-encoding``: zstd (also without a size in its header), gzip or none."""
    match encoding:
        case "":
            return body
        case "gzip":
            return gzip.decompress(body)
        case "zstd":
            with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)) as reader:
                return reader.read()
        case _:
            msg = f"Unknown content-encoding {encoding!r}."
            raise ValueError(msg)


def parts(body: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each part.

    Split by the parts' own content-length where they have one: LangSmith's client writes it, and
    its boundary is a fixed string that a traced text could contain.
    """
    header = Message()
    header["content-type"] = content_type
    delimiter = b"--" + str(header.get_param("boundary")).encode()
    at = body.find(delimiter)
    while at >= 0 and body[at + len(delimiter) :][:2] != b"--":
        head_start = at + len(delimiter) + 2
        start = body.index(b"\r\n\r\n", head_start) + 4
        headers = _headers(body[head_start : start - 4])
        length = headers.get("content-length")
        end = body.find(b"\r\n" + delimiter, start)
        stop = end if length is None else start + int(length)
        yield _name(headers["content-disposition"]), body[start:stop]
        at = body.find(delimiter, stop)


def _headers(head: bytes) -> Mapping[str, str]:
    lines = (line.partition(":") for line in head.decode().split("\r\n"))
    return {name.lower(): value.strip() for name, _, value in lines}


def _name(disposition: str) -> str:
    header = Message()
    header["content-disposition"] = disposition
    return str(header.get_param("name", header="content-disposition"))
