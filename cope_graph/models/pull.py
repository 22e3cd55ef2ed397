"""The cache of embedded models: pull a file into it, find it there, remove it.

Only bytes with the official sha256 are ever given a model's final name, in one atomic step; so
a file of the right size under that name is the model.

Example:
    ```python
    from cope_graph.models.pull import find, pull

    path = find("qwen2.5-coder-0.5b-instruct") or pull("qwen2.5-coder-0.5b-instruct")
    ```
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout
from platformdirs import user_cache_dir

from cope_graph.errors import CopeError, ModelFileError
from cope_graph.models import fetch_hub, fetch_registry
from cope_graph.models.catalog import MODELS, EmbeddedModel, Progress, lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class _Source:
    """A place that files come from."""

    fetch: Callable[[EmbeddedModel, Path, Progress], Path]
    """Brings the whole file into the cache folder, under another name, unchecked."""
    drop: Callable[[EmbeddedModel, Path], bool]
    """Deletes what `fetch` left there; True when there was something."""


_SOURCES: Final = {
    "hub": _Source(fetch_hub.fetch, fetch_hub.drop),
    "registry": _Source(fetch_registry.fetch, fetch_registry.drop),
}
_FIX: Final = (
    "Check the network (HF_ENDPOINT names a mirror of the Hub; the registry is the one that pip "
    "is set up for) and pull again: what has arrived is kept."
)


def cache_dir() -> Path:
    """The folder of the model files: `models` in the user's cache, or in COPE_CACHE_DIR."""
    base = os.environ.get("COPE_CACHE_DIR") or user_cache_dir("cope-graph", appauthor=False)
    return Path(base).expanduser().absolute() / "models"


def path_of(model: EmbeddedModel) -> Path:
    """Where the file of `model` is, or would be."""
    return cache_dir() / model.file


def find(name: str) -> Path | None:
    """The complete file of the model called `name`, None when it is not in the cache.

    Only the size is looked at: the sha256 was checked before the file got its name.

    Raises:
        ModelFileError: No embedded model has that name.
    """
    model = lookup(name)
    path = path_of(model)
    return path if path.is_file() and path.stat().st_size == model.size_bytes else None


def installed() -> list[EmbeddedModel]:
    """The models whose complete file is in the cache."""
    return [model for model in MODELS.values() if find(model.name) is not None]


def remove(name: str) -> bool:
    """Delete a model's file and whatever an unfinished pull of it left.

    Returns:
        True when there was something to delete.

    Raises:
        ModelFileError: The name is unknown, another process is pulling the model, or the
            cache cannot be written.
    """
    model = lookup(name)
    if not cache_dir().is_dir():
        return False
    with _disk_errors(), _locked(model):
        path = path_of(model)
        there = path.exists()
        path.unlink(missing_ok=True)
        return _drop_unfinished(model) or there


def pull(
    name: str,
    *,
    sources: Sequence[str] = ("hub", "registry"),
    progress: Progress | None = None,
) -> Path:
    """Put a model's file into the cache, unless it is there already.

    A pull that was stopped, even killed, goes on where it was; a second process waits for the
    first one and takes its file.

    Args:
        name: A name of `catalog.MODELS`.
        sources: Tried in this order until one brings the official file.
        progress: Called as bytes arrive.

    Returns:
        The path of the complete, checked file.

    Raises:
        ModelFileError: The name or a source is unknown, the cache cannot be written, or every
            source failed; the message holds each one's reason.
    """
    model = lookup(name)
    _check_sources(sources)
    tell: Progress = progress or (lambda _done, _total, _note: None)
    if (there := find(name)) is not None:
        return there
    with _disk_errors():
        cache_dir().mkdir(parents=True, exist_ok=True)
        with _locked(model, tell):
            return find(name) or _pull_from(model, sources, tell)


def _check_sources(sources: Sequence[str]) -> None:
    """Refuse a source that does not exist, and a pull from nowhere."""
    if not sources or any(source not in _SOURCES for source in sources):
        msg = f"The sources {tuple(sources)!r} cannot be used. Choose from: {', '.join(_SOURCES)}."
        raise ModelFileError(msg)


def _pull_from(model: EmbeddedModel, sources: Sequence[str], progress: Progress) -> Path:
    """Try the sources in their order, and leave nothing but the model behind."""
    reasons: list[str] = []
    for source in sources:
        try:
            part = _SOURCES[source].fetch(model, cache_dir(), progress)
            progress(model.size_bytes, model.size_bytes, "checking sha256")
            if refusal := _refusal(model, part):
                _SOURCES[source].drop(model, cache_dir())
                raise ModelFileError(refusal)
        except CopeError as err:
            reasons.append(f"  {source}: {err}")
        else:
            part.replace(path_of(model))
            _drop_unfinished(model)
            return path_of(model)
    msg = "\n".join([f"{model.name} ({model.size}) could not be pulled:", *reasons, _FIX])
    raise ModelFileError(msg)


def _refusal(model: EmbeddedModel, part: Path) -> str:
    """Why these bytes are not the official file; empty, and the bytes safe on disk, if they are."""
    size = part.stat().st_size
    with part.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    if (size, digest) == (model.size_bytes, model.sha256):
        return ""
    return (
        f"other bytes than the official file, deleted: expected {model.size_bytes:,} bytes "
        f"with sha256 {model.sha256}, got {size:,} bytes with sha256 {digest}"
    )


def _drop_unfinished(model: EmbeddedModel) -> bool:
    """Delete the unfinished files of every source; True when there were any."""
    dropped = [source.drop(model, cache_dir()) for source in _SOURCES.values()]
    return any(dropped)


@contextmanager
def _locked(model: EmbeddedModel, progress: Progress | None = None) -> Iterator[None]:
    """Hold the model's lock, which the system frees when a process dies.

    With `progress` it waits for another holder and says so; without, it refuses at once.
    """
    lock = FileLock(cache_dir() / f"{model.file}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as err:
        if progress is None:
            msg = f"{model.name} is being pulled by another process. Stop that one first."
            raise ModelFileError(msg) from err
        progress(0, model.size_bytes, "waiting for another process that pulls it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn a full or read-only disk into an error that says what to do."""
    try:
        yield
    except OSError as err:
        msg = f"The cache {cache_dir()} cannot be used: {err}. Free space or set COPE_CACHE_DIR."
        raise ModelFileError(msg) from err
