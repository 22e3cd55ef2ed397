"""The files of a report, and what importing it loads."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

import cope_graph.report
from cope_graph.errors import InputError
from cope_graph.report import write_report
from tests.unit_tests.report.summaries import BARE
from tests.unit_tests.test_imports import loaded_by


def test_a_folder_gets_the_page_and_a_png_for_each_drawing(tmp_path: Path) -> None:
    written = write_report(BARE, tmp_path / "new" / "folder")
    assert written.page == tmp_path / "new" / "folder" / "report.html"
    assert [one.name for one in written.images] == ["frontier.png", "flow.png"]
    assert sorted(written.page.parent.iterdir()) == sorted([written.page, *written.images])
    assert written.page.read_text("utf-8").startswith("<!DOCTYPE html>")
    for image in written.images:
        assert Image.open(io.BytesIO(image.read_bytes())).format == "PNG"


def test_a_pages_own_name_names_its_pngs_too(tmp_path: Path) -> None:
    written = write_report(BARE, tmp_path / "mine.html")
    assert written.page == tmp_path / "mine.html"
    assert [one.name for one in written.images] == ["mine-frontier.png", "mine-flow.png"]


def test_a_file_of_another_kind_is_not_overwritten(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text("precious")
    with pytest.raises(InputError, match=r"ends in \.html"):
        write_report(BARE, records)
    assert records.read_text() == "precious"


@pytest.mark.parametrize(
    "statement",
    ["import cope_graph.report", "import cope_graph.cli.report",
     "import cope_graph.report.page, cope_graph.report.figures, cope_graph.report.write"],
)  # fmt: skip
def test_importing_loads_no_drawing_package(statement: str) -> None:
    assert not loaded_by(statement) & {"matplotlib", "numpy", "jinja2", "PIL"}


def test_public_names_resolve_and_others_do_not() -> None:
    for name in cope_graph.report.__all__:
        assert getattr(cope_graph.report, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = cope_graph.report.nope
