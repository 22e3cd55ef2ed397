"""`cope solve` with several small models, a quorum, early stopping and calibrated thresholds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cope_graph.calibration import calibrate
from cope_graph.evaluation.records import read_records
from tests.loopback.openai_server import OpenAIServer
from tests.scripted import says
from tests.unit_tests.calibration.outcomes import table
from tests.unit_tests.cli.conftest import MODELS

SEVERAL = ("--small", "openai:a,openai:b, openai:c", "--large", "openai:l")
FREE = ("--no-plans", "--quorum", "2")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    script = {
        "a": ["first goal", says("3")],
        "b": ["second goal", says("3")],
        "c": [says("4")],
        "s": [says("3")] * 8,
        "l": [says("7")],
    }
    with OpenAIServer(script) as running:
        for side in ("SMALL", "LARGE"):
            monkeypatch.setenv(f"COPE_{side}_BASE_URL", running.base_url)
            monkeypatch.setenv(f"COPE_{side}_API_KEY", "test")
            monkeypatch.delenv(f"COPE_{side}", raising=False)
        monkeypatch.setenv("COLUMNS", "100")
        yield running


@pytest.fixture
def thresholds(tmp_path: Path) -> str:
    made = calibrate(table(400), max_loss=0.1).thresholds
    named = replace(made.schedule, small=("s",), large="l")
    replace(made, schedule=named).save(tmp_path / "t.json")
    return str(tmp_path / "t.json")


def test_several_models_vote_until_a_quorum_agrees(server: OpenAIServer, cope: Any) -> None:
    got = cope("solve", "q", *SEVERAL, "--quorum", "2")
    assert (got.code, "Answer: 3" in got.out) == (0, True)
    assert "a quorum of 2 is met" in got.out
    # Each plans in turn, and what is shown is its own plan.
    assert "1 plans, the last: first goal" in " ".join(got.out.split())
    assert "2 plans, the last: second goal" in " ".join(got.out.split())
    assert {request.body["model"] for request in server.requests} == {"a", "b"}


@pytest.mark.usefixtures("server")
def test_each_of_several_models_has_its_own_price(cope: Any) -> None:
    prices = ("--small-price", "1,1; 2,2; 3,3", "--large-price", "9,9")
    got = cope("solve", "q", *SEVERAL, *FREE, *prices, "--json")
    lines = json.loads(got.out)["ledger"]["lines"]
    costs = {
        line["model"]: float(line["usd"]) * 1e6 / (line["input_tokens"] + line["output_tokens"])
        for line in lines
    }
    assert costs == pytest.approx({"a": 1, "b": 2, "l": 9})


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--small-price", "1,1", *SEVERAL), "1 price for 3 models"),
        (("--quorum", "4", *SEVERAL), "cannot reach a quorum of 4"),
        (("--n", "4", *SEVERAL), "cannot be shared evenly by 3"),
        (("--early-stop", "soon", *MODELS), "early_stop: Input should be 'off', 'exact'"),
        (("--small", "openai:a,openai:a", "--large", "openai:l"), "lists a twice"),
        (("--thresholds", "/no/such.json", *MODELS), "/no/such.json cannot be read"),
    ],
)
def test_what_cannot_vote_is_one_sentence(cope: Any, options: tuple[str, ...], said: str) -> None:
    got = cope("solve", "q", *options)
    assert got.code == 2
    assert said in got.err


def test_early_stopping_is_an_option(server: OpenAIServer, cope: Any) -> None:
    got = cope("solve", "q", *MODELS, "--no-plans", "--early-stop", "exact", "--json")
    out = json.loads(got.out)
    assert (out["answer"], out["visits"][-1]["samples"]) == ("3", 7)
    assert sum(request.body.get("n", 1) for request in server.requests) == 7


@pytest.mark.usefixtures("server")
def test_a_record_says_how_many_samples_were_due_of_several_models(
    cope: Any, tmp_path: Path
) -> None:
    path = tmp_path / "r.jsonl"
    assert cope("solve", "q", *SEVERAL, *FREE, "--record", str(path)).code == 0
    records = read_records(path)
    assert records.rows[0]["stages"][0]["n"] == 3
    assert records.header["settings"]["n"] == 3


@pytest.mark.usefixtures("server")
def test_calibrated_thresholds_decide_and_say_how_likely_the_answer_is_right(
    cope: Any, thresholds: str
) -> None:
    got = cope("solve", "q", *MODELS, "--thresholds", thresholds)
    assert got.code == 0
    words = " ".join(got.out.split())
    assert "(stage 1, confidence 1, right with about 9" in words
    assert "small_plan" not in words  # they are of a schedule without plans


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--plans",), "stages was [1, 3] and is [1, 2, 3]"),
        (("--n", "4"), "n was 8 and is 4"),
        (("--tau1", "0.1"), "and is 0.1"),
        (("--quorum", "3"), "quorum was none and is 3"),
        (("--large", "openai:other"), "large was l and is other"),
        (("--task", "short_answer"), "task was math and is short_answer"),
    ],
)
def test_an_option_against_the_thresholds_is_one_sentence(
    cope: Any, tmp_path: Path, option: tuple[str, ...], said: str
) -> None:
    made = calibrate(table(400, drawn={"task": "math"}), max_loss=0.1).thresholds
    named = replace(made.schedule, small=("s",), large="l")
    replace(made, schedule=named).save(tmp_path / "t.json")
    got = cope("solve", "q", *MODELS, "--thresholds", str(tmp_path / "t.json"), *option)
    assert got.code == 2
    assert said in got.err


def test_a_bench_of_several_small_models_names_voters(cope: Any) -> None:
    got = cope("bench", *SEVERAL)
    assert got.code == 2
    assert "--small openai:a --voter openai:b --voter openai:c" in got.err


def test_calibrate_is_a_command(cope: Any) -> None:
    got = cope("calibrate", "/no/such.jsonl", "--max-loss", "0.02")
    assert (got.code, "no file of records" in got.err) == (2, True)
