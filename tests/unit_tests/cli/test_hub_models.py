"""Models of the Hub on the command line, on a loopback Hub."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cope_graph.cli.offer import offer_files
from cope_graph.huggingface.files import folder_of, is_here
from cope_graph.huggingface.pull import pull
from cope_graph.huggingface.source import Source
from tests.loopback.hub import Hub, files_in, use_hub
from tests.tiny_model import make_tiny_model
from tests.unit_tests.cli.conftest import MODELS

NAME = "huggingface:org/tiny"
TINY = Source("org/tiny")
FILES = {"config.json": b"{}", "model.safetensors": b"weights", "tokenizer.json": b"{}"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with Hub("org/tiny", {"main": FILES, "v1": FILES}) as running:
        use_hub(monkeypatch, running.url, tmp_path / "hub")
        monkeypatch.setenv("COPE_CACHE_DIR", str(tmp_path / "cope"))
        monkeypatch.setenv("COLUMNS", "60")
        yield running


@pytest.mark.usefixtures("hub")
def test_a_model_is_pulled_and_then_listed(cope: Any) -> None:
    assert NAME not in cope("models", "list").out
    got = cope("models", "pull", f"{NAME}@v1")
    assert (got.code, got.out) == (0, f"{NAME}@v1: {folder_of(Source('org/tiny', 'v1'))}\n")
    assert f" {NAME}@v1 " in cope("models", "list").out
    assert not is_here(TINY)


@pytest.mark.usefixtures("hub")
def test_a_pull_mixes_embedded_models_and_models_of_the_hub(
    cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled: list[str] = []
    monkeypatch.setattr("cope_graph.cli.models.pull_file", lambda name, **_: pulled.append(name))
    got = cope("models", "pull", NAME, "smollm2-135m-instruct", "local:smollm2-135m-instruct")
    assert got.code == 0
    assert pulled == ["smollm2-135m-instruct"] * 2
    assert is_here(TINY)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([NAME, "none"], "There is no embedded model 'none'"),
        ([NAME, "huggingface:a b"], "names no model of the Hub"),
        ([NAME, "huggingface:/no/such"], "There is no model at /no/such"),
        (["org/tiny"], "There is no embedded model 'org/tiny'"),
    ],
)
def test_every_name_is_read_before_anything_is_asked(
    hub: Hub, cope: Any, names: list[str], sentence: str
) -> None:
    got = cope("models", "pull", *names)
    assert got.code == 2
    assert sentence in got.err
    assert hub.tokens == set()


def test_a_pull_that_is_refused_is_one_sentence(hub: Hub, cope: Any) -> None:
    hub.corrupt.add("model.safetensors")
    got = cope("models", "pull", NAME)
    assert got.code == 2
    assert "error: org/tiny has other bytes than the Hub lists" in got.err
    assert "Traceback" not in got.err


def test_solve_names_the_command_where_nobody_can_be_asked(
    hub: Hub, cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    names = ("--small", f"{NAME}@v1", "--large", "local:smollm2-135m-instruct")
    got = cope("solve", "q", *names)
    assert got.code == 2
    assert f"run `cope models pull {NAME}@v1 smollm2-135m-instruct`" in got.err
    assert hub.tokens == set()


@pytest.mark.usefixtures("hub")
def test_in_a_terminal_a_yes_brings_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    offer_files(NAME, NAME, MODELS[1])
    assert is_here(TINY)


def test_in_a_terminal_a_no_brings_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    with pytest.raises(typer.Abort):
        offer_files(NAME)
    assert hub.tokens == set()


@pytest.mark.usefixtures("hub")
def test_what_is_here_is_not_asked_about_and_opens_no_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pull(TINY)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("socket.socket", None)
    offer_files(NAME, f"huggingface:{folder_of(TINY)}", "openai:any")


@pytest.mark.usefixtures("hub", "server")
def test_a_folder_that_is_no_model_is_refused_without_an_offer(cope: Any, tmp_path: Path) -> None:
    got = cope("solve", "q", "--small", f"huggingface:{tmp_path}", "--large", "openai:l")
    assert got.code == 2
    assert "has no config.json" in got.err
    assert "models pull" not in got.err


@pytest.mark.usefixtures("hub")
def test_doctor_looks_for_the_files_of_the_models_that_are_set(
    cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("COPE_SMALL", NAME)
    monkeypatch.setenv("COPE_LARGE", NAME)
    marks = []
    for _ in range(2):
        out = cope("doctor").out
        (line,) = (line for line in out.splitlines() if f" model files {NAME} " in line)
        marks.append(line.split()[0])
        assert (f"run `cope models pull {NAME}`" in line) is (marks == ["--"])
        pull(TINY)
    assert marks == ["--", "ok"]


def test_a_run_on_a_model_of_the_cache_asks_no_server(
    hub: Hub, cope: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub.revisions["main"] = files_in(make_tiny_model(tmp_path / "tiny"))
    pull(TINY)
    asked: list[Any] = []
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, lambda _, address: asked.append(address))
    monkeypatch.setattr("socket.getaddrinfo", lambda *where, **_: asked.append(where))
    short = ("--no-plans", "--n", "2", "--max-answer-tokens", "8", "--seed", "1")
    got = cope("solve", "What is 1 + 1?", "--small", NAME, "--large", NAME, *short)
    assert "2 samples of org/tiny" in got.out
    assert asked == []
