"""`cope report` reads records, and writes a page and PNGs; nothing half done on bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cope_graph.cli import report as command
from cope_graph.cli.report import report
from cope_graph.errors import InputError
from tests.unit_tests.evaluation.recorded import bench

app = typer.Typer()
app.command()(report)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    file = tmp_path / "mine.jsonl"
    made = bench()
    file.write_text("".join(json.dumps(one) + "\n" for one in (made.header, *made.rows)))
    return file


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_a_page_and_pngs_are_written_and_the_words_are_said(records: Path, tmp_path: Path) -> None:
    said = run(str(records), "-o", str(tmp_path / "out"), "--title", "A [b]title[/b]")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<h1>A [b]title[/b]</h1>" in page
    assert "mine.jsonl" in page
    assert f"{tmp_path / 'out' / 'report.html'} and 5 PNGs beside it" in said
    assert {one.name for one in (tmp_path / "out").iterdir()} == {
        "report.html", "frontier.png", "flow.png", "savings.png", "heat.png", "reliability.png",
    }  # fmt: skip
    assert any(said.startswith(level) for level in ("good: ", "note: ", "warning: "))


def test_without_a_target_a_folder_is_named_after_the_records(
    records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(str(records))
    assert (tmp_path / "mine-report" / "report.html").is_file()


def test_what_ifs_and_the_baseline_reach_the_page(records: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    what_ifs = ("--tau1", "0.9", "--tau2", "0.25", "--n", "2", "--baseline", "small vote")
    run(str(records), "-o", str(page), *what_ifs, "--small-price", "1,2", "--large-price", "10,20")
    text = page.read_text("utf-8")
    assert "<dt>threshold of stage 1</dt><dd>0.9</dd>" in text
    assert "<dt>threshold of stage 2</dt><dd>0.25</dd>" in text
    assert "<dt>samples a stage (n)</dt><dd>2</dd>" in text
    assert "Saved or lost against small vote" in text


def test_arms_are_chosen_by_name(records: Path, tmp_path: Path) -> None:
    run(str(records), "-o", str(tmp_path / "page.html"), "--arms", "plan_free")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "plan-free vote cascade" in page
    assert "large with its own plan" not in page.partition("<section")[2].partition("Left out")[0]


def test_an_unknown_baseline_leaves_no_file(records: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nope"):
        run(str(records), "-o", str(tmp_path / "out"), "--baseline", "nope")
    assert not (tmp_path / "out").exists()


def test_missing_records_are_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.jsonl"):
        run(str(tmp_path / "no.jsonl"))


def test_packages_are_looked_for_before_anything_is_read(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        msg = "pip install 'cope-graph[bench]'"
        raise ImportError(msg)

    monkeypatch.setattr(command, "check_packages", missing)
    monkeypatch.setattr(command, "read_records", lambda _: pytest.fail("read first"))
    with pytest.raises(ImportError, match="pip install"):
        run(str(records))
