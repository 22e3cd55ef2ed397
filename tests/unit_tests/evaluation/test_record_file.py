"""A file of records grows by rows of the same runs, and is mended after a crash."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cope_graph import CopeContext, Price
from cope_graph.errors import InputError
from cope_graph.evaluation.record_file import RecordFile, header_of
from cope_graph.evaluation.records import read_records
from tests.unit_tests.evaluation.made_rows import header, row


def test_a_row_is_in_the_file_at_once(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "r", header())
    file.add([row()])
    assert read_records(tmp_path / "r").rows == (row(),)
    assert file.done() == frozenset()  # of before


def test_a_file_goes_on_and_knows_what_is_done(tmp_path: Path) -> None:
    RecordFile(tmp_path / "r", header()).add([row(), row("b", error="it broke")])
    file = RecordFile(tmp_path / "r", header(date="another day", package="another version"))
    assert file.done() == {("a", "cope")}
    assert file.header["date"] != "another day"
    file.add([row("b")])
    assert [one["item"] for one in read_records(tmp_path / "r")] == ["a", "b"]


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "made_by": ({"made_by": "solve"}, r"made_by: 'bench', not 'solve'"),
    "task": ({"task": "choice"}, r"task: 'math', not 'choice'"),
    "models": ({"models": {"small": "s", "large": "m"}}, r"models: {'large': 'l'}, not {'large'"),
    "a voter": (
        {"models": {"small": "s", "large": "l", "voter:x": "x"}},
        r"models: {'voter:x': None}, not {'voter:x': 'x'}",
    ),
    "n": (
        {"settings": CopeContext(n=3).model_dump(mode="json")},
        r"settings: {'n': 2}, not {'n': 3}",
    ),
    "data": ({"data": {"name": "d", "sha256": "0", "items": 1}}, r"data: None, not {'name': 'd'"),
    "texts": ({"texts": True}, "texts: False, not True"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_records_of_other_runs_are_refused_and_stay(tmp_path: Path, name: str) -> None:
    RecordFile(tmp_path / "r", header()).add([row()])
    before = (tmp_path / "r").read_bytes()
    changes, sentence = CHANGES[name]
    with pytest.raises(InputError, match=rf"r holds records of other runs \({sentence}"):
        RecordFile(tmp_path / "r", header(**changes))
    assert (tmp_path / "r").read_bytes() == before


def test_half_a_line_is_taken_off_before_the_next_row(tmp_path: Path) -> None:
    path = tmp_path / "r"
    RecordFile(path, header()).add([row()])
    with path.open("a") as file:
        file.write('{"item":"b","arm":"co')
    RecordFile(path, header()).add([row("b")])
    assert path.read_text().count("\n") == 3
    assert [one["item"] for one in read_records(path)] == ["a", "b"]


def test_a_whole_line_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "r"
    RecordFile(path, header()).add([row()])
    path.write_text(path.read_text().rstrip("\n"))
    file = RecordFile(path, header())
    file.add([row("b")])
    assert file.done() == {("a", "cope")}
    assert [one["item"] for one in read_records(path)] == ["a", "b"]


@pytest.mark.parametrize("length", [0, 1, 20, 60])
def test_a_header_that_a_crash_cut_off_is_written_anew(tmp_path: Path, length: int) -> None:
    path = tmp_path / "r"
    RecordFile(path, header())
    path.write_bytes(path.read_bytes()[:length])
    RecordFile(path, header()).add([row()])
    assert read_records(path).rows == (row(),)


@pytest.mark.parametrize("content", ["my notes", "my notes\nwithout an end", '{"id": 1}\n{"id"'])
def test_a_file_of_something_else_stays_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r"
    path.write_text(content)
    with pytest.raises(InputError):
        RecordFile(path, header())
    assert path.read_text() == content


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no folder .*none for the records"):
        RecordFile(tmp_path / "none" / "r", header())


def test_what_no_figure_is_never_gets_into_a_file(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "r", header())
    with pytest.raises(ValueError, match="not JSON compliant"):
        file.add([row(seconds=float("nan"))])
    assert read_records(tmp_path / "r").rows == ()


def test_a_lone_surrogate_does_not_stop_a_file(tmp_path: Path) -> None:
    RecordFile(tmp_path / "r", header()).add([row(failures=["\ud800"])])
    assert read_records(tmp_path / "r").rows[0]["failures"] == ["?"]


def test_a_header_says_settings_and_prices_as_json() -> None:
    made = header_of(
        "bench",
        "math",
        {"small": "s"},
        CopeContext(budget_usd=Decimal("0.10")),
        prices={"small": Price.of("0.15", "0.60")},
    )
    assert json.loads(json.dumps(made)) == made
    assert made["prices"] == {"small": {"input": "0.15", "output": "0.60"}}
    assert made["settings"]["budget_usd"] == "0.10"
    assert CopeContext.model_validate(made["settings"]) == CopeContext(budget_usd=Decimal("0.10"))


def test_a_folder_is_no_file_of_records(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"is a folder: name a file for the records, such as .*bench"
    ):
        RecordFile(tmp_path, header())
