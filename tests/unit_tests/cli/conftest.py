"""The command line in this process, on a loopback server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cope_graph.cli.app import main
from cope_graph.errors import SandboxSetupError
from cope_graph.sandbox.choose import code_runner
from tests.loopback.openai_server import OpenAIServer
from tests.scripted import says

MODELS = ["--small", "openai:s", "--large", "openai:l"]
SCRIPT = {
    "s": ["find x"] * 8 + [says("3")] * 5 + [says("4")] * 2 + ["hm"] + [says("4")] * 5 + ["?"] * 3,
    "l": ["Think first.", says("7")],
}

QUESTION = "Write f(x), the square of x."


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


Serve = Callable[..., OpenAIServer]


def f(body: str) -> str:
    return f"Sure:\n```python\ndef f(x):\n    return {body}\n```\n"


WRONG = [f("x"), f("x"), f("x + x"), f("1 / 0"), "I cannot."]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serve these replies of the small model, and one of the large one."""
    servers: list[OpenAIServer] = []

    def serving(small: list[str], large: str = f("x * x")) -> OpenAIServer:
        servers.append(OpenAIServer({"s": small, "l": [large]}).__enter__())
        for side in ("SMALL", "LARGE"):
            monkeypatch.setenv(f"COPE_{side}_BASE_URL", servers[0].base_url)
            monkeypatch.setenv(f"COPE_{side}_API_KEY", "test")
            monkeypatch.delenv(f"COPE_{side}", raising=False)
        return servers[0]

    monkeypatch.setenv("COLUMNS", "100")
    yield serving
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def tests(tmp_path: Path) -> str:
    path = tmp_path / "tests.py"
    path.write_text("assert f(3) == 9\n\ndef test_negative():\n    assert f(-2) == 4, f(-2)\n")
    return str(path)


@pytest.fixture
def _sandbox() -> None:
    try:
        code_runner("auto")
    except SandboxSetupError as error:
        pytest.skip(str(error))


def solve(cope: Any, *options: str, n: int = 5) -> Any:
    plain = ("--no-plans", "--n", str(n), "--seed", "1")
    return cope("solve", QUESTION, *MODELS, *plain, "--task", "code", *options)
