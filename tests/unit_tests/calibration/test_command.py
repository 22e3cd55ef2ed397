"""`cope calibrate`: what is said on screen, as JSON and in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from cope_graph.calibration import read_thresholds
from cope_graph.cli.calibrate import calibrate
from cope_graph.errors import InputError
from tests.unit_tests.evaluation.recorded import records, row

app = typer.Typer()
app.command()(calibrate)


def written(path: Path, items: int, *, wrong: float = 0.1) -> Path:
    lot = np.random.default_rng(0)
    rows = []
    for index in range(items):
        sure = bool(lot.random() < 0.7)
        said = ("aaaa" if lot.random() > wrong * 0.05 else "bbbb") if sure else "abcb"
        third = "a" if lot.random() > 0.02 else "b"
        rows.append(row(f"item {index}", "plan_free", {1: said, 3: [third]}))
    made = records(rows)
    lines = [json.dumps(one) for one in (made.header, *made.rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("many") / "r.jsonl", 500)


def test_what_was_certified_is_said_in_words(many: Path) -> None:
    said = run(many, "--max-loss", "0.02").stdout
    assert "Certified with confidence 0.9: at most 2.0% of accuracy lost" in said
    assert "m x4, else l (stages 1, 3): tau1 " in said
    assert "Tested on 500 items (seed 0)" in said
    assert "stage 1's threshold alone" in said
    assert "of the large model's" in said
    assert "Not promised: items unlike these" in said
    assert "the 10% of calibrations that are unlucky" in said


def test_the_file_is_what_the_json_says(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "thresholds.json"
    got = run(many, "--max-loss", "0.02", "--out", out, "--json")
    told: dict[str, Any] = json.loads(got.stdout)
    assert read_thresholds(told) == read_thresholds(out)
    assert told["shown"]["certified"] is True
    assert "stage 1's threshold alone" in got.stderr


def test_too_few_items_are_told_with_the_number_that_would_do(tmp_path: Path) -> None:
    said = run(written(tmp_path / "r.jsonl", 40), "--max-loss", "0.02").stdout
    assert "Cannot certify a loss of at most 2.0%" in said
    assert "items in the test would do" in said
    assert "Under these thresholds the large model answers alone." in said
    assert "this is number 1, and the first accepts nothing" in said


def test_a_cost_that_cannot_be_certified_is_told_with_its_bound(many: Path) -> None:
    said = run(many, "--max-usd", "0.75", "--most-usd", "100").stdout
    assert "Cannot certify with confidence 0.9: " in said
    assert "the upper bound is " in said
    assert "--most-usd" not in said


def test_a_cost_is_an_estimate_without_a_most_and_certified_with_one(many: Path) -> None:
    assert "Estimated, not certified" in run(many, "--max-usd", "0.9").stdout
    said = run(many, "--max-usd", "0.9", "--most-usd", "1.5").stdout
    assert "Certified with confidence 0.9: at most 0.9 USD an item" in said


def test_no_target_and_no_file_are_errors(many: Path, tmp_path: Path) -> None:
    assert isinstance(run(many).exception, InputError)
    assert "Give one target" in str(run(many).exception)
    assert "no file of records" in str(run(tmp_path / "none", "--max-loss", "0.1").exception)
