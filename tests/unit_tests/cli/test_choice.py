"""`cope solve --task choice` and `--task short_answer` on a loopback server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit_tests.cli.conftest import MODELS, Serve

ASK = ("solve", "Which planet is the hottest?", *MODELS, "--task")
PLANETS = ("--option", "Mercury", "--option", "Venus", "--option", "Mars")


def test_the_answer_is_an_option(serve: Serve, cope: Any) -> None:
    server = serve(["Answer: B", "Answer: venus"])
    got = cope(*ASK, "choice", *PLANETS, "--no-plans", "--n", "2", "--json")
    assert (got.code, json.loads(got.out)["answer"]) == (0, "Venus"), got.err
    assert "(C) Mars" in server.requests[0].body["messages"][-1]["content"]


def test_several_options_are_a_list(serve: Serve, cope: Any) -> None:
    serve(["Answer: C, B", "Answer: B and C"])
    got = cope(*ASK, "choice", *PLANETS, "--several", "--no-plans", "--n", "2", "--json")
    assert json.loads(json.loads(got.out)["answer"]) == ["Venus", "Mars"]


def test_a_short_answer_needs_no_option(serve: Serve, cope: Any) -> None:
    serve(["Answer: Venus", "It is Venus.\nAnswer: venus"])
    got = cope(*ASK, "short_answer", "--no-plans", "--n", "2", "--json")
    assert json.loads(got.out)["answer"] == "Venus"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("choice",), "needs its options: pass --option TEXT for each."),
        (("choice", "--option", "x"), "there is one option: pass 2 to 26."),
        (("choice", "--option", "x", "--option", "x."), "options 1 and 2 are the same"),
        (("math", "--option", "x", "--several"), "leave out --option, --several, or --task choice"),
        (
            ("choice", *PLANETS, "--tests", "t.py"),
            "The choice task runs no code: leave out --tests",
        ),
    ],
)
def test_options_that_do_not_fit_name_the_fix_before_anything_is_asked(
    serve: Serve, cope: Any, options: tuple[str, ...], sentence: str
) -> None:
    server = serve(["Answer: A"])
    got = cope(*ASK, *options)
    assert got.code == 2
    assert sentence in " ".join(got.err.split())
    assert server.count == 0
