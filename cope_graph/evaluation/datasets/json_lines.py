"""JSON Lines files, as they are or compressed: one object a line."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cope_graph.errors import InputError
from cope_graph.evaluation.datasets.raw import Raw

_ENDINGS: Final = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_GZIP: Final = b"\x1f\x8b"
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def data_file(path: Path) -> Path:
    """Give the file that a path stands for: itself, or the one data file in a folder.

    Raises:
        InputError: There is none, or the folder has several.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        msg = f"There is no data file or folder {path}."
        raise InputError(msg)
    found = sorted(one.name for one in path.iterdir() if one.name.endswith(_ENDINGS))
    if len(found) == 1:
        return path / found[0]
    if found:
        msg = f"{path} holds several data files ({', '.join(found)}): name one of them."
        raise InputError(msg)
    msg = f"{path} holds no data file: put one there that ends in {', '.join(_ENDINGS)}."
    raise InputError(msg)


def read_lines(path: Path) -> list[Raw]:
    """Read a file.

    Args:
        path: UTF-8, one JSON object a line; with gzip or without. Empty lines do not count.

    Raises:
        InputError: It cannot be read; the message names the line.
    """
    return rows_in(_content(path), path.name)


def rows_in(content: bytes, name: str) -> list[Raw]:
    """Read the rows in a file's content."""
    if content.startswith(_UTF16_MARKS):
        msg = f"{name} is UTF-16: save it as UTF-8."
        raise InputError(msg)
    # Only "\n" ends a line: a question may hold other line separators.
    lines = content.removeprefix(_UTF8_MARK).split(b"\n")
    return [_row(line, f"{name}:{at}") for at, line in enumerate(lines, 1) if line.strip()]


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except (OSError, EOFError, zlib.error) as error:
        why = "is cut short or damaged" if isinstance(error, EOFError | zlib.error) else str(error)
        msg = f"{path.name} cannot be read: {why}."
        raise InputError(msg) from error


def _row(line: bytes, place: str) -> Raw:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        byte = line[error.start]
        msg = f"{place} is not UTF-8 (byte 0x{byte:02x} at {error.start}): save the file as UTF-8."
        raise InputError(msg) from error
    try:
        row = json.loads(
            text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_once_each
        )
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        msg = f"{place} holds half a character (a lone surrogate), which is no text: take it out."
        raise InputError(msg) from error
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        if isinstance(error, RecursionError):
            why = "it is nested too deeply"
        msg = f"{place} is no JSON ({why}): write one object a line."
        raise InputError(msg) from error
    if not isinstance(row, dict):
        msg = f"{place} is a JSON {_kind(row)}, no object: write one object a line."
        raise InputError(msg)
    return Raw(place, row, row)


def _kind(value: object) -> str:
    return {list: "list", str: "text", type(None): "null"}.get(type(value), "number")


def _no_number(name: str) -> None:
    msg = f"{name} is no number that JSON knows"
    raise ValueError(msg)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = "a number in it is too large"
        raise ValueError(msg)
    return number


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"it has {twice!r:.60} twice"
        raise ValueError(msg)
    return row
