"""Why the Hub gave no model, in a sentence that names the fix and never the token."""

from __future__ import annotations

import errno
from typing import Final

import httpx

from cope_graph.huggingface.source import Source

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_FOLDER: Final = "name a local folder: huggingface:/path/to/model."
_ELSE: Final = f"check the network, set HF_ENDPOINT to a mirror, or {_FOLDER}"
_UNSENDABLE: Final = "the token holds characters that cannot be sent; set HF_TOKEN again."


def reason(error: Exception, source: Source, endpoint: str) -> str:
    """Say why a download failed, from the error of huggingface_hub.

    Args:
        error: What it raised; its own words are not repeated, since they may quote a header.
        source: What was asked for.
        endpoint: Of the Hub or its mirror.
    """
    from huggingface_hub.errors import (  # noqa: PLC0415 - heavy
        FileMetadataError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    while isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # "not in the cache either" hides it
    host = endpoint.partition("://")[2].rpartition("@")[2] or endpoint
    plain: dict[type[Exception], str] = {
        OfflineModeIsEnabled: f"HF_HUB_OFFLINE is set; unset it, or {_FOLDER}",
        HFValidationError: "no repository of the Hub can have such a name.",
        UnicodeEncodeError: _UNSENDABLE,
        httpx.LocalProtocolError: _UNSENDABLE,
    }
    for kind, said in plain.items():
        if isinstance(error, kind):
            return said
    if isinstance(error, HfHubHTTPError):
        return _answered(error, source, host)
    if isinstance(error, (httpx.HTTPError, httpx.InvalidURL, ConnectionError, TimeoutError)):
        return f"the Hub ({host}) cannot be reached ({type(error).__name__}); {_ELSE}"
    if isinstance(error, OSError) and error.errno is not None:
        return _disk(error)
    foreign = isinstance(error, (ValueError, TypeError, LookupError, FileMetadataError))
    what = f"{host} does not answer as the Hub does" if foreign else "the download broke off"
    return f"{what} ({type(error).__name__}); {_ELSE}"


def _answered(error: Exception, source: Source, host: str) -> str:
    """Say what an answer of the Hub means."""
    from huggingface_hub.errors import (  # noqa: PLC0415 - heavy
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, RevisionNotFoundError):
        return f"{host} knows no branch, tag or commit {source.revision!r} of {source.repo}."
    if isinstance(error, GatedRepoError):
        page = f"https://{host}/{source.repo}"
        return f"it is gated: ask for access at {page}, then set HF_TOKEN to your token."
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"{host} has no {source.repo}, or it is private (HTTP {status}); "
            "check the name, and set HF_TOKEN for a private one."
        )
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return f"{host} refuses the token (HTTP {status}); set HF_TOKEN to one that may read it."
    return f"{host} answered HTTP {status}; try again later, or {_ELSE}"


def _disk(error: OSError) -> str:
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    what = "is full" if error.errno in _FULL else f"cannot be written ({error.strerror})"
    return f"the disk of {constants.HF_HUB_CACHE} {what}; free space there, or set HF_HOME."
