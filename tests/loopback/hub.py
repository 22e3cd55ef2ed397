"""A Hugging Face Hub that listens on 127.0.0.1: what huggingface_hub asks for a download.

::

    with Hub("org/tiny", {"main": files}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import orjson
import pytest

from tests.loopback.http_messages import Request, Response
from tests.loopback.http_server import LoopbackServer

Files = dict[str, bytes]
_LARGE: Final = (".safetensors", ".gguf", ".bin", ".pth")
"""What the Hub keeps with Git LFS, and lists with its sha256."""
_FILE: Final = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_API: Final = re.compile(
    r"/api/models/(?P<repo>[^/]+/[^/]+)(?:/(?P<what>revision|tree)/(?P<revision>[^/]+))?"
)


def files_in(folder: Path) -> Files:
    """Read what a folder holds, as a repository would."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def commit_of(revision: str) -> str:
    """Name the commit that a branch or tag stands for."""
    return hashlib.sha1(revision.encode()).hexdigest()  # noqa: S324 - git's own


class Hub(LoopbackServer):
    """Serves one repository."""

    def __init__(self, repo: str, revisions: dict[str, Files]) -> None:
        """Prepare; ``revisions`` are the files of each branch or tag."""
        super().__init__()
        self.repo: Final = repo
        self.revisions: Final = revisions
        self.branches: Final[dict[str, str]] = {}
        """Branches that have moved on, each to another of the revisions."""
        self.corrupt: set[str] = set()
        """Files of which one bit is sent wrong."""
        self.refuses: tuple[int, str] | None = None
        """The status and the Hub's error code of every answer."""
        self.refuses_files: tuple[int, str] | None = None
        """The same for files alone, as for a gated repository."""
        self.sent: Final[list[str]] = []
        """The files that were downloaded."""
        self.tokens: Final[set[str | None]] = set()

    def handle(self, request: Request) -> Response:
        """Answer as the Hub does."""
        self.tokens.add(request.headers.get("authorization"))
        path = unquote(request.path.partition("?")[0])
        if self.refuses:
            return _refusal(*self.refuses)
        if found := _API.fullmatch(path):
            return self._about(found["repo"], found["what"], found["revision"] or "main")
        if found := _FILE.fullmatch(path):
            return self._file(request.method, found["path"], found["revision"])
        return _refusal(404, "")

    def _about(self, repo: str, what: str | None, revision: str) -> Response:
        files = self._files(revision)
        if repo != self.repo:
            return _refusal(401, "RepoNotFound")
        if files is None:
            return _refusal(404, "RevisionNotFound")
        if what == "tree":
            return _json([_entry(path, content) for path, content in files.items()])
        siblings = [{"rfilename": path} for path in files]
        return _json({"id": repo, "sha": self._commit(revision), "siblings": siblings})

    def _file(self, method: str, path: str, revision: str) -> Response:
        content = (self._files(revision) or {}).get(path)
        if self.refuses_files:
            return _refusal(*self.refuses_files)
        if content is None:
            return _refusal(404, "EntryNotFound")
        headers = {
            "ETag": f'"{_etag(path, content)}"',
            "X-Repo-Commit": self._commit(revision),
            "X-Linked-Size": str(len(content)),
        }
        if method == "HEAD":
            return Response(headers=headers)
        self.sent.append(path)
        if path in self.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        return Response(content, content_type="application/octet-stream", headers=headers)

    def _files(self, revision: str) -> Files | None:
        revision = self.branches.get(revision, revision)
        by_commit = {commit_of(name): files for name, files in self.revisions.items()}
        return self.revisions.get(revision, by_commit.get(revision))

    def _commit(self, revision: str) -> str:
        revision = self.branches.get(revision, revision)
        return commit_of(revision) if revision in self.revisions else revision


def use_hub(monkeypatch: pytest.MonkeyPatch, endpoint: str, cache: Path) -> None:
    """Point huggingface_hub at a server and a cache, without the token of this machine."""
    from huggingface_hub import close_session  # noqa: PLC0415 - heavy

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    close_session()  # a client reads the proxies of the environment when it is made
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    for name, value in (("HF_HUB_CACHE", cache), ("HF_TOKEN_PATH", cache / "no token")):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", str(value))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "size": len(content), "oid": _git_sha1(content)}
    if not path.endswith(_LARGE):
        return entry
    sha256 = hashlib.sha256(content).hexdigest()
    return {**entry, "lfs": {"oid": sha256, "size": len(content), "pointerSize": 130}}


def _etag(path: str, content: bytes) -> str:
    large = path.endswith(_LARGE)
    return hashlib.sha256(content).hexdigest() if large else _git_sha1(content)


def _git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's own


def _json(value: object) -> Response:
    return Response(orjson.dumps(value))


def _refusal(status: int, code: str) -> Response:
    # Without a body: the answer to a HEAD must have none, and huggingface_hub reads the header.
    return Response(status=status, headers={"X-Error-Code": code})
