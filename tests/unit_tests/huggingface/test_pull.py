"""Pulls from a Hub: a real HTTP server on loopback, and a real tiny model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cope_graph.huggingface.files import folder_of, is_here, window_of
from cope_graph.huggingface.pull import pull
from cope_graph.huggingface.source import Source
from tests.loopback.hub import Files, Hub, files_in
from tests.unit_tests.huggingface.hub import BESIDE, INDEX, REPO, TINY, WEIGHTS, refused

SHARDS = ("model-1.safetensors", "model-2.safetensors")


def test_a_pull_brings_the_model_and_nothing_else(hub: Hub, tiny: Files) -> None:
    assert not is_here(TINY)
    folder = pull(TINY)
    assert folder == folder_of(TINY)
    assert files_in(folder) == tiny
    assert sorted(hub.sent) == sorted(tiny)
    assert {path.name for path in folder.rglob("*")} == set(tiny)
    assert window_of(TINY) == 2048


@pytest.mark.usefixtures("hub")
def test_what_was_pulled_loads_without_the_network() -> None:
    import transformers  # noqa: PLC0415 - heavy

    model = transformers.AutoModelForCausalLM.from_pretrained(pull(TINY), local_files_only=True)
    assert model.config.max_position_embeddings == 2048


def test_a_second_pull_downloads_nothing(hub: Hub) -> None:
    pull(TINY)
    hub.sent.clear()
    assert pull(TINY) == folder_of(TINY)
    assert hub.sent == []


def test_a_revision_is_pulled_beside_another(hub: Hub, tiny: Files) -> None:
    hub.revisions["v2"] = {**tiny, "config.json": b'{"max_position_embeddings": 7}'}
    first, second = pull(TINY), pull(Source(REPO, "v2"))
    assert first != second
    assert (window_of(TINY), window_of(Source(REPO, "v2"))) == (2048, 7)
    assert hub.sent.count(WEIGHTS) == 1, "the cache keeps one copy of the same bytes"


def test_a_pull_follows_a_branch_that_moved(hub: Hub, tiny: Files) -> None:
    before = pull(TINY)
    hub.revisions["2"] = {**tiny, "config.json": b'{"max_position_embeddings": 7}'}
    hub.branches["main"] = "2"
    assert pull(TINY) != before
    assert window_of(TINY) == 7


def test_shards_are_those_of_the_index(hub: Hub, tiny: Files) -> None:
    index = {"weight_map": {"a": SHARDS[0], "b": SHARDS[1], "c": SHARDS[0]}}
    files = {**tiny, INDEX: json.dumps(index).encode(), "other.safetensors": b"not asked for"}
    del files[WEIGHTS]
    hub.revisions["main"] = {**files, SHARDS[0]: b"one", SHARDS[1]: b"two"}
    folder = pull(TINY)
    assert [(folder / shard).read_bytes() for shard in SHARDS] == [b"one", b"two"]
    assert "other.safetensors" not in hub.sent


def test_a_shard_that_the_repository_lacks_is_named(hub: Hub, tiny: Files) -> None:
    index = {"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}
    hub.revisions["main"] = {**tiny, INDEX: json.dumps(index).encode(), SHARDS[0]: b"one"}
    del hub.revisions["main"][WEIGHTS]
    assert f"not complete, {SHARDS[1]} missing" in refused()


def test_one_gguf_file_is_pulled_alone(hub: Hub) -> None:
    source = Source(REPO, file="q4.gguf")
    assert (pull(source) / "q4.gguf").read_bytes() == BESIDE["q4.gguf"]
    assert hub.sent == ["q4.gguf"]
    hub.corrupt.add("sub/q8.gguf")
    hub.revisions["main"]["sub/q8.gguf"] = b"GGUF8"
    hub.revisions["2"] = hub.revisions["main"]
    hub.branches["main"] = "2"
    assert "other bytes than the Hub lists, deleted: sub/q8.gguf" in refused(
        Source(REPO, file="sub/q8.gguf")
    )
    said = refused(Source(REPO, file="q2.gguf"))
    assert said == "org/tiny has no file q2.gguf; its GGUF files: q4.gguf, sub/q8.gguf."


@pytest.mark.parametrize("name", [WEIGHTS, "config.json", "tokenizer.json"])
def test_one_wrong_bit_is_refused_and_deleted(
    hub: Hub, tiny: Files, cache: Path, name: str
) -> None:
    hub.corrupt.add(name)
    said = refused()
    assert f"org/tiny has other bytes than the Hub lists, deleted: {name} (expected" in said
    if name == WEIGHTS:
        assert f"sha256 {hashlib.sha256(tiny[name]).hexdigest()}, got" in said
    kept = [path.read_bytes() for path in cache.rglob("*") if path.is_file()]
    wrong = tiny[name][:-1] + bytes([tiny[name][-1] ^ 1])
    assert wrong not in kept
    hub.corrupt.clear()
    hub.sent.clear()
    assert (pull(TINY) / name).read_bytes() == tiny[name]
    assert hub.sent == [name]


def test_bytes_that_rot_in_the_cache_are_found_by_the_next_pull(hub: Hub, tiny: Files) -> None:
    weights = pull(TINY) / WEIGHTS
    weights.resolve().write_bytes(tiny[WEIGHTS][:-1] + b"!")
    assert f"deleted: {WEIGHTS}" in refused()
    assert hub.sent.count(WEIGHTS) == 1
    assert (pull(TINY) / WEIGHTS).read_bytes() == tiny[WEIGHTS]


def test_a_local_folder_is_only_looked_at(tmp_path: Path, hub: Hub) -> None:
    for name in ("config.json", WEIGHTS):
        (tmp_path / name).touch()
    assert pull(Source(str(tmp_path), is_local=True)) == tmp_path
    assert hub.tokens == set()
