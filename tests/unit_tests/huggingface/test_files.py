"""Where a model's files lie, and what is missing of them; no socket is ever opened."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from cope_graph.errors import MissingPackageError, ModelFileError
from cope_graph.huggingface.files import cached, folder_of, is_here, window_of
from cope_graph.huggingface.source import Source
from tests.loopback.hub import commit_of, use_hub

REPO = "org/tiny"
PULL = "run `cope models pull huggingface:org/tiny"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")

pytestmark = pytest.mark.usefixtures("socket_disabled")


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of the Hub."""
    use_hub(monkeypatch, "http://127.0.0.1:1", tmp_path / "hub")
    return tmp_path / "hub"


def snapshot(cache: Path, revision: str = "main", repo: str = REPO) -> Path:
    """Make the folder that huggingface_hub would make for a revision."""
    home = cache / f"models--{repo.replace('/', '--')}"
    for folder in ("refs", f"snapshots/{commit_of(revision)}"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "refs" / revision).write_text(commit_of(revision))
    return home / "snapshots" / commit_of(revision)


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ("config.json", "model.safetensors"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}")
    return folder


def fill_sharded(folder: Path, *names: str) -> Path:
    fill(folder, "config.json", *names)
    weight_map = {f"layer.{i}": SHARDS[i % 2] for i in range(4)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


def refused(source: Source) -> str:
    with pytest.raises(ModelFileError) as caught:
        folder_of(source)
    assert not is_here(source)
    return str(caught.value)


def local(folder: Path, file: str | None = None) -> Source:
    return Source(str(folder), file=file, is_local=True)


@pytest.mark.parametrize("revision", [None, "main", commit_of("main")])
def test_a_whole_snapshot_is_found_by_branch_and_by_commit(
    cache: Path, revision: str | None
) -> None:
    folder = fill(snapshot(cache))
    assert folder_of(Source(REPO, revision)) == folder
    assert is_here(Source(REPO, revision))


def test_a_gguf_file_is_found_in_the_folder_of_its_repository(cache: Path) -> None:
    folder = fill(snapshot(cache), "q4.gguf", "sub/q8.gguf")
    assert folder_of(Source(REPO, file="q4.gguf")) == folder
    assert folder_of(Source(REPO, file="sub/q8.gguf")) == folder
    assert PULL + "/q2.gguf`" in refused(Source(REPO, file="q2.gguf"))


def test_a_local_folder_and_a_local_file_are_taken_as_they_are(tmp_path: Path) -> None:
    folder = fill(tmp_path / "mine")
    assert folder_of(local(folder)) == folder
    fill(tmp_path / "ggufs", "q4.gguf")
    assert folder_of(local(tmp_path / "ggufs", "q4.gguf")) == tmp_path / "ggufs"


def test_all_shards_that_the_index_names_make_a_whole_model(cache: Path) -> None:
    folder = fill_sharded(snapshot(cache), *SHARDS)
    assert folder_of(Source(REPO)) == folder


def test_what_is_not_in_the_cache_names_the_command() -> None:
    assert refused(Source(REPO)) == (
        f"huggingface:org/tiny is not in the cache of the Hub's models: {PULL}`."
    )
    assert refused(Source(REPO, "v2")).endswith(PULL + "@v2`.")


def test_another_revision_that_is_here_is_named(cache: Path) -> None:
    fill(snapshot(cache))
    fill(snapshot(cache, "v1"))
    fill(snapshot(cache, "v1", "org/other"))
    said = refused(Source(REPO, "v2"))
    assert said == f"org/tiny is here at main, v1, and not at v2: {PULL}@v2`."
    shutil.rmtree(snapshot(cache))
    (cache / "models--org--tiny" / "refs" / "main").unlink()
    assert "org/tiny is here at v1, and not at main" in refused(Source(REPO))


def test_a_missing_shard_is_named(cache: Path) -> None:
    fill_sharded(snapshot(cache), SHARDS[0])
    said = refused(Source(REPO))
    assert f"org/tiny is not complete, {SHARDS[1]} missing" in said
    assert said.endswith(PULL + "`.")


def test_of_many_missing_shards_some_are_named(cache: Path) -> None:
    folder = fill_sharded(snapshot(cache))
    weight_map = {str(i): f"model-{i}.safetensors" for i in range(9)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    named = ", ".join(f"model-{i}.safetensors" for i in range(3))
    assert f"{named} and 6 more missing" in refused(Source(REPO))


def test_a_link_to_bytes_that_are_gone_counts_as_missing(cache: Path) -> None:
    folder = fill(snapshot(cache), "config.json")
    (folder / "model.safetensors").symlink_to(cache / "gone")
    assert "not complete, model.safetensors missing" in refused(Source(REPO))


@pytest.mark.parametrize("index", ["", "[]", "{}", '{"weight_map": {}}'])
def test_a_damaged_index_is_said(cache: Path, index: str) -> None:
    folder = fill(snapshot(cache), "config.json")
    (folder / "model.safetensors.index.json").write_text(index)
    assert "has a damaged model.safetensors.index.json" in refused(Source(REPO))


@pytest.mark.parametrize("pickled", ["pytorch_model.bin", "consolidated.00.pth", "model.ckpt"])
def test_pickled_weights_alone_are_refused(cache: Path, tmp_path: Path, pickled: str) -> None:
    fill(snapshot(cache), "config.json", pickled)
    assert "only pickled weights, which can run code" in refused(Source(REPO))
    assert "only pickled weights" in refused(local(fill(tmp_path / "x", "config.json", pickled)))


def test_pickled_weights_beside_safetensors_do_no_harm(cache: Path) -> None:
    folder = fill(snapshot(cache), "config.json", "model.safetensors", "pytorch_model.bin")
    assert folder_of(Source(REPO)) == folder


def test_git_lfs_pointers_are_not_taken_for_weights(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cloned", "config.json", "model.safetensors", "q4.gguf")
    for name in ("model.safetensors", "q4.gguf"):
        (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    for source in (local(folder), local(folder, "q4.gguf")):
        assert "`git lfs pull` fetches them" in refused(source)


def test_a_local_folder_that_is_no_model_is_refused_without_a_download(tmp_path: Path) -> None:
    said = refused(local(tmp_path))
    assert f"has no config.json ({tmp_path})" in said
    assert "pull" not in said
    gone = local(tmp_path / "ggufs", "q4.gguf")
    assert "not complete, q4.gguf missing" in refused(gone)


def test_a_name_that_no_repository_can_have_is_said() -> None:
    assert "'org/a..b' cannot be a repository of the Hub" in refused(Source("org/a..b"))


@pytest.mark.parametrize(
    ("config", "window"),
    [
        ('{"max_position_embeddings": 2048}', 2048),
        ('{"text_config": {"max_position_embeddings": 4096}}', 4096),
        ('{"max_position_embeddings": 1, "text_config": {"max_position_embeddings": 2}}', 1),
        ('{"max_position_embeddings": "many", "text_config": 7}', None),
        ('{"max_position_embeddings": -1}', None),
        ("{}", None),
        ("[]", None),
        ("{", None),
        ("\udcff", None),
    ],
)
def test_the_window_is_what_the_config_says(
    cache: Path, tmp_path: Path, config: str, window: int | None
) -> None:
    folders = fill(snapshot(cache), "config.json"), fill(tmp_path / "mine", "config.json")
    for folder in folders:
        (folder / "config.json").write_bytes(config.encode(errors="surrogateescape"))
    assert window_of(Source(REPO)) == window
    assert window_of(local(folders[1])) == window


def test_the_window_of_what_is_not_here_is_unknown(tmp_path: Path) -> None:
    fill(tmp_path, "q4.gguf")
    for source in (Source(REPO), Source("org/a..b"), local(tmp_path, "q4.gguf"), local(tmp_path)):
        assert window_of(source) is None


def test_whole_models_in_the_cache_are_listed(cache: Path) -> None:
    assert cached() == []
    fill(snapshot(cache))
    fill(snapshot(cache, "v1"), "config.json")
    fill(snapshot(cache, "main", "org/ggufs"), "q4.gguf", "sub/q8.gguf")
    fill_sharded(snapshot(cache, "main", "org/half"), SHARDS[0])
    fill(snapshot(cache, "main", "odd--name/x"))
    names = [source.name for source in cached()]
    assert names == ["org/ggufs/q4.gguf", "org/ggufs/sub/q8.gguf", "org/tiny"]


def test_without_huggingface_hub_the_extra_is_named_and_folders_still_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for ask in (folder_of, is_here):
        with pytest.raises(MissingPackageError, match=r"pip install 'cope-graph\[huggingface\]'"):
            ask(Source(REPO))
    assert window_of(Source(REPO)) is None
    assert cached() == []
    assert is_here(local(fill(tmp_path / "mine")))
