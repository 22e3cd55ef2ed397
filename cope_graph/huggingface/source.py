"""Where a model comes from: a repository of the Hugging Face Hub, a folder, or a GGUF file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cope_graph.errors import ModelNameError

PREFIX: Final = "huggingface:"
_PART: Final = r"[A-Za-z0-9][\w.-]*"
_HUB_NAME: Final = re.compile(
    rf"(?P<repo>{_PART}(?:/{_PART})?)(?:/(?P<file>[\w./-]+\.gguf))?(?:@(?P<revision>[\w./-]+))?"
)


@dataclass(frozen=True)
class Source:
    """A model's weights and tokenizer.

    Attributes:
        repo: A repository of the Hub (`org/name`), or a local folder.
        revision: A branch, tag or commit of it; `None` for its main branch, or a folder.
        file: A GGUF file in it, `None` for the usual safetensors.
        is_local: Whether `repo` is a folder.
    """

    repo: str
    revision: str | None = None
    file: str | None = None
    is_local: bool = False

    @property
    def name(self) -> str:
        """The name it goes by, without the prefix."""
        path = str(Path(self.repo, self.file)) if self.is_local and self.file else self.repo
        if self.file and not self.is_local:
            path = f"{self.repo}/{self.file}"
        return f"{path}@{self.revision}" if self.revision else path


def source_of(name: str) -> Source:
    """Read a name: `org/name[@revision]`, `org/name/file.gguf[@revision]`, a folder or a file.

    Args:
        name: With or without the prefix `huggingface:`.

    Raises:
        ModelNameError: It is none of these, or the path does not exist.
    """
    bare = name.strip().removeprefix(PREFIX)
    path = Path(bare).expanduser()
    if bare and path.is_file() and path.suffix == ".gguf":
        return Source(str(path.parent), file=path.name, is_local=True)
    if bare and path.is_dir():
        return Source(str(path), is_local=True)
    if bare.startswith((".", "/", "~")) or path.is_absolute():
        msg = f"There is no model at {bare}: name a folder with config.json, or a .gguf file."
        raise ModelNameError(msg)
    if (found := _HUB_NAME.fullmatch(bare)) is None or ".." in bare:
        msg = (
            f"{name!r} names no model of the Hub: write 'huggingface:org/name', "
            "'huggingface:org/name@revision' or 'huggingface:org/name/file.gguf'."
        )
        raise ModelNameError(msg)
    return Source(found["repo"], found["revision"], found["file"])
