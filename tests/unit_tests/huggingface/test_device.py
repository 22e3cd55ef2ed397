"""Where a model runs, in what type, and what memory there is."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from cope_graph.errors import ModelLoadError
from cope_graph.huggingface import memory
from cope_graph.huggingface.device import device_of, dtype_of
from cope_graph.huggingface.memory import free_bytes

CPU = torch.device("cpu")


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Any:
    def has(*, cuda: int = 0, built: str | None = None, mps: bool = False) -> None:
        monkeypatch.setattr(torch.version, "cuda", built)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("there", "wanted", "device"),
    [
        ({}, None, "cpu"),
        ({"mps": True}, None, "mps"),
        ({"cuda": 1, "built": "12.8"}, None, "cuda"),
        ({"cuda": 2, "built": "12.8"}, "cuda:1", "cuda:1"),
        ({"cuda": 1, "built": "12.8"}, "cpu", "cpu"),
        ({"mps": True}, "mps", "mps"),
    ],
)
def test_the_best_device_is_taken_unless_one_is_named(
    hardware: Any, there: dict[str, Any], wanted: str | None, device: str
) -> None:
    hardware(**there)

    assert device_of(wanted) == torch.device(device)


@pytest.mark.parametrize(
    ("there", "wanted", "why"),
    [
        ({}, "cuda", "made for the CPU alone: install a CUDA build"),
        ({"built": "12.8"}, "cuda", r"made for CUDA 12\.8\) finds no GPU: check the driver"),
        ({"cuda": 1, "built": "12.8"}, "cuda:1", r"no 'cuda:1': PyTorch finds 1 GPU"),
        ({}, "mps", "finds no Apple GPU"),
        ({}, "gpu", "no device 'gpu': write 'cpu'"),
    ],
)
def test_a_device_that_is_not_there_is_an_error_with_the_way_out(
    hardware: Any, there: dict[str, Any], wanted: str, why: str
) -> None:
    hardware(**there)

    with pytest.raises(ModelLoadError, match=why):
        device_of(wanted)


def test_a_cuda_build_without_a_gpu_warns_and_goes_on(
    hardware: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hardware(built="12.8")

    with caplog.at_level(logging.WARNING, "cope_graph"):
        assert device_of(None) == CPU
        assert "CUDA 12.8 but finds no GPU" in caplog.text
        caplog.clear()
        assert device_of("cpu") == CPU
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("device", "can", "dtype"),
    [
        ("cuda", True, torch.bfloat16),
        ("cuda", False, torch.float16),
        ("mps", False, torch.float16),
        ("cpu", True, torch.bfloat16),
        ("cpu", False, torch.float32),
    ],
)
def test_the_type_is_what_the_hardware_computes_in(
    monkeypatch: pytest.MonkeyPatch, device: str, dtype: torch.dtype, *, can: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: can)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": can})

    assert dtype_of("auto", torch.device(device)) == dtype
    assert dtype_of("float32", torch.device(device)) == torch.float32


@pytest.mark.parametrize(
    ("limit", "used", "left"),
    [("3000", "1000", 2000), ("1000", "3000", 0), ("max", "1000", None), (None, None, None)],
)
def test_the_limit_of_a_container_is_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, used: str, left: int | None
) -> None:
    if limit:
        (tmp_path / "memory.max").write_text(limit + "\n")
        (tmp_path / "memory.current").write_text(used + "\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    there = psutil.virtual_memory()._replace(available=8_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: there)

    assert free_bytes(CPU) == (8_000 if left is None else left)
