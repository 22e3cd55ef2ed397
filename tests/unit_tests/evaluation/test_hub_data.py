"""Data sets of the Hugging Face Hub: from a folder, and where there is none."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from cope_graph import tasks
from cope_graph.errors import InputError, MissingPackageError
from cope_graph.evaluation.datasets import load
from cope_graph.evaluation.datasets.hub_data import HubName, hub_name
from tests.loopback.hub import Hub, use_hub

ROWS: Any = [{"question": "What is 2 + 2?", "answer": "So it is 4.\n#### 4"}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set in a folder, and a cache of its own."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    made = tmp_path / "sums"
    made.mkdir()
    return made


def write(folder: Path, split: str, rows: Any = ROWS) -> None:
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / f"{split}.jsonl").write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("org/name", HubName("org/name")),
        ("org/name:main", HubName("org/name", "main")),
        ("org/name@dev", HubName("org/name", None, "dev")),
        ("org/name:main@test", HubName("org/name", "main", "test")),
    ],
)
def test_a_name_is_read_and_written(text: str, name: HubName) -> None:
    assert hub_name(text) == name
    assert str(name) == f"hf:{text}"


@pytest.mark.parametrize("text", ["", "a:b:c", "org/name@", "org/name@a@b", "org/name:"])
def test_a_bad_name_says_the_form(text: str) -> None:
    with pytest.raises(InputError, match="write hf:ORG/NAME"):
        load(f"hf:{text}")


def test_the_test_split_is_read(folder: Path) -> None:
    write(folder, "train", [{"question": "no", "answer": "no"}])
    write(folder, "test")
    loaded = load(f"hf:{folder}", task=tasks.math())
    assert [item.question for item in loaded.items] == ["What is 2 + 2?"]
    assert load(f"hf:{folder}@train").items[0].gold == "no"


def test_the_only_split_is_read_and_one_of_several_is_asked_for(folder: Path) -> None:
    write(folder, "train")
    assert len(load(f"hf:{folder}").items) == 1
    with pytest.raises(InputError, match="has no split 'dev': it has train"):
        load(f"hf:{folder}@dev")
    write(folder, "validation", [{"question": "a", "answer": "b"}])
    with pytest.raises(InputError, match="has the splits train, validation: name one"):
        load(f"hf:{folder}")


def test_a_row_without_an_answer_is_named(folder: Path) -> None:
    write(folder, "test", [*ROWS, {"question": "And now?", "answer": None}])
    with pytest.raises(InputError, match=r"sums row 1 has no answer in 'answer'"):
        load(f"hf:{folder}")


def test_labels_are_read_by_their_names(folder: Path) -> None:
    datasets = pytest.importorskip("datasets")
    kinds = datasets.Features(
        {"question": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    rows = {"question": ["a", "b", "c"], "label": [1, 0, -1]}
    made = datasets.Dataset.from_dict(rows, features=kinds)
    (folder / "data").mkdir()
    made.to_parquet(str(folder / "data" / "test.parquet"))
    loaded = load(f"hf:{folder}", unlabelled="leave_out")
    assert [item.gold for item in loaded.items] == ["yes", "no"]
    assert loaded.excluded == {"without an answer": 1}


def test_an_unknown_name_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hub("org/other", {"main": {}}) as hub:
        use_hub(monkeypatch, hub.url, folder / "cache")
        hub.refuses = (401, "RepoNotFound")
        with pytest.raises(InputError, match="Hub has no data set 'org/sums', or not for you"):
            load("hf:org/sums")


def test_without_a_network_it_is_asked_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    use_hub(monkeypatch, f"http://127.0.0.1:{port}", folder / "cache")
    with pytest.raises(InputError, match=r"out of reach .*HF_HUB_OFFLINE=1"):
        load("hf:org/sums:main@test")


def test_without_the_package_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'cope-graph\[hf-data\]'"):
        load("hf:org/sums")
