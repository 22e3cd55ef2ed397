"""Records are read as they were written, and what is none is refused by its line."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.evaluation.record_file import RecordFile
from cope_graph.evaluation.records import Records, read_records
from tests.unit_tests.evaluation.made_rows import ROWS, header, row


def written(path: Path, *lines: object) -> Path:
    path.write_text(
        "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines)
    )
    return path


@given(rows=st.lists(ROWS, max_size=4, unique_by=lambda one: (one["item"], one["arm"])))
def test_what_is_read_is_what_was_written(rows: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        made = header(texts=True)
        RecordFile(path, made).add(rows)
        found = read_records(path)
    assert found == Records(made, tuple(rows), "records.jsonl")
    assert [*found] == rows


def test_the_last_row_of_an_item_stands_where_earlier_ones_failed(tmp_path: Path) -> None:
    failed, again = row(error="it broke"), row(failures=["x"])
    records = read_records(written(tmp_path / "r", header(), failed, row("b"), again))
    assert records.of_arm("cope") == {"a": again, "b": row("b")}
    assert records.arms() == ("cope",)


@pytest.mark.parametrize("cut", ['{"item":"b","ar', "{", "[1,2]", "7"])
def test_a_line_that_a_crash_cut_off_is_no_row(tmp_path: Path, cut: str) -> None:
    path = written(tmp_path / "r", header(), row())
    with path.open("a") as file:
        file.write(cut)
    assert read_records(path).rows == (row(),)


def test_a_whole_last_line_counts_without_its_end(tmp_path: Path) -> None:
    path = written(tmp_path / "r", header(), row(), row("b"))
    path.write_text(path.read_text().rstrip("\n"))
    assert [one["item"] for one in read_records(path)] == ["a", "b"]


def test_blank_lines_and_the_line_ends_of_windows_are_nothing(tmp_path: Path) -> None:
    lines = [json.dumps(header()), "", json.dumps(row()), "  "]
    (tmp_path / "r").write_bytes("\r\n".join([*lines, ""]).encode())
    assert read_records(tmp_path / "r").rows == (row(),)


def stage(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "stage": 1,
        "n": 1,
        "confidence": 1.0,
        "votes": True,
        "passes": None,
        "accepted": True,
        "answer": "7",
        "right": True,
        "seconds": 0.5,
        "samples": [],
    }
    return {**made, **changes}


BAD_ROWS: dict[str, tuple[object, str]] = {
    "not JSON": ("{'item': 1}", r"r:2 is no JSON"),
    "NaN": (row(stages=[stage(confidence=float("nan"))]), "r:2 holds NaN, which is no figure"),
    "infinity": (row(stages=[stage(seconds=float("inf"))]), "r:2 holds Infinity"),
    "too large": ('{"item":"a","seconds":1e999}', "r:2 holds 1e999, which is no figure"),
    "too deep": ("[" * 200_000, "r:2 is no JSON"),
    "a list": ([1], "r:2 is no record of this version"),
    "no arm": ({"item": "a"}, "r:2 is no record of this version: .*arm"),
    "an item that is a number": (row(item=7), "r:2 .*item: Input should be a valid string"),  # type: ignore[arg-type]
    "stage 4": (row(stages=[stage(stage=4)]), r"r:2 .*stages.0.stage"),
    "right in words": (row(stages=[stage(right="yes")]), r"r:2 .*stages.0.right"),
    "another header": (header(), "r:2 is no record of this version"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, name: str) -> None:
    line, sentence = BAD_ROWS[name]
    with pytest.raises(InputError, match=sentence):
        read_records(written(tmp_path / "r", header(), line, row("b")))


def test_a_second_outcome_of_an_item_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "r", header(), row(), row("b"), row(error="late"))
    with pytest.raises(InputError, match="r:4 is a second row of item 'a' in arm 'cope'"):
        read_records(path)


BAD_FILES: dict[str, tuple[str, str]] = {
    "empty": ("", "r holds no records: it is empty"),
    "blank": ("\n\n", "r holds no records: it is empty"),
    "not JSON": ("hello\n", "r:1 is no JSON"),
    "no header": (f"{json.dumps(row())}\n", "its first line is no cope-records header"),
    "a list": ("[]\n", "its first line is no cope-records header"),
    "another version": (
        f"{json.dumps(header(version=2, package='9.9'))}\n",
        r"of version 2; this cope-graph reads version 1.*'9.9'",
    ),
    "half a header": (f"{json.dumps({**header(), 'models': None})}\n", "r:1 .*models"),
    "bytes": ("\x00\x01\n", "r:1 is no JSON"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    content, sentence = BAD_FILES[name]
    (tmp_path / "r").write_text(content)
    with pytest.raises(InputError, match=sentence):
        read_records(tmp_path / "r")


@pytest.mark.parametrize("name", ["none", "."])
def test_no_file_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="There is no file of records"):
        read_records(tmp_path / name)
