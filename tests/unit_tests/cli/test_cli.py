"""The command line as a user meets it, on a real loopback server."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from cope_graph import __version__
from tests.loopback.openai_server import OpenAIServer
from tests.scripted import says
from tests.unit_tests.cli.conftest import MODELS


def test_solve_shows_stages_votes_answer_and_bill(server: OpenAIServer, cope: Any) -> None:
    got = cope("solve", "How many [x]?", *MODELS, "--small-price", "1,2")
    assert got.code == 0
    for shown in (
        "8 plans, the first: find x",
        "█████ 5  3",
        "█ 1  no answer",
        "5 of 8 samples agree; > 0.75 is not met: escalate",
        "plan: Think first.",
        "5 of 8 samples agree; > 0.5 is met: accepted",
        "Answer: 4  (stage 2, confidence 0.625)",
        "not every price is known: at least 0.0",
    ):
        assert shown in got.out
    assert "stage 3" not in got.out
    assert server.count == 11


def test_solve_as_json_holds_the_whole_run_and_nothing_else(
    server: OpenAIServer, cope: Any
) -> None:
    prices = ("--small-price", "1,2", "--large-price", "10,20")
    got = cope("solve", "How many?", *MODELS, *prices, "--json")
    out = json.loads(got.out)
    assert (out["answer"], out["stage"], out["accepted"]) == ("4", 2, True)
    assert out["text"] == says("4")
    assert out["guideline"] == "Think first."
    small, large = server.billed["s"], server.billed["l"]
    micro = small.prompt_tokens + 2 * small.completion_tokens
    micro += 10 * large.prompt_tokens + 20 * large.completion_tokens
    assert float(out["ledger"]["usd"]) == pytest.approx(micro / 1e6, rel=1e-12)


@pytest.mark.parametrize("way", ["stdin", "file"])
def test_the_question_comes_from_stdin_or_a_file(
    server: OpenAIServer, cope: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    path = tmp_path / "question.txt"
    path.write_text("What is asked in the file?")
    monkeypatch.setattr("sys.stdin", io.StringIO("What is asked on stdin?"))
    got = cope("solve", "-" if way == "stdin" else str(path), *MODELS, "--n", "1", "--tau1", "0.5")
    assert got.code == 0
    asked = server.requests[0].body["messages"][-1]["content"]
    assert ("on stdin?" if way == "stdin" else "in the file?") in asked


def test_no_plans_is_one_request_for_all_samples(server: OpenAIServer, cope: Any) -> None:
    cope("solve", "q", *MODELS, "--no-plans", "--n", "8", "--seed", "5")
    first = server.requests[0].body
    assert (first["n"], first["seed"]) == (8, 5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("solve", " ", *MODELS), "The question is empty"),
        (("solve", "/no/such/file", *MODELS), "There is no file /no/such/file."),
        (("solve", "./file.txt", *MODELS), "There is no file ./file.txt."),
        (("solve", "q", *MODELS, "--n", "0"), "n: Input should be greater than or equal to 1"),
        (("solve", "q", *MODELS, "--n", "-1"), "n: Input should be greater than or equal to 1"),
        (("solve", "q", *MODELS, "--tau1", "1.5"), "tau1: Input should be less than or equal"),
        (("solve", "q", *MODELS, "--task", "poem"), "There is no task 'poem'; there is: math"),
        (("solve", "q", "--small", "what", "--large", "x"), "There is no small model 'what'"),
        (
            ("solve", "q", "--small", "openai:none", "--large", "openai:none"),
            "none is not known at",
        ),
        (("solve", "q", "--small", "local:none"), "There is no embedded model 'none'"),
        (("solve", "q", *MODELS, "--small-price", "cheap"), "The price 'cheap' is not"),
        (("models", "pull", "none"), "There is no embedded model 'none'"),
        (("models", "pull", "--source", "moon"), "moon"),
        (("models", "remove"), "Name the models to remove"),
    ],
)
@pytest.mark.usefixtures("server")
def test_an_error_is_one_sentence_and_exit_code_2(
    cope: Any, arguments: tuple[str, ...], sentence: str
) -> None:
    got = cope(*arguments)
    assert got.code == 2
    assert sentence in got.err
    assert "Traceback" not in got.err + got.out


@pytest.mark.usefixtures("server")
def test_debug_shows_the_traceback(cope: Any) -> None:
    with pytest.raises(Exception, match="The question is empty"):
        cope("--debug", "solve", " ", *MODELS)


def test_missing_model_files_name_the_command(
    cope: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COPE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    got = cope("solve", "q")
    assert got.code == 2
    assert "run `cope models pull qwen2.5-coder-0.5b-instruct" in got.err
    got = cope("models", "list")
    assert got.out.count(" no ") + got.out.count(" no\n") == 3
    got = cope("doctor")
    assert got.code == 1
    assert "cope models pull" in got.out


def test_the_drawing_has_five_nodes_and_every_edge(cope: Any) -> None:
    got = cope("graph")
    assert [line.split()[0] for line in got.out.splitlines() if line[:1].isalpha()] == [
        "START",
        "small_plan",
        "small_execute",
        "confidence_gate",
        "large_plan",
        "large_execute",
    ]
    assert got.out.count("▶") == 15
    assert cope("graph", "--mermaid").out.count("-->") == 3


def test_version_and_help(cope: Any) -> None:
    assert cope("--version").out == f"cope-graph {__version__}\n"
    assert "solve" in cope("--help").out


def test_a_models_text_cannot_steer_the_terminal(
    cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J[red]:x:[/] \\boxed{\x1b[31m1:x:2}"
    with OpenAIServer({"l": [evil]}) as server:
        monkeypatch.setenv("COPE_LARGE_BASE_URL", server.base_url)
        monkeypatch.setenv("COPE_LARGE_API_KEY", "test")
        monkeypatch.setenv("COPE_SMALL_BASE_URL", server.base_url)
        monkeypatch.setenv("COPE_SMALL_API_KEY", "test")
        got = cope("solve", "q", "--small", "openai:l", "--large", "openai:l", "--n", "1")
    assert "\x1b]" not in got.out
    assert "\x1b[2J" not in got.out
    assert "1:x:2" in got.out


def test_a_price_holds_for_its_side_also_when_both_have_one_name(
    server: OpenAIServer, cope: Any
) -> None:
    both = ["--small", "openai:s", "--large", "openai:s", "--no-plans"]
    got = cope("solve", "q", *both, "--small-price", "0,0", "--large-price", "1,1", "--json")
    ledger = json.loads(got.out)["ledger"]
    assert ledger["by_stage"]["1"]["usd"] == "0"
    assert float(ledger["by_stage"]["3"]["usd"]) > 0
    assert server.count == 2
