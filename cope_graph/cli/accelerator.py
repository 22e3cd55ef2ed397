"""Where torch runs local models on this machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from cope_graph.cli.check import Check, installed

_FIX = "check the driver with {tool}, and {variable}; without a GPU, install the CPU build of torch"
_CUDA = ("CUDA", _FIX.format(tool="nvidia-smi", variable="CUDA_VISIBLE_DEVICES"))
_ROCM = ("ROCm", _FIX.format(tool="rocm-smi", variable="HIP_VISIBLE_DEVICES"))
_BYTES_IN_GB = 1e9


def torch_device() -> Iterator[Check]:
    """Name the device; nothing is said, or loaded, where torch is not installed."""
    if installed("torch") is None:
        return
    try:
        import torch  # noqa: PLC0415 - heavy
    except (ImportError, OSError) as error:  # a library that does not fit this machine
        fix = "pip install --force-reinstall torch"
        yield _line(found=f"torch cannot be loaded: {_first_line(error)}", fix=fix)
        return
    with warnings.catch_warnings(record=True) as told:  # why CUDA cannot start is a warning
        warnings.simplefilter("always")
        has_gpu = torch.cuda.is_available()
    if has_gpu:
        yield _line(found=f"cuda: {_cards(torch)}")
    elif built := torch.version.cuda or torch.version.hip:
        platform, fix = _CUDA if torch.version.cuda else _ROCM
        why = "".join(f" ({_first_line(warning.message)})" for warning in told[:1])
        found = f"cpu: torch is built for {platform} {built} and sees no GPU{why}"
        yield _line(found=found, fix=fix)
    elif torch.backends.mps.is_available():
        yield _line(found="mps: Apple's GPU")
    else:
        threads = torch.get_num_threads()
        yield _line(found=f"cpu, {threads} threads (this torch knows no GPU)")


def _line(*, found: str, fix: str = "") -> Check:
    return Check("torch device", ok=not fix, found=found, fix=fix, needed=False)


def _first_line(said: object) -> str:
    return (str(said).strip().splitlines() or [type(said).__name__])[0]


def _cards(torch: Any) -> str:
    cards = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    return ", ".join(f"{card.name} ({card.total_memory / _BYTES_IN_GB:.0f} GB)" for card in cards)
