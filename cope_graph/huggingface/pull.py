"""Bring a model of the Hub into its cache, and check every byte against the Hub's own list.

No pickle and no Python file is downloaded: both can run code when a model is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cope_graph.errors import CopeError, MissingPackageError, ModelFileError
from cope_graph.huggingface.files import CONFIG, INDEX, PICKLED, WEIGHTS, folder_of, shards_of
from cope_graph.huggingface.refused import reason
from cope_graph.huggingface.source import PREFIX, Source

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_KEPT: Final = (".json", ".jinja", ".txt", ".model", ".tiktoken")
"""Configuration, chat template and the files of tokenizers."""
_SECONDS: Final = 10.0


def pull(source: Source) -> Path:
    """Download what is missing of a model, and check all of it by hash.

    What an earlier pull has brought is not downloaded again. A local folder is only looked at.

    Args:
        source: Where it comes from; `HF_ENDPOINT` names a mirror, `HF_TOKEN` opens a private one.

    Returns:
        The folder that holds the model.

    Raises:
        ModelFileError: The Hub could not be reached or refused, the model has no safetensors, or
            the bytes are not those that the Hub lists (they are deleted).
        MissingPackageError: huggingface_hub is not installed.
    """
    if source.is_local:
        return folder_of(source)
    hub = _hub(source)
    with _said(source, hub.endpoint):
        names = _names(hub, source)
        if source.file:
            _fetch(hub, source, _one_file(source, names))
        else:
            _require_safetensors(source, names)
            folder = _fetch(hub, source, [name for name in names if _is_small(name)])
            _fetch(hub, source, (WEIGHTS,) if WEIGHTS in names else shards_of(folder))
        _check(hub, source)
    return folder_of(source)


def _hub(source: Source) -> HfApi:
    try:
        from huggingface_hub import HfApi  # noqa: PLC0415 - heavy
    except ImportError as error:
        msg = f"{PREFIX}{source.name} needs more: pip install 'cope-graph[huggingface]'"
        raise MissingPackageError(msg) from error
    # huggingface_hub reads the variable only once, when it is imported.
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    return HfApi(endpoint=endpoint or None)


@contextmanager
def _said(source: Source, endpoint: str) -> Iterator[None]:
    """Turn whatever goes wrong on the way into one sentence."""
    try:
        yield
    except CopeError:
        raise
    except Exception as error:  # noqa: BLE001 - of an HTTP client, of a disk, of a Rust library
        msg = f"{source.name} could not be pulled: {reason(error, source, endpoint)}"
        # Not `from error`: an HTTP client quotes the header that it cannot send, with the token.
        raise ModelFileError(msg) from None


def _names(hub: HfApi, source: Source) -> list[str]:
    """The files of the repository; asked first, since a download hides why it was refused."""
    info = hub.model_info(source.repo, revision=source.revision, timeout=_SECONDS)
    return [file.rfilename for file in info.siblings or ()]


def _fetch(hub: HfApi, source: Source, names: list[str] | tuple[str, ...]) -> Path:
    return Path(
        hub.snapshot_download(source.repo, revision=source.revision, allow_patterns=list(names))
    )


def _one_file(source: Source, names: list[str]) -> tuple[str]:
    if source.file is None or source.file not in names:
        there = ", ".join(name for name in names if name.endswith(".gguf")) or "none"
        msg = f"{source.repo} has no file {source.file}; its GGUF files: {there}."
        raise ModelFileError(msg)
    return (source.file,)


def _require_safetensors(source: Source, names: list[str]) -> None:
    """Refuse a repository that holds no model which can be loaded, before anything is fetched."""
    if CONFIG in names and (WEIGHTS in names or INDEX in names):
        return
    if gguf := next((name for name in names if name.endswith(".gguf")), None):
        fix = f"name one of its GGUF files, such as {PREFIX}{source.repo}/{gguf}"
    elif any(name.endswith(PICKLED) for name in names):
        fix = "its weights are pickled, which can run code; name a repository with safetensors"
    else:
        fix = "name a repository with config.json and model.safetensors"
    msg = f"{source.name} has no safetensors of a whole model: {fix}."
    raise ModelFileError(msg)


def _is_small(name: str) -> bool:
    """Whether a file belongs to a model beside its weights; folders hold other formats."""
    return name.endswith(_KEPT) and ("/" not in name or name.endswith(".jinja"))


def _check(hub: HfApi, source: Source) -> None:
    """Compare the snapshot with the Hub's list (sha256, git's sha1 for small files).

    Raises:
        ModelFileError: A file differs; it is deleted, so that the next pull fetches it again.
    """
    report = hub.verify_repo_checksums(source.repo, revision=source.revision)
    for wrong in report.mismatches:
        path = report.verified_path / wrong["path"]
        path.resolve().unlink(missing_ok=True)  # the cache links to the bytes
        path.unlink(missing_ok=True)
    if report.mismatches:
        (report.verified_path / CONFIG).unlink(missing_ok=True)  # nobody takes the rest for whole
        first = report.mismatches[0]
        names = ", ".join(wrong["path"] for wrong in report.mismatches)
        msg = (
            f"{source.name} has other bytes than the Hub lists, deleted: {names} (expected "
            f"{first['algorithm']} {first['expected']}, got {first['actual']}). Pull it again."
        )
        raise ModelFileError(msg)
