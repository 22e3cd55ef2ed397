"""Where the files of a model lie: in a folder, or in the Hub's cache. Nothing is downloaded here.

Example:
    ```python
    from cope_graph.huggingface.files import folder_of
    from cope_graph.huggingface.source import source_of

    folder = folder_of(source_of("huggingface:Qwen/Qwen2.5-0.5B-Instruct"))
    ```
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from cope_graph.errors import CopeError, MissingPackageError, ModelFileError
from cope_graph.huggingface.source import PREFIX, Source

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"
PICKLED: Final = (".bin", ".pt", ".pth", ".ckpt")
_POINTER: Final = b"version https://git-lfs"
_LISTED: Final = 3


def folder_of(source: Source) -> Path:
    """The folder that holds the whole model, for `from_pretrained`.

    Raises:
        ModelFileError: It is not here, or something of it is missing.
        MissingPackageError: The cache can only be read with huggingface_hub.
    """
    if (folder := _find(source)) is None:
        raise ModelFileError(_absent(source))
    if lack := _lack(folder, source.file):
        fix = "save the model there again" if source.is_local else f"run `{command_for(source)}`"
        msg = f"{source.name} {lack} ({folder}): {fix}."
        raise ModelFileError(msg)
    return folder


def is_here(source: Source) -> bool:
    """Whether the whole model is here.

    Raises:
        MissingPackageError: The cache can only be read with huggingface_hub.
    """
    try:
        folder = _find(source)
    except ModelFileError:
        return False
    return folder is not None and not _lack(folder, source.file)


def window_of(source: Source) -> int | None:
    """The context window of a model in tokens; `None` when its config is not here or silent."""
    try:
        folder = _find(source) or Path()
        config = _read(folder / CONFIG)
    except (CopeError, OSError, ValueError):
        return None
    for part in (config, config.get("text_config")):  # a model of images and text nests it
        window = part.get("max_position_embeddings") if isinstance(part, dict) else None
        if isinstance(window, int) and window > 0:
            return window
    return None


def cached() -> list[Source]:
    """The models of the Hub that are whole in the cache; none without huggingface_hub."""
    try:
        from huggingface_hub import constants, scan_cache_dir  # noqa: PLC0415 - heavy
        from huggingface_hub.errors import CacheNotFound  # noqa: PLC0415
    except ImportError:
        return []
    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except (CacheNotFound, ValueError):
        return []
    found = (
        Source(repo.repo_id, None if name == "main" else name, file)
        for repo in repos
        if repo.repo_type == "model"
        for revision in repo.revisions
        for name in revision.refs or {revision.commit_hash}
        for file in (None, *_ggufs(revision.snapshot_path))
    )
    return sorted(filter(is_here, found), key=lambda source: source.name)


def command_for(source: Source) -> str:
    """The command that brings a model here."""
    return f"cope models pull {PREFIX}{source.name}"


def shards_of(folder: Path) -> tuple[str, ...]:
    """The weights that the index in a folder names.

    Raises:
        ValueError: The index is damaged.
    """
    weights = _read(folder / INDEX).get("weight_map")
    if not isinstance(weights, dict) or not weights:
        msg = "no weight_map"
        raise ValueError(msg)
    names = {str(name) for name in weights.values()}
    # A name with a star would fetch everything, one with a slash lie elsewhere, one that ends
    # otherwise be a pickle.
    if not all(re.fullmatch(r"[\w.-]+\.safetensors", name) for name in names):
        msg = "weight_map names other files than safetensors"
        raise ValueError(msg)
    return tuple(sorted(names))


def _find(source: Source) -> Path | None:
    """The folder of a model, whole or not."""
    if source.is_local:
        return Path(source.repo)
    try:
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - heavy
    except ImportError as error:
        msg = f"{PREFIX}{source.name} needs more: pip install 'cope-graph[huggingface]'"
        raise MissingPackageError(msg) from error
    name = source.file or CONFIG
    try:
        found = try_to_load_from_cache(source.repo, name, revision=source.revision)
    except ValueError as error:
        msg = f"{source.repo!r} cannot be a repository of the Hub: {error}"
        raise ModelFileError(msg) from error
    return Path(found).parents[name.count("/")] if isinstance(found, str) else None


def _lack(folder: Path, file: str | None) -> str:
    """Say what a folder lacks to be a model; nothing when it is whole."""
    if file is None and not (folder / CONFIG).is_file():
        return f"has no {CONFIG}"
    try:
        weights = (file,) if file else _weights(folder)
    except (OSError, ValueError):
        return f"has a damaged {INDEX}"
    missing = [name for name in weights if not (folder / name).is_file()]
    if missing == [WEIGHTS] and any(path.suffix in PICKLED for path in folder.iterdir()):
        return "has only pickled weights, which can run code, and no safetensors"
    if missing:
        rest = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        return f"is not complete, {', '.join(missing[:_LISTED])}{rest} missing"
    if any(_is_pointer(folder / name) for name in weights):
        return "has git-lfs pointers where the weights should be (`git lfs pull` fetches them)"
    return ""


def _weights(folder: Path) -> tuple[str, ...]:
    """The weights that transformers looks for in a folder, in its order."""
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        return (WEIGHTS,)
    return shards_of(folder)


def _absent(source: Source) -> str:
    asked = source.revision or "main"
    names = {seen.revision or "main" for seen in cached() if seen.repo == source.repo} - {asked}
    fix = f"run `{command_for(source)}`"
    if names:
        there = ", ".join(sorted(names))
        return f"{source.repo} is here at {there}, and not at {asked}: {fix}."
    return f"{PREFIX}{source.name} is not in the cache of the Hub's models: {fix}."


def _read(path: Path) -> dict[str, Any]:
    """Read a JSON object, an empty one where there is something else."""
    value = json.loads(path.read_text(encoding="utf-8"))
    return value if isinstance(value, dict) else {}


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER


def _ggufs(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.gguf")]
