"""Models that are not whole, or not to be trusted, are refused and never made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cope_graph.errors import ModelFileError, ModelLoadError
from tests.unit_tests.huggingface.watched import loading


def test_a_config_that_is_no_json_is_a_file_error(copy: Path) -> None:
    (copy / "config.json").write_text("{broken")

    with pytest.raises(ModelFileError, match=r"cannot be read.*not a valid JSON"):
        loading(copy)


@pytest.mark.parametrize("kind", ["nonsense", None])
def test_a_kind_that_transformers_does_not_know_is_a_load_error(
    copy: Path, kind: str | None
) -> None:
    (copy / "config.json").write_text(json.dumps({"model_type": kind}))

    with pytest.raises(ModelLoadError, match="transformers cannot load"):
        loading(copy)


def test_code_of_a_models_own_is_not_run(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    (copy / "config.json").write_text(json.dumps(config))
    ran = copy / "ran"
    (copy / "own.py").write_text(f"open({str(ran)!r}, 'w').close()")

    with pytest.raises(ModelLoadError, match=r"trust_remote_code|custom code"):
        loading(copy)
    assert not ran.exists()


def test_pickled_weights_are_refused(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")

    with pytest.raises(ModelFileError, match="only pickled weights, which can run code"):
        loading(copy)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-100], lambda _: b"x" * 50], ids=["cut", "other"]
)
def test_damaged_weights_are_a_file_error(copy: Path, damage: Any) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(damage(weights.read_bytes()))

    with pytest.raises(ModelFileError, match=r"cannot be read"):
        loading(copy)


def test_weights_that_are_missing_are_not_made_up(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config |= {"num_hidden_layers": 3, "layer_types": ["full_attention"] * 3}
    (copy / "config.json").write_text(json.dumps(config))

    with pytest.raises(ModelFileError, match=r"lack weights \(model\.layers\.2.* more\)"):
        loading(copy)


def test_weights_of_another_shape_are_a_load_error(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"intermediate_size": 64}))

    with pytest.raises(ModelLoadError, match="cannot load"):
        loading(copy)


def test_a_vocabulary_that_is_missing_is_not_made_up(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()

    with pytest.raises(ModelFileError, match=r"lack a tokenizer's vocabulary"):
        loading(copy)
