"""What `cope solve` may cost and take, and what is shown when it ends early."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest
from rich.console import Console

from cope_graph.cli import solve
from cope_graph.cli.screen import show_node, waiting_for
from tests.loopback.openai_server import OpenAIServer
from tests.unit_tests.cli.conftest import MODELS

PRICES = ("--small-price", "1,2", "--large-price", "10,20")


def test_a_budget_brings_the_limits_on_replies_that_it_needs(
    server: OpenAIServer, cope: Any
) -> None:
    got = cope("solve", "q", *MODELS, *PRICES, "--budget-usd", "5", "--json")
    assert (got.code, json.loads(got.out)["answer"]) == (0, "4")
    limits = {request.body["max_completion_tokens"] for request in server.requests}
    assert limits == {256, 2048}


def test_limits_on_replies_can_be_set(server: OpenAIServer, cope: Any) -> None:
    limits = ("--max-plan-tokens", "20", "--max-answer-tokens", "30")
    assert cope("solve", "q", *MODELS, *PRICES, *limits, "--budget-usd", "5").code == 0
    assert cope("solve", "q", *MODELS, *limits).code == 0
    sent = {request.body["max_completion_tokens"] for request in server.requests}
    assert sent == {20, 30}


def test_without_a_budget_replies_have_the_models_own_limits(
    server: OpenAIServer, cope: Any
) -> None:
    cope("solve", "q", *MODELS)
    assert not any("max_completion_tokens" in request.body for request in server.requests)


def test_a_budget_without_prices_names_the_options(server: OpenAIServer, cope: Any) -> None:
    got = cope("solve", "q", *MODELS, "--budget-usd", "5")
    assert got.code == 2
    for named in ("--small-price", "--large-price", "COPE_SMALL_PRICE", "nor has the large model"):
        assert named in got.err
    assert server.requests == []


@pytest.mark.usefixtures("server")
def test_a_deadline_that_passes_is_one_sentence(cope: Any) -> None:
    models = ("--small", "openai:s-timeout", "--large", "openai:l-timeout")
    got = cope("solve", "q", *models, "--deadline", "0.05")
    assert got.code == 2
    assert "error: The run's time was up before it had an answer." in got.err


def test_a_node_that_had_nothing_to_do_shows_as_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for node in ("small_plan", "small_execute", "confidence_gate", "large_plan", "large_execute"):
        show_node(Console(), node, {})
        assert waiting_for(node, {}).endswith(" ...[/]")
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("server")
def test_an_error_as_json_holds_the_bill(cope: Any) -> None:
    models = ("--small", "openai:s-empty", "--large", "openai:l-empty")
    got = cope("solve", "q", *models, *PRICES, "--json")
    told = json.loads(got.out)
    assert (got.code, set(told)) == (2, {"error", "type", "ledger"})
    assert told["type"].endswith("Error")
    assert told["ledger"]["by_node"]["small_execute"]["requests"] > 0
    assert "total" in got.err
    assert told["error"] in got.err


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("--n", "0"), "ValidationError"),
        (("--task", "poem"), "InputError"),
        (("--small-price", "cheap"), "InputError"),
        (("--budget-usd", "1"), "UnknownPriceError"),
    ],
)
@pytest.mark.usefixtures("server")
def test_an_error_before_the_run_is_json_too(
    cope: Any, arguments: tuple[str, ...], kind: str
) -> None:
    got = cope("solve", "q", *MODELS, *arguments, "--json")
    told = json.loads(got.out)
    assert (got.code, told["type"]) == (2, kind)
    assert told["ledger"] is None or told["ledger"]["requests"] == 0
    assert told["error"] in got.err


@pytest.mark.parametrize("way", ["screen", "json"])
@pytest.mark.parametrize("after", [None, "small_execute"])
@pytest.mark.usefixtures("server")
def test_ctrl_c_shows_what_was_paid(
    cope: Any, monkeypatch: pytest.MonkeyPatch, after: str | None, way: str
) -> None:
    def interrupt(node: str | None, _: object) -> str:
        if node == after:
            signal.raise_signal(signal.SIGINT)
        return ""

    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(solve, "waiting_for", interrupt)
    monkeypatch.setattr("os._exit", leave)
    got = cope("solve", "q", *MODELS, *PRICES, *["--json"] * (way == "json"))
    assert got.code == 130
    assert "Interrupted." in got.err
    bill = got.err if way == "json" else got.out
    assert ("total" in bill, "may be billed too" in bill) == (after is not None,) * 2
    assert way == "screen" or not got.out
