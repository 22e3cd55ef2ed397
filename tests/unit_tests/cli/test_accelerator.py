"""What `cope doctor` says of torch and of the extra `huggingface`."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace
from typing import Any

import pytest

from cope_graph.cli import check
from cope_graph.cli.accelerator import torch_device
from cope_graph.cli.check import Check

DRIVER = "CUDA initialization: The NVIDIA driver on your system is too old\n(and so on)"


def torch(
    *cards: tuple[str, float],
    cuda: str | None = None,
    hip: str | None = None,
    mps: bool = False,
    warning: str = "",
) -> Any:
    """A torch of some build on some machine, as far as it is asked about."""

    def is_available() -> bool:
        if warning:
            warnings.warn(warning, UserWarning, stacklevel=1)
        return bool(cards)

    return SimpleNamespace(
        cuda=SimpleNamespace(
            is_available=is_available,
            device_count=lambda: len(cards),
            get_device_properties=lambda i: SimpleNamespace(
                name=cards[i][0], total_memory=cards[i][1] * 1e9
            ),
        ),
        version=SimpleNamespace(cuda=cuda, hip=hip),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
        get_num_threads=lambda: 2,
    )


@pytest.mark.parametrize(
    ("build", "ok", "found"),
    [
        (torch(), True, "cpu, 2 threads (this torch knows no GPU)"),
        (torch(mps=True), True, "mps: Apple's GPU"),
        (torch(("H100", 85.1), cuda="12.8"), True, "cuda: H100 (85 GB)"),
        (torch(("A", 24), ("B", 48), cuda="12.8"), True, "cuda: A (24 GB), B (48 GB)"),
        (torch(("MI300", 192), hip="6.4"), True, "cuda: MI300 (192 GB)"),
        (torch(cuda="12.8"), False, "cpu: torch is built for CUDA 12.8 and sees no GPU"),
        (torch(hip="6.4"), False, "cpu: torch is built for ROCm 6.4 and sees no GPU"),
        (
            torch(cuda="12.8", warning=DRIVER),
            False,
            f"cpu: torch is built for CUDA 12.8 and sees no GPU ({DRIVER.splitlines()[0]})",
        ),
    ],
)
def test_the_device_is_named(
    monkeypatch: pytest.MonkeyPatch, build: Any, ok: bool, found: str
) -> None:
    monkeypatch.setitem(sys.modules, "torch", build)
    (line,) = torch_device()
    assert (line.name, line.ok, line.found) == ("torch device", ok, found)
    assert not line.needed
    assert bool(line.fix) is not ok


def test_a_gpu_that_is_not_seen_names_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch(cuda="12.8"))
    (line,) = torch_device()
    assert "nvidia-smi" in line.fix
    monkeypatch.setitem(sys.modules, "torch", torch(hip="6.4"))
    (line,) = torch_device()
    assert "rocm-smi" in line.fix


def test_a_torch_that_cannot_be_loaded_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (line,) = torch_device()
    assert not line.ok
    assert line.found.startswith("torch cannot be loaded: ")
    assert line.fix == "pip install --force-reinstall torch"


def test_without_torch_nothing_is_said_or_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "torch")
    monkeypatch.setitem(sys.modules, "torch", None)  # an import would fail, and be said
    assert list[Check](torch_device()) == []


def test_packages_of_the_extra_are_listed_and_not_needed(
    cope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    before = cope("doctor")
    forget(monkeypatch, "llguidance")
    got = cope("doctor")
    for name in ("torch", "transformers", "langchain-huggingface", "accelerate"):
        assert f"ok  {name} (extra huggingface)" in got.out
    line = next(line for line in got.out.splitlines() if "llguidance" in line)
    assert line.split()[0] == "--"
    assert line.rstrip().endswith("pip install 'cope-graph[huggingface]'")
    assert got.code == before.code
    assert "ok  torch device" in got.out


def forget(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    def found(name: str) -> str:
        if name == missing:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(check, "version", found)
