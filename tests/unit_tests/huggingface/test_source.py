"""Names of models of the Hub, and of models in folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from cope_graph.errors import ModelNameError
from cope_graph.huggingface.source import PREFIX, Source, source_of

NAMES = {
    "org/name": Source("org/name"),
    "gpt2": Source("gpt2"),
    "org/name@v1.0": Source("org/name", "v1.0"),
    "org/name@refs/pr/3": Source("org/name", "refs/pr/3"),
    "Org-1/Na.me_2-B": Source("Org-1/Na.me_2-B"),
    "org/name/q4_k_m.gguf": Source("org/name", file="q4_k_m.gguf"),
    "org/name/sub/q4.gguf@main": Source("org/name", "main", "sub/q4.gguf"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("prefix", ["", PREFIX, f"  {PREFIX}"])
def test_a_name_of_the_hub_is_read_with_and_without_its_prefix(prefix: str, name: str) -> None:
    assert source_of(prefix + name) == NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_source_has_the_name_it_was_read_from(name: str) -> None:
    assert source_of(name).name == name
    assert source_of(PREFIX + NAMES[name].name) == NAMES[name]


def test_a_folder_and_a_file_are_local(tmp_path: Path) -> None:
    file = tmp_path / "tiny.gguf"
    file.touch()
    folder = source_of(f"{PREFIX}{tmp_path}")
    assert folder == Source(str(tmp_path), is_local=True)
    assert folder.name == str(tmp_path)
    assert source_of(f"{PREFIX}{file}") == Source(str(tmp_path), file=file.name, is_local=True)
    assert source_of(str(file)).name == str(file)


def test_a_home_folder_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert source_of("~/model") == Source(str(tmp_path / "model"), is_local=True)


@pytest.mark.parametrize("path", ["/no/such/folder", "./no-such", "../no-such", "~/no-such"])
def test_a_path_that_does_not_exist_is_said_to_be_none(path: str) -> None:
    with pytest.raises(ModelNameError, match=r"There is no model at .*config\.json"):
        source_of(PREFIX + path)


@pytest.mark.parametrize("name", ["", " ", "org/", "a/b/c", "org/na me", "org/name@", "@v1"])
def test_what_names_no_model_is_refused_with_examples(name: str) -> None:
    with pytest.raises(ModelNameError, match="no model"):
        source_of(PREFIX + name)
