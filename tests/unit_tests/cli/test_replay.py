"""`cope replay`: tables, Markdown and JSON from a file of records, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cope_graph.cli.replay import replay
from cope_graph.errors import CopeError, InputError
from tests.unit_tests.evaluation.recorded import bench

app = typer.Typer()
app.command()(replay)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "r.jsonl"
    made = bench()
    lines = [json.dumps(line) for line in (made.header, *made.rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def run(*arguments: object, width: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(width)}).invoke(app, [*map(str, arguments)])


def told(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def refused(*arguments: object) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, CopeError)
    return str(result.exception)


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit_the_terminal(records: Path, width: int) -> None:
    result = run(records, "--grid", "--frontier", width=width)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= width
    assert "…" not in result.stdout
    for title in ("Methods:", "Stages:", "Cost:", "Tokens:", "Gates:", "Frontier:", "Thresholds"):
        assert title in result.stdout


def test_frontier_and_grid_are_shown_when_asked_for(records: Path) -> None:
    assert "Frontier" not in run(records).stdout
    assert "### Frontier" in run(records, "--markdown", "--frontier").stdout
    assert "### Thresholds" not in run(records, "--markdown", "--frontier").stdout


def test_what_ifs_reach_the_figures(records: Path) -> None:
    as_recorded = told(records)
    other = told(records, "--tau1", 0.2, "--n", 2, "--at-tau", "--baseline", "COPE")
    assert (as_recorded["n"], as_recorded["tau1"], as_recorded["strict"]) == (4, 0.5, True)
    assert (other["n"], other["tau1"], other["strict"], other["baseline"]) == (
        2,
        0.2,
        False,
        "COPE",
    )
    assert next(one for one in other["methods"] if one["name"] == "COPE")["share"] == 1.0


def test_other_prices_replace_what_was_billed(records: Path) -> None:
    dear = told(records, "--small-price", "0,0", "--large-price", "1000000,1000000")
    cost = {one["name"]: one["usd"] for one in dear["methods"]}
    assert cost["small vote"] == 0.0
    assert cost["large"] > told(records)["methods"][2]["usd"]


def test_arms_are_chosen_by_name(records: Path) -> None:
    found = [one["name"] for one in told(records, "--arms", "plan_free, voter:x")["methods"]]
    assert "plan-free vote cascade" in found
    assert "COPE" not in found
    assert "no arm 'z'" in refused(records, "--arms", "z")


def test_voters_and_another_order_are_chosen_by_name(records: Path) -> None:
    found = told(records, "--voters", "x, small", "--order", "2,1,3")
    names = [one["name"] for one in found["methods"]]
    assert "order 2, 1, 3" in names
    agreement = next(one for one in found["methods"] if one["name"].startswith("agreement"))
    assert agreement["samples"] >= 2
    assert "no voter 'z'" in refused(records, "--voters", "z")


def test_the_same_seed_prints_the_same(records: Path) -> None:
    assert run(records, "--seed", 3).stdout == run(records, "--seed", 3).stdout


def test_json_is_one_document_with_a_version(records: Path) -> None:
    found = told(records)
    assert (found["format"], found["version"], found["items"]) == ("cope-summary", 1, 4)
    assert found["grid"] is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--n", "9"], "n=9"),
        (["--order", "2,x"], "not made of stages"),
        (["--order", "3,1"], "An order is some of 1, 2, 3"),
        (["--baseline", "nothing"], "no method 'nothing'"),
        (["--small-price", "dear"], "'dear'"),
        (["--tau1", "2"], "tau1"),
        (["--json", "--markdown"], "give one of them"),
    ],
)
def test_what_the_records_or_the_options_cannot_say_is_one_sentence(
    records: Path, arguments: list[str], words: str
) -> None:
    assert words in refused(records, *arguments)


def test_an_error_with_json_is_json(records: Path) -> None:
    result = run(records, "--n", 9, "--json")
    assert json.loads(result.stdout)["type"] == InputError.__name__


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no.jsonl" in refused(tmp_path / "no.jsonl")


def test_no_model_and_no_numpy_is_loaded_before_the_records_are_read() -> None:
    heavy = ("numpy", "openai", "langchain_openai", "xllamacpp", "torch", "cope_graph.cascade")
    code = f"import sys, cope_graph.cli.replay; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(  # noqa: S603 - this file's own line
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_numpy_the_install_line_is_told(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("cope_graph.evaluation.")]:
        if name.rpartition(".")[2] in {"compare", "walk", "sweep", "intervals", "health"}:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert "pip install 'cope-graph[bench]'" in refused(records)
