"""A Hub on loopback, and an empty cache."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cope_graph.huggingface.engine import Engine
from cope_graph.huggingface.load import Options, load
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.source import source_of
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


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Let torch compute in one thread: on tiny models two wait for each other most of the time."""
    import torch  # noqa: PLC0415 - heavy

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny model lies."""
    return make_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A folder of the model that may be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.fixture(scope="session")
def loaded(folder: Path) -> Loaded:
    """The tiny model as the package loads it."""
    return load(source_of(str(folder)), Options("cpu", "float32"))


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A tiny model that never ends a reply by itself."""
    where = make_tiny_model(tmp_path_factory.mktemp("endless"), ends=False)
    return load(source_of(str(where)), Options("cpu", "float32"))


@pytest.fixture
def engine(loaded: Loaded) -> Iterator[Engine]:
    """An engine of this test's own."""
    made = Engine(loaded)
    yield made
    made.close()
    atexit.unregister(made._exit)
