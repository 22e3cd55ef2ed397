"""The Python of docs/tasks.md runs from top to bottom and prints what the page says."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cope_graph.errors import SandboxSetupError
from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.unsafe import UnsafeSubprocess

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
SERVICE = "http://127.0.0.1:8000/run"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


class _Service(BaseHTTPRequestHandler):
    """Stands in for the reader's own sandbox service."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ran = UnsafeSubprocess().run(asked["program"], stdin=asked["stdin"])
        body = json.dumps(asdict(ran)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/run"
        server.shutdown()


def _has_sandbox() -> bool:
    try:
        return bool(code_runner())
    except SandboxSetupError:
        return False


def test_the_page_prints_what_it_says(service: str) -> None:
    if not _has_sandbox():
        pytest.skip("no sandbox holds on this machine")
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(SERVICE) == 1
    scope: dict[str, Any] = {"__name__": "docs"}
    blocks = BLOCK.findall(text.replace(SERVICE, service))
    assert len(blocks) == text.count("\n```python\n") == 4
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), scope)  # noqa: S102 - our own page
        assert printed.getvalue() == expected
