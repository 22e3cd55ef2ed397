"""A Hub on loopback, and an empty cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback.hub import Files, Hub, files_in, use_hub
from tests.tiny_model import make_tiny_model
from tests.unit_tests.huggingface.hub import BESIDE, REPO


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return files_in(make_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "hub"


@pytest.fixture
def hub(tiny: Files, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[Hub]:
    """A Hub with the tiny model, and an empty cache."""
    with Hub(REPO, {"main": {**tiny, **BESIDE}}) as running:
        use_hub(monkeypatch, running.url + "/", cache)
        yield running
