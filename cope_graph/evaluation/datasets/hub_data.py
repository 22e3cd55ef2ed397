"""Data sets of the Hugging Face Hub, by the package `datasets`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from cope_graph.errors import InputError, MissingPackageError
from cope_graph.evaluation.datasets.raw import Raw

PREFIX: Final = "hf:"
_SECONDS: Final = 10.0
_SPLIT: Final = "test"
_NAME: Final = re.compile(
    r"(?P<repo>[^:@]+?)(?::(?P<config>[^:@/]+))?(?:@(?P<split>[A-Za-z_][\w.]*))?"
)
_FORM: Final = "hf:ORG/NAME, hf:ORG/NAME:CONFIG or hf:ORG/NAME:CONFIG@SPLIT"
_OFFLINE: Final = "set HF_HUB_OFFLINE=1 to take it from the cache, or name a JSONL file"


@dataclass(frozen=True)
class HubName:
    """What a name says.

    Attributes:
        repo: `ORG/NAME`, or a folder.
        config: `None` for the only one.
        split: `None` for `test`, or the only one.
    """

    repo: str
    config: str | None = None
    split: str | None = None

    def __str__(self) -> str:
        """Write the name as it is given."""
        config = f":{self.config}" if self.config else ""
        return f"{PREFIX}{self.repo}{config}" + (f"@{self.split}" if self.split else "")


def hub_name(text: str) -> HubName:
    """Read a name without its prefix.

    Raises:
        InputError: It has another form.
    """
    found = _NAME.fullmatch(text.strip())
    if found is None:
        msg = f"{PREFIX}{text} is no name of a data set: write {_FORM}."
        raise InputError(msg)
    return HubName(**found.groupdict())


def read_hub(name: HubName) -> list[Raw]:
    """Read a data set; it is downloaded unless it is in the cache already.

    Without a split it is `test`, or the only one. Labels that the data set has names for are read
    as those names.

    Raises:
        MissingPackageError: `datasets` is not installed.
        InputError: The Hub cannot be reached, or has no such data set, config or split.
    """
    try:
        datasets = import_module("datasets")  # heavy, an extra
    except ImportError as error:
        msg = f"{name} needs the package datasets: pip install 'cope-graph[hf-data]'."
        raise MissingPackageError(msg) from error
    if not Path(name.repo).is_dir():
        _check_reachable(name)
    with _said(name):
        found = datasets.load_dataset(name.repo, name.config)
        rows = found[_split(name, list(found))]
        labels = {field: kind for field, kind in rows.features.items() if hasattr(kind, "int2str")}
        return [_row(name, at, row, labels) for at, row in enumerate(rows)]


def _check_reachable(name: HubName) -> None:
    """Ask the Hub once: `datasets` would try for half a minute before it says the same."""
    from huggingface_hub import HfApi  # noqa: PLC0415 - comes with datasets
    from huggingface_hub.errors import (  # noqa: PLC0415
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    # huggingface_hub reads the variable only once, when it is imported.
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    # `from None`: an HTTP client quotes the header that it cannot send, with the token.
    try:
        HfApi(endpoint=endpoint).dataset_info(name.repo, timeout=_SECONDS)
    except OfflineModeIsEnabled:
        return  # from the cache, then
    except HFValidationError:
        msg = f"{name} is no name of a data set: write {_FORM}."
        raise InputError(msg) from None
    except RepositoryNotFoundError:
        msg = (
            f"The Hugging Face Hub has no data set {name.repo!r}, or not for you: check the name, "
            "and set HF_TOKEN where it is private or gated."
        )
        raise InputError(msg) from None
    except Exception as error:  # noqa: BLE001 - of an HTTP client, or a proxy
        kind = type(error).__name__
        msg = f"{name} cannot be read: the Hugging Face Hub is out of reach ({kind}); {_OFFLINE}."
        raise InputError(msg) from None


@contextmanager
def _said(name: HubName) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        # Loaders, parsers and HTTP clients raise anything.
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        msg = f"{name} cannot be read ({why:.300}): check config and split, or name a JSONL file."
        raise InputError(msg) from error


def _split(name: HubName, there: list[str]) -> str:
    split = name.split or (_SPLIT if _SPLIT in there or len(there) > 1 else there[0])
    if split not in there:
        msg = (
            f"{name} has the splits {', '.join(there)}: name one of them, as in {name}@{there[0]}."
        )
        if name.split:
            msg = f"{name} has no split {name.split!r}: it has {', '.join(there)}."
        raise InputError(msg)
    return split


def _row(name: HubName, at: int, row: dict[str, Any], labels: dict[str, Any]) -> Raw:
    named = {
        field: _label(labels[field], value) if field in labels else value
        for field, value in row.items()
    }
    return Raw(f"{name} row {at}", named, named)


def _label(kind: Any, value: int | None) -> str | None:
    """Name a label; -1 is how unlabelled rows are marked."""
    return None if value is None or value < 0 else str(kind.int2str(value))
