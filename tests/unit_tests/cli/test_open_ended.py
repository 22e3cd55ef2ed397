"""`cope solve --task open_ended`: the answer is a whole reply, shown once and readably."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from cope_graph.cli import screen
from cope_graph.models.pair import EMBEDDED_OPEN, LARGE, SMALL, defaults_for
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Reply
from tests.unit_tests.cli.conftest import MODELS, Serve

ASK = ("solve", "Why is the sky blue?", *MODELS, "--no-plans", "--n", "2", "--task")
LONG = (
    "The sky is blue, since air scatters short waves of light more than long ones, and so blue "
    "light reaches the eye from all of it.\n\n"
    "- red goes straight on\n"
    "  as at sunset"
)


def _use(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    for side in ("SMALL", "LARGE"):
        monkeypatch.setenv(f"COPE_{side}_BASE_URL", server.base_url)
        monkeypatch.setenv(f"COPE_{side}_API_KEY", "test")


def test_a_long_answer_is_shown_whole_and_once(serve: Serve, cope: Any) -> None:
    serve([LONG])
    got = cope(*ASK, "open_ended")
    assert got.code == 0, got.err
    assert got.out.count("red goes straight on") == 1
    assert f"\n\n{LONG}\n\nbill" in got.out  # not wrapped in a pipe
    assert "Answer  (stage 1, confidence 0.905)" in got.out


def test_a_score_counts_no_reply_as_without_an_answer(serve: Serve, cope: Any) -> None:
    serve(["It scatters light."])
    got = cope(*ASK, "open_ended")
    assert "the lowest perplexity of 2 samples is 1.11 (0.90); > 0.75 is met: accepted" in got.out
    assert "no answer" not in got.out
    assert "Answer: It scatters light.  (stage 1" in got.out


def test_replies_that_all_end_at_the_limit_are_counted(
    cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(body: Any) -> Reply:
        return Reply(["It"], finish_reason="length" if body["model"] == "s" else "stop")

    with OpenAIServer(reply) as server:
        _use(server, monkeypatch)
        got = cope(*ASK, "open_ended")
    assert "██ 2  no answer" in got.out
    assert "Answer: It  (stage 3)" in got.out


def test_what_is_known_of_the_threshold_is_said(serve: Serve, cope: Any) -> None:
    serve(["It scatters light."])
    assert "accepted below 1/tau" in " ".join(cope(*ASK, "open_ended").out.split())


@pytest.mark.parametrize("name", ["open-ended", "Open_Ended", "short-answer"])
def test_a_dash_and_case_do_not_matter_in_a_name(serve: Serve, cope: Any, name: str) -> None:
    serve(["Rayleigh"])
    got = cope(*ASK, name, "--json")
    assert (got.code, json.loads(got.out)["answer"]) == (0, "Rayleigh"), got.err


def test_a_server_without_log_probs_is_named_with_the_fix(
    cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer(lambda _: Reply(["It is."], logprobs=None)) as server:
        _use(server, monkeypatch)
        got = cope(*ASK, "open_ended")
    assert got.code == 2
    assert "was asked for log-probabilities and gives none: take one that does" in got.err


def test_a_terminal_gets_lines_of_its_width_and_nothing_that_steers_it() -> None:
    console = Console(width=40, force_terminal=True, color_system=None)
    evil = "\x1b[2J[red]Ten\u00a0km[/red]\u202e of \u0646\u200c\u0645 " + "and on " * 9
    with console.capture() as captured:
        screen.show_text(console, evil)
    shown = captured.get()
    assert "\x1b" not in shown
    assert "[2J[red]Ten km[/red] of \u0646\u200c\u0645" in " ".join(shown.split())
    assert max(map(cell_len, shown.splitlines())) <= 40


def test_the_embedded_pair_may_write_longer_replies_to_open_ended_questions() -> None:
    assert defaults_for(SMALL, LARGE, "open_ended") == EMBEDDED_OPEN
    short = defaults_for(SMALL, LARGE).max_answer_tokens
    assert EMBEDDED_OPEN.max_answer_tokens is not None
    assert short is not None
    assert EMBEDDED_OPEN.max_answer_tokens > 2 * short
