"""Where a model runs and in what type, by what the hardware can do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from cope_graph.errors import ModelLoadError

if TYPE_CHECKING:
    import torch

logger = logging.getLogger("cope_graph")

Dtype = Literal["auto", "bfloat16", "float16", "float32"]


def device_of(wanted: str | None) -> torch.device:
    """Choose the device.

    Raises:
        ModelLoadError: The one that is wanted is not there.
    """
    import torch  # noqa: PLC0415

    has_cuda, built = torch.cuda.is_available(), torch.version.cuda
    has_mps = torch.backends.mps.is_available()
    if wanted is None:
        if built and not has_cuda:
            logger.warning(
                "This PyTorch is made for CUDA %s but finds no GPU: models run on the CPU. Check "
                "the driver (nvidia-smi), or pass device='cpu' to say so.",
                built,
            )
        return torch.device("cuda" if has_cuda else "mps" if has_mps else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        msg = f"There is no device {wanted!r}: write 'cpu', 'cuda', 'cuda:1' or 'mps'."
        raise ModelLoadError(msg) from error
    if device.type == "cuda" and not has_cuda:
        msg = (
            f"{wanted!r} was asked for, but this PyTorch (made for CUDA {built}) finds no GPU: "
            "check the driver (nvidia-smi), or use device='cpu'."
            if built
            else f"{wanted!r} was asked for, but this PyTorch is made for the CPU alone: install a "
            "CUDA build (pytorch.org), or use device='cpu'."
        )
        raise ModelLoadError(msg)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        msg = f"There is no {wanted!r}: PyTorch finds {torch.cuda.device_count()} GPU(s)."
        raise ModelLoadError(msg)
    if device.type == "mps" and not has_mps:
        msg = "'mps' was asked for, but this PyTorch finds no Apple GPU: use device='cpu'."
        raise ModelLoadError(msg)
    return device


def dtype_of(wanted: Dtype, device: torch.device) -> torch.dtype:
    """Choose the type to compute in: bfloat16 where the hardware computes in it."""
    import torch  # noqa: PLC0415

    if wanted != "auto":
        dtype: torch.dtype = getattr(torch, wanted)
        return dtype
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "mps":
        return torch.float16
    can = torch.cpu.get_capabilities()
    return torch.bfloat16 if can.get("avx512_bf16") or can.get("amx_bf16") else torch.float32
