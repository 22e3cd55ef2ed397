"""Model files that a run needs and that are not here: brought after asking."""

from __future__ import annotations

import sys

import typer

from cope_graph.cli.models import pull_all
from cope_graph.errors import ModelNameError
from cope_graph.huggingface.files import folder_of, is_here
from cope_graph.huggingface.source import PREFIX, source_of
from cope_graph.models.pull import find

_EMBEDDED = "local:"


def offer_files(*names: str) -> None:
    """Bring the embedded models and those of the Hub here, after asking.

    Raises:
        ModelNameError: Some are missing and there is nobody to ask.
        ModelFileError: A local folder holds no whole model, or the download failed.
        MissingPackageError: A model of the Hub needs a package that is not installed.
    """
    missing = tuple(dict.fromkeys(name.removeprefix(_EMBEDDED) for name in names if _lacks(name)))
    if not missing:
        return
    if not sys.stdin.isatty():
        msg = f"Model files are missing: run `cope models pull {' '.join(missing)}`."
        raise ModelNameError(msg)
    typer.confirm(f"Download {' and '.join(missing)} now?", default=True, abort=True)
    pull_all(missing, ("hub", "registry"))


def _lacks(name: str) -> bool:
    """Whether a model's files can be downloaded and are not here."""
    if name.startswith(_EMBEDDED):
        return find(name.removeprefix(_EMBEDDED)) is None
    if not name.startswith(PREFIX):
        return False
    source = source_of(name)
    if source.is_local:  # nothing can be downloaded for it
        folder_of(source)
        return False
    return not is_here(source)
