"""A Hub with one tiny model, for the tests of pulls."""

from __future__ import annotations

from typing import Final

import pytest

from cope_graph.errors import ModelFileError
from cope_graph.huggingface.files import is_here
from cope_graph.huggingface.pull import pull
from cope_graph.huggingface.source import Source
from tests.loopback.hub import Files

REPO: Final = "org/tiny"
TINY: Final = Source(REPO)
WEIGHTS: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"
TOKEN: Final = "hf_averysecrettoken"
BESIDE: Files = {
    "README.md": b"# Tiny",
    "modeling_tiny.py": b"raise SystemExit",
    "pytorch_model.bin": b"pickled",
    "onnx/config.json": b"{}",
    "original/consolidated.safetensors": b"twice",
    "q4.gguf": b"GGUF",
}
"""What a repository holds beside the model, and nobody needs."""


def refused(source: Source = TINY) -> str:
    with pytest.raises(ModelFileError) as caught:
        pull(source)
    assert not is_here(source)
    assert TOKEN not in str(caught.value)
    return str(caught.value)
