"""Pulls from a Hub: a real HTTP server on loopback."""

from __future__ import annotations

import hashlib
import re
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cope_graph.errors import ModelFileError
from cope_graph.models import catalog
from cope_graph.models.catalog import EmbeddedModel, HubFile
from cope_graph.models.pull import cache_dir, find, path_of, pull

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 600_000
BYTES = bytes(range(256)) * (SIZE // 256) + b"x" * (SIZE % 256)
MODEL = EmbeddedModel(
    name="tiny",
    file="tiny.gguf",
    size_bytes=SIZE,
    sha256=hashlib.sha256(BYTES).hexdigest(),
    context_tokens=16,
    hub=HubFile(repo="some/repo", revision="abc", file="tiny.gguf"),
    wheels=(),
)
PATH = "/some/repo/resolve/abc/tiny.gguf"


@dataclass
class Hub:
    """What the server does, and what it was asked."""

    url: str = ""
    content: bytes = BYTES
    status: int = 0
    knows_ranges: bool = True
    declares_length: bool = True
    redirects: bool = False
    cuts: list[int] = field(default_factory=list)
    """For each reply in turn, how many bytes to send before the line is cut."""
    asked: list[str] = field(default_factory=list)
    """The Range header of every request for the file, '' for none."""


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if hub.redirects and self.path == PATH:
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                return
            hub.asked.append(self.headers.get("Range", ""))
            if hub.status or self.path not in {PATH, "/elsewhere"}:
                self.send_error(hub.status or 404)
                return
            start = int((re.findall(r"\d+", hub.asked[-1]) or ["0"])[0]) * hub.knows_ranges
            body = hub.content[start:]
            self.send_response(206 if start else 200)
            total = len(hub.content)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            if hub.declares_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: hub.cuts.pop(0)] if hub.cuts else body)

        def log_message(self, *_args: object) -> None:
            """Keep the test's output clean."""

    return Handler


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A running server, an empty cache, and a table with one tiny model."""
    told = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    told.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", told.url + "/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("COPE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(catalog, "MODELS", {"tiny": MODEL})
    yield told
    server.shutdown()
    server.server_close()


def _part() -> Path:
    return cache_dir() / "tiny.gguf.part"


def _start_part(content: bytes) -> None:
    cache_dir().mkdir(parents=True)
    _part().write_bytes(content)


def _left() -> set[str]:
    return {path.name for path in cache_dir().iterdir()} - {"tiny.gguf.lock"}


def _refused() -> str:
    with pytest.raises(ModelFileError) as caught:
        pull("tiny", sources=("hub",))
    assert find("tiny") is None
    return str(caught.value)


def test_a_pull_brings_the_file_and_tells_how_far_it_is(hub: Hub) -> None:
    told: list[tuple[int, int, str]] = []
    path = pull("tiny", progress=lambda done, total, note: told.append((done, total, note)))
    assert path == path_of(MODEL) == find("tiny")
    assert path.read_bytes() == BYTES
    assert _left() == {"tiny.gguf"}
    done = [step[0] for step in told]
    assert done == sorted(done)
    assert told[-1] == (SIZE, SIZE, "checking sha256")
    pull("tiny")
    assert hub.asked == [""]


def test_redirects_are_followed(hub: Hub) -> None:
    hub.redirects = True
    assert pull("tiny").read_bytes() == BYTES


def test_a_part_is_resumed_with_a_range(hub: Hub) -> None:
    _start_part(BYTES[:1000])
    assert pull("tiny").read_bytes() == BYTES
    assert hub.asked == ["bytes=1000-"]


def test_a_whole_part_is_only_checked(hub: Hub) -> None:
    _start_part(BYTES)
    assert pull("tiny").read_bytes() == BYTES
    assert hub.asked == []


def test_a_part_that_is_too_long_is_thrown_away(hub: Hub) -> None:
    _start_part(BYTES + b"more")
    assert pull("tiny").read_bytes() == BYTES
    assert hub.asked == [""]


def test_a_server_without_ranges_sends_it_all_again(hub: Hub) -> None:
    hub.knows_ranges = False
    _start_part(BYTES[:1000])
    assert pull("tiny").read_bytes() == BYTES


def test_a_cut_line_is_taken_up_in_the_same_pull(hub: Hub) -> None:
    hub.cuts = [200_000, 100_000]
    assert pull("tiny").read_bytes() == BYTES
    assert hub.asked == ["", "bytes=200000-", "bytes=300000-"]


def test_a_dead_line_keeps_what_came_and_the_next_pull_resumes(hub: Hub) -> None:
    hub.cuts = [200_000, 0]
    assert "hub: " in _refused()
    assert _part().read_bytes() == BYTES[:200_000]
    assert pull("tiny").read_bytes() == BYTES
    assert hub.asked == ["", "bytes=200000-", "bytes=200000-"]


def test_kill_9_then_resume(hub: Hub) -> None:
    script = (
        "import os, signal\n"
        "from tests.unit_tests.models.test_pull_hub import MODEL\n"
        "from cope_graph.models import catalog, pull\n"
        "catalog.MODELS['tiny'] = MODEL\n"
        "def die(done, total, note):\n"
        "    if done > 100_000: os.kill(os.getpid(), signal.SIGKILL)\n"
        "pull.pull('tiny', progress=die)\n"
    )
    root = Path(__file__).parents[3]
    child = subprocess.run([sys.executable, "-c", script], cwd=root, check=False)  # noqa: S603
    assert child.returncode == -signal.SIGKILL
    kept = _part().stat().st_size
    assert 0 < kept < SIZE
    assert pull("tiny").read_bytes() == BYTES
    assert hub.asked == ["", f"bytes={kept}-"]


def test_wrong_bytes_are_deleted_and_refused(hub: Hub) -> None:
    hub.content = b"y" + BYTES[1:]
    said = _refused()
    assert f"expected {SIZE:,} bytes with sha256 {MODEL.sha256}" in said
    assert f"got {SIZE:,} bytes with sha256 {hashlib.sha256(hub.content).hexdigest()}" in said
    assert _left() == set()


@pytest.mark.parametrize("content", [BYTES[:-1], BYTES + b"z", b"<html>sign in</html>"])
def test_another_length_is_refused_before_a_byte_is_kept(hub: Hub, content: bytes) -> None:
    hub.content = content
    said = _refused()
    assert f"127.0.0.1 offers {len(content)} bytes, the official file has {SIZE}" in said
    assert _left() == set()


def test_an_undeclared_length_that_is_too_long_is_refused(hub: Hub) -> None:
    hub.declares_length = False
    hub.content = BYTES + b"z"
    assert "sends more than the official 600,000 bytes" in _refused()


def test_an_undeclared_length_that_is_too_short_is_refused(hub: Hub) -> None:
    hub.declares_length = False
    hub.content = BYTES[:-1]
    assert "ended at 599,999 of 600,000 bytes" in _refused()


@pytest.mark.parametrize("status", [404, 416, 500])
def test_a_refusal_keeps_what_is_there(hub: Hub, status: int) -> None:
    _start_part(BYTES[:1000])
    hub.status = status
    assert f"127.0.0.1 answered {status} " in _refused()
    assert _part().read_bytes() == BYTES[:1000]


def test_a_dead_port_is_said_without_the_password(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://me:secret@127.0.0.1:{port}")
    said = _refused()
    assert f"hub: 127.0.0.1:{port}{PATH}: ConnectError" in said
    assert "secret" not in said
    assert hub.asked == []


def test_an_address_that_is_none_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "nowhere")
    assert "hub: nowhere/some/repo" in _refused()
    assert hub.asked == []


def test_a_proxy_that_cannot_be_used_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1:1")
    assert "the proxy or certificate settings cannot be used" in _refused()
    assert hub.asked == []


def test_an_interrupt_keeps_what_came(hub: Hub) -> None:
    def stop(done: int, _total: int, _note: str) -> None:
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("tiny", progress=stop)
    assert 0 < _part().stat().st_size < SIZE
    assert pull("tiny").read_bytes() == BYTES
    assert hub.asked[1].startswith("bytes=")


def test_two_pulls_at_once_fetch_it_once(hub: Hub) -> None:
    started, go_on = threading.Event(), threading.Event()
    notes: list[str] = []

    def slow(_done: int, _total: int, _note: str) -> None:
        started.set()
        go_on.wait(10)

    def waits(_done: int, _total: int, note: str) -> None:
        notes.append(note)
        go_on.set()

    first = threading.Thread(target=pull, args=("tiny",), kwargs={"progress": slow})
    first.start()
    assert started.wait(10)
    assert pull("tiny", progress=waits).read_bytes() == BYTES
    first.join()
    assert notes == ["waiting for another process that pulls it"]
    assert hub.asked == [""]
