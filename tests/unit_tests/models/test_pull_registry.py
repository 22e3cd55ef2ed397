"""Pulls from the registry: the real pip, and a folder of tiny wheels made here."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import venv
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from cope_graph.errors import ModelFileError
from cope_graph.models import catalog
from cope_graph.models.catalog import EmbeddedModel, HubFile, Wheel
from cope_graph.models.pull import cache_dir, find, pull

ROOT = Path(__file__).parents[3]
PIECES = [f"<piece {number}>".encode() * 100 for number in range(1, 12)]


def _model(count: int) -> EmbeddedModel:
    """A model made of the first `count` pieces."""
    content = b"".join(PIECES[:count])
    return EmbeddedModel(
        name="tiny",
        file="tiny.gguf",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        context_tokens=16,
        hub=None,
        wheels=tuple(
            Wheel(package=f"tiny-part{number}", version="0.1.0", member="*/data/part*.bin")
            for number in range(1, count + 1)
        ),
    )


MODEL = _model(3)
BYTES = b"".join(PIECES[:3])
CHILD = (
    "import os, signal, sys\n"
    "from tests.unit_tests.models.test_pull_registry import MODEL\n"
    "from cope_graph.models import catalog, pull\n"
    "catalog.MODELS['tiny'] = MODEL\n"
    "def die(done, total, note):\n"
    "    if note.startswith(sys.argv[1]): os.kill(os.getpid(), signal.SIGKILL)\n"
    "pull.pull('tiny', sources=('registry',), progress=die)\n"
)


def _wheel(folder: Path, package: str, files: dict[str, bytes]) -> Path:
    """Write a wheel that pip takes."""
    module = package.replace("-", "_")
    info = f"{module}-0.1.0.dist-info"
    path = folder / f"{module}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{module}/{name}", content)
        about = f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1.0\n"
        archive.writestr(f"{info}/METADATA", about)
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    return path


def _piece(folder: Path, number: int, content: bytes) -> Path:
    boom = b"raise SystemExit('a wheel was imported')"
    name = f"data/part{number:02}.bin"
    return _wheel(folder, f"tiny-part{number}", {"__init__.py": boom, name: content})


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that is pip's only source, an empty cache, and a table with one model."""
    folder = tmp_path / "links"
    folder.mkdir()
    for number, content in enumerate(PIECES, start=1):
        _piece(folder, number, content)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    monkeypatch.setenv("COPE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(catalog, "MODELS", {"tiny": MODEL})
    return folder


def _pull() -> Path:
    return pull("tiny", sources=("registry",))


def _refused() -> str:
    with pytest.raises(ModelFileError) as caught:
        _pull()
    assert find("tiny") is None
    return str(caught.value)


def _left() -> set[str]:
    return {path.name for path in cache_dir().iterdir()} - {"tiny.gguf.lock"}


def _kept() -> int:
    return len(list((cache_dir() / "tiny.gguf.pieces").glob("*.bin")))


@pytest.mark.usefixtures("links")
def test_eleven_pieces_are_joined_in_numeric_order(monkeypatch: pytest.MonkeyPatch) -> None:
    eleven = _model(11)
    monkeypatch.setitem(catalog.MODELS, "tiny", eleven)
    told: list[tuple[int, int, str]] = []
    path = pull("tiny", progress=lambda done, total, note: told.append((done, total, note)))
    assert path.read_bytes() == b"".join(PIECES)
    assert _left() == {"tiny.gguf"}
    done = [step[0] for step in told]
    assert done == sorted(done)
    assert told[0] == (0, eleven.size_bytes, "piece 1 of 11")
    assert told[-1] == (eleven.size_bytes, eleven.size_bytes, "checking sha256")


def test_kill_9_then_resume_at_the_missing_piece(links: Path) -> None:
    command = [sys.executable, "-c", CHILD, "piece 3 "]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL  # noqa: S603
    assert _kept() == 2
    for number in (1, 2):
        (links / f"tiny_part{number}-0.1.0-py3-none-any.whl").unlink()
    assert _pull().read_bytes() == BYTES
    assert _left() == {"tiny.gguf"}


@pytest.mark.usefixtures("links")
def test_kill_9_while_checking_then_resume() -> None:
    command = [sys.executable, "-c", CHILD, "checking"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL  # noqa: S603
    assert find("tiny") is None
    assert _pull().read_bytes() == BYTES


def test_a_half_extracted_piece_and_its_wheel_are_thrown_away(links: Path) -> None:
    stage = cache_dir() / "tiny.gguf.pieces"
    (stage / "wheel-dead").mkdir(parents=True)
    (stage / "wheel-dead" / "piece.part").write_bytes(b"half")
    (stage / "joined.part").write_bytes(b"half")
    (links / "tiny_part1-0.1.0-py3-none-any.whl").unlink()
    said = _refused()
    assert "pip could not download tiny-part1==0.1.0" in said
    assert "No matching distribution found" in said
    assert list(stage.iterdir()) == []


def test_a_missing_wheel_keeps_the_pieces_before_it(links: Path) -> None:
    (links / "tiny_part2-0.1.0-py3-none-any.whl").unlink()
    assert "tiny-part2==0.1.0" in _refused()
    assert _kept() == 1
    _piece(links, 2, PIECES[1])
    assert _pull().read_bytes() == BYTES


def test_wrong_bytes_are_deleted_and_refused(links: Path) -> None:
    wrong = b"?" * len(PIECES[1])
    _piece(links, 2, wrong)
    said = _refused()
    got = hashlib.sha256(BYTES.replace(PIECES[1], wrong)).hexdigest()
    assert f"with sha256 {MODEL.sha256}, got {len(BYTES):,} bytes with sha256 {got}" in said
    assert _left() == set()
    _piece(links, 2, PIECES[1])
    assert _pull().read_bytes() == BYTES


def test_too_few_bytes_are_deleted_and_refused(links: Path) -> None:
    _piece(links, 2, b"short")
    assert "other bytes than the official file, deleted" in _refused()
    assert _left() == set()


def test_a_wheel_cannot_fill_the_disk(links: Path) -> None:
    _piece(links, 2, b"0" * 10_000_000)
    assert "tiny-part2==0.1.0 holds more bytes than the model has left" in _refused()
    assert _kept() == 1


@pytest.mark.parametrize("files", [{}, {"data/part03.bin": b"a", "data/part3.bin": b"b"}])
def test_a_wheel_must_hold_exactly_one_piece(links: Path, files: dict[str, bytes]) -> None:
    _wheel(links, "tiny-part3", files)
    assert "tiny-part3==0.1.0 does not hold exactly one */data/part*.bin" in _refused()


def test_a_damaged_wheel_is_refused(links: Path) -> None:
    path = links / "tiny_part3-0.1.0-py3-none-any.whl"
    path.write_bytes(path.read_bytes().replace(b"<piece 3>", b"<piece X>"))
    assert "tiny-part3==0.1.0 is damaged: Bad CRC-32" in _refused()
    assert _kept() == 2


@pytest.mark.usefixtures("links")
def test_a_python_without_pip_says_the_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    assert "this Python has no pip; run `python -m ensurepip`" in _refused()


@pytest.mark.usefixtures("links")
def test_a_python_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    assert "pip could not be started" in _refused()


def test_wrong_hub_bytes_leave_the_pieces_alone(
    links: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (links / "tiny_part2-0.1.0-py3-none-any.whl").unlink()
    _refused()
    (links / "tiny_part1-0.1.0-py3-none-any.whl").unlink()
    model = replace(MODEL, hub=HubFile(repo="a/b", revision="c", file="tiny.gguf"))
    monkeypatch.setitem(catalog.MODELS, "tiny", model)
    part = cache_dir() / "tiny.gguf.part"
    part.write_bytes(b"?" * len(BYTES))
    with pytest.raises(ModelFileError) as caught:
        pull("tiny")
    assert "hub: other bytes than the official file" in str(caught.value)
    assert "registry: pip could not download tiny-part2" in str(caught.value)
    assert not part.exists()
    assert _kept() == 1


@pytest.mark.usefixtures("links")
def test_a_pip_py_in_the_users_folder_is_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert _pull().read_bytes() == BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="reads the child's process ids from /proc")
@pytest.mark.usefixtures("links")
def test_an_interrupt_ends_pip_too_and_the_pull_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, monkeypatch.context() as patch:
        patch.delenv("PIP_NO_INDEX")
        patch.delenv("PIP_FIND_LINKS")
        patch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        command = [sys.executable, "-c", CHILD, "never"]
        child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)  # noqa: S603
        silent.settimeout(30)
        connection, _ = silent.accept()
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        assert len(children) == 1
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        connection.close()
    assert "KeyboardInterrupt" in said
    assert not Path(f"/proc/{children[0]}").exists()
    assert list((cache_dir() / "tiny.gguf.pieces").iterdir()) == []
    assert _pull().read_bytes() == BYTES


@pytest.mark.usefixtures("links")
def test_two_processes_at_once_end_with_one_good_file() -> None:
    command = [sys.executable, "-c", CHILD, "never"]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]  # noqa: S603
    assert [child.wait(120) for child in both] == [0, 0]
    found = find("tiny")
    assert found is not None
    assert found.read_bytes() == BYTES
    assert _left() == {"tiny.gguf"}
