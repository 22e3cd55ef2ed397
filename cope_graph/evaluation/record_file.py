"""Writing records: a row is on disk before the next run is paid."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from cope_graph import __version__
from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.evaluation.records import (
    FORMAT,
    VERSION,
    Data,
    Header,
    Records,
    Row,
    is_whole,
    read_records,
)
from cope_graph.money.prices import Price

_SAME: Final = ("made_by", "task", "models", "settings", "data", "texts")
"""What rows in one file must have in common."""

_BEGINS: Final = f'{{"format":"{FORMAT}"'.encode()
"""How every file of ours begins."""


def header_of(  # noqa: PLR0913 - what a header says
    made_by: Literal["bench", "solve"],
    task: str,
    models: Mapping[str, str],
    settings: CopeContext,
    *,
    prices: Mapping[str, Price] | None = None,
    data: Data | None = None,
    texts: bool = False,
) -> Header:
    """Make a header.

    Args:
        made_by: What writes the rows.
        task: The family of questions.
        models: Names by side.
        settings: That the arms vary.
        prices: The user's own.
        data: What the items are.
        texts: Whether questions and replies are told.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_by": made_by,
        "package": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": task,
        "models": dict(models),
        "prices": {name: _price(price) for name, price in (prices or {}).items()},
        "settings": settings.model_dump(mode="json"),
        "data": data,
        "texts": texts,
    }


def _price(price: Price) -> dict[str, Any]:
    parts = ("input", "output", "cached", "gpu_hour")
    given = {part: getattr(price, part) for part in parts}
    return {part: str(usd) for part, usd in given.items() if usd is not None}


class RecordFile:
    """A file of records that grows by rows."""

    def __init__(self, path: Path, header: Header) -> None:
        """Begin a file, or go on with one of the same runs.

        Args:
            path: Where; its folder must be there.
            header: What its rows have in common.

        Raises:
            InputError: The file is there, and holds records of something else; or it is a
                folder, or lies in none.
        """
        self.path = path
        if path.is_dir():
            msg = (
                f"{path} is a folder: name a file for the records, such as {path / 'bench.jsonl'}."
            )
            raise InputError(msg)
        _mend(path)
        if path.is_file() and path.stat().st_size:
            earlier = read_records(path)
            _check_same(earlier, header)
            self.header: Header = earlier.header
            self._done = frozenset(
                (row["item"], row["arm"]) for row in earlier if row["error"] is None
            )
        else:
            if not path.parent.is_dir():
                msg = f"There is no folder {path.parent} for the records: make it first."
                raise InputError(msg)
            self.header, self._done = header, frozenset()
            _append(path, header)

    def done(self) -> frozenset[tuple[str, str]]:
        """Tell which items had an outcome under which arms when the file was opened."""
        return self._done

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows, and see to it that they are on disk."""
        for row in rows:
            _append(self.path, row)


def _append(path: Path, record: Mapping[str, Any]) -> None:
    line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    with path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def _mend(path: Path) -> None:
    """Take off the half line that a crash left; a file of something else stays as it is."""
    if not path.is_file() or not (text := path.read_bytes()) or text.endswith(b"\n"):
        return
    if not (text.startswith(_BEGINS) or _BEGINS.startswith(text)):
        return
    start = text.rfind(b"\n") + 1
    with path.open("r+b") as file:
        if is_whole(text[start:].decode("utf-8", "replace")):  # an editor left out its end
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
        else:
            file.truncate(start)


def _check_same(earlier: Records, header: Header) -> None:
    there: Mapping[str, Any] = earlier.header
    asked: Mapping[str, Any] = header
    for part in _SAME:
        if there[part] != asked[part]:
            was, now = _difference(there[part], asked[part])
            msg = (
                f"{earlier.name} holds records of other runs ({part}: {was}, not {now}). Name "
                "another file, or ask for the same again."
            )
            raise InputError(msg)


def _difference(was: Any, now: Any) -> tuple[str, str]:
    if isinstance(was, dict) and isinstance(now, dict):
        names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
        was, now = ({name: one.get(name) for name in names} for one in (was, now))
    return f"{was!r:.120}", f"{now!r:.120}"
