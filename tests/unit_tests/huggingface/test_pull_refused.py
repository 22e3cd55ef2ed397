"""Pulls that bring nothing: one sentence says why, and never holds the token."""

from __future__ import annotations

import errno
import socket
import sys
from pathlib import Path

import httpx
import pytest

from cope_graph.errors import MissingPackageError, ModelFileError
from cope_graph.huggingface.files import is_here
from cope_graph.huggingface.pull import pull
from cope_graph.huggingface.refused import reason
from cope_graph.huggingface.source import Source
from tests.loopback.http_messages import Request, Response
from tests.loopback.hub import Hub
from tests.unit_tests.huggingface.hub import REPO, TINY, TOKEN, WEIGHTS, refused


@pytest.mark.parametrize(
    ("lost", "fix"),
    [
        ([WEIGHTS, "q4.gguf"], "its weights are pickled, which can run code"),
        ([WEIGHTS], "name one of its GGUF files, such as huggingface:org/tiny/q4.gguf"),
        ([WEIGHTS, "q4.gguf", "pytorch_model.bin"], "with config.json and model.safetensors"),
        (["config.json", "q4.gguf", "pytorch_model.bin"], "with config.json and model.safetensors"),
    ],
)
def test_a_repository_without_safetensors_is_refused_before_a_download(
    hub: Hub, lost: list[str], fix: str
) -> None:
    for name in lost:
        del hub.revisions["main"][name]
    said = refused()
    assert said.startswith("org/tiny has no safetensors of a whole model: ")
    assert fix in said
    assert hub.sent == []


def test_a_revision_that_does_not_exist_is_named(hub: Hub) -> None:
    host = hub.url.removeprefix("http://")
    said = refused(Source(REPO, "v9"))
    assert f"{host} knows no branch, tag or commit 'v9' of org/tiny." in said


def test_a_repository_that_does_not_exist_may_be_private(hub: Hub) -> None:
    said = refused(Source("org/none"))
    assert "has no org/none, or it is private (HTTP 401); check the name, and set HF_TOKEN" in said
    assert hub.sent == []


def test_a_gated_model_names_its_page(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.refuses_files = (403, "GatedRepo")
    said = refused()
    assert "it is gated: ask for access at https://" in said
    assert "/org/tiny, then set HF_TOKEN to your token" in said
    assert hub.tokens == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (403, "", "refuses the token (HTTP 403); set HF_TOKEN to one that may read it"),
        (404, "RepoNotFound", "has no org/tiny, or it is private (HTTP 404)"),
        (401, "GatedRepo", "it is gated"),
        (503, "", "answered HTTP 503; try again later"),
        (429, "", "answered HTTP 429; try again later"),
    ],
)
def test_what_the_hub_answers_is_one_sentence(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, status: int, code: str, sentence: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.refuses = (status, code)
    assert sentence in refused()


def test_a_model_that_is_here_is_not_taken_for_one_that_was_pulled(hub: Hub) -> None:
    pull(TINY)
    hub.refuses = (503, "")
    with pytest.raises(ModelFileError, match="answered HTTP 503"):
        pull(TINY)
    assert is_here(TINY)


@pytest.mark.usefixtures("hub")
def test_a_closed_port_says_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://me:secret@127.0.0.1:{port}")
    said = refused()
    assert f"the Hub (127.0.0.1:{port}) cannot be reached (ConnectError)" in said
    assert "set HF_ENDPOINT to a mirror, or name a local folder: huggingface:/path" in said
    assert "secret" not in said


def test_a_hub_that_fails_in_the_middle_says_why(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.refuses_files = (403, "")
    assert "refuses the token (HTTP 403)" in refused()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refused()


@pytest.mark.usefixtures("hub")
def test_a_server_that_is_no_hub_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class SignIn(Hub):
        def handle(self, request: Request) -> Response:
            del request
            return Response(b"<html>sign in</html>", content_type="text/html")

    with SignIn(REPO, {}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        assert "does not answer as the Hub does (JSONDecodeError)" in refused()


@pytest.mark.usefixtures("hub")
def test_a_cache_that_cannot_be_written_is_said(cache: Path) -> None:
    cache.write_text("a file where the cache should be")
    said = refused()
    assert f"the disk of {cache} cannot be written (" in said
    assert said.endswith("set HF_HOME.")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.usefixtures("hub")
def test_a_full_disk_is_said(number: int) -> None:
    assert "is full; free space there" in reason(OSError(number, "no"), TINY, "https://hub")


def test_a_name_that_no_repository_can_have_is_said(hub: Hub) -> None:
    assert "no repository of the Hub can have such a name" in refused(Source("org/a..b"))
    assert hub.tokens == set()


@pytest.mark.parametrize("odd", ["\x0b", "\N{EN DASH}"])
def test_a_token_that_cannot_be_sent_is_not_quoted(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}{odd}{TOKEN}")
    with pytest.raises(ModelFileError, match="characters that cannot be sent") as caught:
        pull(TINY)
    assert TOKEN not in str(caught.getrepr(style="long"))
    assert hub.tokens == set()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (httpx.ReadTimeout("x"), "the Hub (hub.example) cannot be reached (ReadTimeout)"),
        (httpx.InvalidURL("x"), "the Hub (hub.example) cannot be reached (InvalidURL)"),
        (ConnectionResetError(), "the Hub (hub.example) cannot be reached (ConnectionResetError)"),
        (TimeoutError(), "the Hub (hub.example) cannot be reached (TimeoutError)"),
        (RuntimeError(TOKEN), "the download broke off (RuntimeError)"),
    ],
)
def test_errors_of_other_libraries_are_named_and_not_quoted(
    error: Exception, sentence: str
) -> None:
    said = reason(error, TINY, f"https://me:{TOKEN}@hub.example")
    assert said == (
        f"{sentence}; check the network, set HF_ENDPOINT to a mirror, "
        "or name a local folder: huggingface:/path/to/model."
    )


def test_without_huggingface_hub_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'cope-graph\[huggingface\]'"):
        pull(TINY)
