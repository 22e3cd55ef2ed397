"""Fetch a model file from the Hugging Face Hub, resuming where an earlier pull stopped."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import httpx

from cope_graph.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

    from cope_graph.models.catalog import EmbeddedModel, HubFile, Progress

_READ_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 5.0


def fetch(model: EmbeddedModel, folder: Path, progress: Progress) -> Path:
    """Stream the file, from the byte where an earlier pull stopped.

    A connection that breaks after it brought something is taken up again; one that brings
    nothing ends the attempt, and what is there stays for the next pull.

    Returns:
        The whole file, its sha256 not checked yet.

    Raises:
        ModelFileError: The Hub could not be reached, refused, or sent another length.
    """
    if model.hub is None:
        msg = "the Hub does not offer exactly this file"
        raise ModelFileError(msg)
    url = _url(model.hub)
    part = _unfinished(model, folder)
    if _length(part) > model.size_bytes:
        part.unlink()
    with _client() as client:
        while (before := _length(part)) < model.size_bytes:
            try:
                _stream(client, url, part, model.size_bytes, progress)
            except (httpx.HTTPError, httpx.InvalidURL) as err:
                if _length(part) <= before:
                    reason = f"{type(err).__name__}: {err}".rstrip(": ")
                    msg = f"{_shown(url)}: {reason}"
                    raise ModelFileError(msg) from err
            else:
                _require_whole(url, part, model.size_bytes)
    return part


def drop(model: EmbeddedModel, folder: Path) -> bool:
    """Delete what an unfinished pull left; True when there was something."""
    part = _unfinished(model, folder)
    there = part.exists()
    part.unlink(missing_ok=True)
    return there


def _unfinished(model: EmbeddedModel, folder: Path) -> Path:
    """The file that keeps the bytes of an unfinished pull."""
    return folder / f"{model.file}.part"


def _length(path: Path) -> int:
    """The bytes in a file, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def _url(hub: HubFile) -> str:
    """The address of the file, on the endpoint that the Hub's own tools would use."""
    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    return f"{endpoint.rstrip('/')}/{hub.repo}/resolve/{hub.revision}/{hub.file}"


def _shown(url: str) -> str:
    """The address without a user name and password that HF_ENDPOINT may hold."""
    return url.rpartition("@")[2]


def _client() -> httpx.Client:
    """A client that gives up fast on a host it cannot reach.

    Raises:
        ModelFileError: The proxy or certificate settings of the environment cannot be used.
    """
    timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    try:
        return httpx.Client(follow_redirects=True, timeout=timeout)
    except (OSError, ValueError, ImportError) as err:
        msg = f"the proxy or certificate settings cannot be used ({type(err).__name__}: {err})"
        raise ModelFileError(msg) from err


def _stream(
    client: httpx.Client, url: str, part: Path, size_bytes: int, progress: Progress
) -> None:
    """Append to `part` what one request brings."""
    start = _length(part)
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with client.stream("GET", url, headers=headers) as response:
        done = _first_byte(response, start, size_bytes)
        with part.open("ab" if done else "wb") as out:
            for chunk in response.iter_bytes():
                done += len(chunk)
                if done > size_bytes:
                    msg = f"{_shown(url)} sends more than the official {size_bytes:,} bytes"
                    raise ModelFileError(msg)
                out.write(chunk)
                progress(done, size_bytes, "from the Hub")


def _first_byte(response: httpx.Response, start: int, size_bytes: int) -> int:
    """Where in the file the body of this reply begins.

    The length is looked at before a byte is kept: a sign-in page must not start a model file.

    Raises:
        ModelFileError: The reply is not the file, or not the part of it that was asked for.
    """
    status, headers = response.status_code, response.headers
    length = headers.get("Content-Length", str(size_bytes))
    if status == httpx.codes.OK and length == str(size_bytes):
        return 0  # A server that knows no ranges sends the file from its beginning.
    sent = headers.get("Content-Range", "no range")
    if status == httpx.codes.PARTIAL_CONTENT and sent == _rest(start, size_bytes):
        return start
    host = response.url.host
    if status == httpx.codes.OK:
        msg = f"{host} offers {length} bytes, the official file has {size_bytes}"
    else:
        msg = f"{host} answered {status} {response.reason_phrase} ({sent})"
    raise ModelFileError(msg)


def _rest(start: int, size_bytes: int) -> str:
    """The Content-Range of the file from `start` on."""
    return f"bytes {start}-{size_bytes - 1}/{size_bytes}"


def _require_whole(url: str, part: Path, size_bytes: int) -> None:
    """Refuse a reply that ended in good order before the file did."""
    if (length := _length(part)) < size_bytes:
        msg = f"{_shown(url)} ended at {length:,} of {size_bytes:,} bytes"
        raise ModelFileError(msg)
