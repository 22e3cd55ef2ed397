"""Loading: once, as asked for, and not where it does not fit."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from cope_graph.errors import MissingPackageError, ModelMemoryError
from cope_graph.huggingface import load as load_module
from cope_graph.huggingface.memory import weight_bytes
from tests.unit_tests.huggingface.watched import loading


def test_the_type_asked_for_is_the_models(folder: Path) -> None:
    assert loading(folder, dtype="bfloat16").model.dtype == torch.bfloat16
    assert loading(folder, dtype="float32").model.dtype == torch.float32


def test_it_is_loaded_once_also_for_threads_that_come_together(copy: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: loading(copy, dtype="float32"), range(8)))

    assert len({id(one.model) for one in found}) == 1
    assert not found[0].model.training


def test_too_little_memory_is_refused_with_both_figures(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_module, "weight_bytes", lambda *_: 15_200_000_000)
    monkeypatch.setattr(load_module, "free_bytes", lambda _: 8_000_000_000)

    with pytest.raises(ModelMemoryError, match=r"needs 15\.2 GB on cpu and 8\.0 GB.*'4bit'"):
        loading(copy, dtype="float32")


@pytest.mark.parametrize(
    ("options", "needed"), [({"dtype": "float32"}, 4), ({"dtype": "bfloat16"}, 2)]
)
def test_a_model_that_just_fits_is_loaded(
    copy: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], needed: int
) -> None:
    config = transformers.AutoConfig.from_pretrained(copy)
    exact = weight_bytes(config, torch.float32) // 4 * needed
    monkeypatch.setattr(load_module, "free_bytes", lambda _: exact - 1)
    with pytest.raises(ModelMemoryError):
        loading(copy, **options)
    monkeypatch.setattr(load_module, "free_bytes", lambda _: exact)

    weights = loading(copy, **options).model.parameters()
    assert sum(weight.numel() * weight.element_size() for weight in weights) == exact


def test_memory_that_ends_while_loading_is_a_memory_error(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        msg = "CUDA out of memory. Tried to allocate 2.00 GiB"
        raise torch.OutOfMemoryError(msg)

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", fail)

    with pytest.raises(ModelMemoryError, match=r"memory of cpu: CUDA out of memory\. Tried"):
        loading(copy)


def test_without_torch_the_install_line_is_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(
        MissingPackageError, match=r"torch: pip install 'cope-graph\[huggingface\]'"
    ):
        loading(copy)


@pytest.mark.parametrize("quantize", ["4bit", "8bit"])
def test_quantising_without_bitsandbytes_names_the_package(
    copy: Path, monkeypatch: pytest.MonkeyPatch, quantize: str
) -> None:
    module = f"transformers.quantizers.quantizer_bnb_{quantize}.is_bitsandbytes_available"
    monkeypatch.setattr(module, lambda: False)

    with pytest.raises(MissingPackageError, match=r"another package.*bitsandbytes"):
        loading(copy, quantize=quantize)


def test_nothing_is_drawn_on_the_screen(copy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    loading(copy)

    assert capfd.readouterr() == ("", "")
