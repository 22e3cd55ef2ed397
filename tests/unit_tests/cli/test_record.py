"""`cope solve --record`: the row is what the run did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cope_graph.evaluation.records import read_records
from tests.loopback.openai_server import OpenAIServer
from tests.unit_tests.cli.conftest import MODELS

CANARY = "zebra"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs.jsonl"


def test_the_row_is_what_the_run_did(server: OpenAIServer, cope: Any, out: Path) -> None:
    prices = ("--small-price", "1,2", "--large-price", "10,20")
    got = cope("solve", "How many?", *MODELS, *prices, "--record", str(out), "--json")
    run = json.loads(got.out)
    (row,) = read_records(out).rows
    assert row["lines"] == run["ledger"]["lines"]
    assert (row["arm"], row["error"], row["failures"]) == ("solve", None, [])
    stages = row["stages"]
    assert [(s["stage"], s["confidence"], s["accepted"], s["answer"]) for s in stages] == [
        (v["stage"], v["confidence"], v["accepted"], v["answer"]) for v in run["visits"]
    ]
    # Which of the requests side by side gets which answer is the server's to deal.
    groups = [sample["group"] for sample in stages[0]["samples"]]
    answers = [sample["answer"] for sample in stages[0]["samples"]]
    first = list(dict.fromkeys(answer for answer in answers if answer is not None))
    assert groups == [None if one is None else first.index(one) for one in answers]
    assert sorted(answers.count(one) for one in {*answers}) == [1, 2, 5]
    assert [sample["group"] for sample in stages[1]["samples"]] == [0] * 5 + [None] * 3
    assert {sample["right"] for stage in stages for sample in stage["samples"] if sample["answer"]}
    assert all(s["right"] is None for s in stages)
    assert server.count == len(row["lines"]) == 11


def test_the_header_says_what_runs_have_in_common(
    server: OpenAIServer, cope: Any, out: Path
) -> None:
    cope("solve", "q", *MODELS, "--small-price", "1,2", "--record", str(out))
    header = read_records(out).header
    assert (header["made_by"], header["task"], header["data"]) == ("solve", "math", None)
    assert header["models"] == {"small": "openai:s", "large": "openai:l"}
    assert header["prices"] == {"small": {"input": "1", "output": "2"}}
    assert header["settings"]["n"] == 8
    assert server.count == 11


def test_a_second_run_appends_also_of_the_same_question(
    server: OpenAIServer, cope: Any, out: Path
) -> None:
    for _ in range(2):
        assert cope("solve", "How many?", *MODELS, "--record", str(out)).code == 0
    first, second = read_records(out).rows
    assert first["item"] != second["item"]
    assert first["item"].partition("/")[0] == second["item"].partition("/")[0]
    assert server.count > 11


@pytest.mark.parametrize("options", [["--n", "4"], ["--no-plans"], ["--large", "openai:s"]])
def test_other_settings_are_refused_before_anything_is_paid(
    server: OpenAIServer, cope: Any, out: Path, options: list[str]
) -> None:
    cope("solve", "q", *MODELS, "--record", str(out))
    before, count = out.read_bytes(), server.count
    got = cope("solve", "q", *MODELS, "--record", str(out), *options)
    assert got.code == 2
    assert "runs.jsonl holds records of other runs" in got.err
    assert (out.read_bytes(), server.count) == (before, count)


def test_a_file_of_something_else_is_refused_and_stays(
    server: OpenAIServer, cope: Any, out: Path
) -> None:
    out.write_text("my notes")
    got = cope("solve", "q", *MODELS, "--record", str(out))
    assert got.code == 2
    assert (out.read_text(), server.count) == ("my notes", 0)


@pytest.mark.usefixtures("server")
def test_no_text_of_question_or_reply_is_recorded(cope: Any, out: Path) -> None:
    cope("solve", f"How many {CANARY}?", *MODELS, "--record", str(out))
    content = out.read_text()
    for private in (CANARY, "Some thought", "find x", "Think first", "test"):
        assert private not in content


def test_a_run_without_an_answer_is_an_error_row_with_its_bill(
    server: OpenAIServer, cope: Any, out: Path
) -> None:
    models = ["--small", "openai:s", "--large", "openai:l-401"]  # s begins with plans
    got = cope("solve", CANARY, *models, "--n", "3", "--no-plans", "--record", str(out))
    assert got.code == 2
    (row,) = read_records(out).rows
    assert row["error"] == "a request of large_execute to the large model: refused."
    assert sum(line["output_tokens"] for line in row["lines"]) == (
        server.billed["s"].completion_tokens
    )
    assert CANARY not in out.read_text()
