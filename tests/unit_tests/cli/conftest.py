"""The command line in this process, on a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cope_graph.cli.app import main
from tests.loopback.openai_server import OpenAIServer
from tests.scripted import says

MODELS = ["--small", "openai:s", "--large", "openai:l"]
SCRIPT = {
    "s": ["find x"] * 8 + [says("3")] * 5 + [says("4")] * 2 + ["hm"] + [says("4")] * 5 + ["?"] * 3,
    "l": ["Think first.", says("7")],
}


class Outcome:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer(SCRIPT) as running:
        for side in ("SMALL", "LARGE"):
            monkeypatch.setenv(f"COPE_{side}_BASE_URL", running.base_url)
            monkeypatch.setenv(f"COPE_{side}_API_KEY", "test")
            monkeypatch.delenv(f"COPE_{side}", raising=False)
        monkeypatch.setenv("COLUMNS", "100")
        yield running


@pytest.fixture
def cope(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr("sys.argv", ["cope", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        written = capsys.readouterr()
        return Outcome(code, written.out, written.err)

    return call
