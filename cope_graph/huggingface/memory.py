"""What memory a model needs, and what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch

_CGROUP: Final = Path("/sys/fs/cgroup")


def free_bytes(device: torch.device) -> int:
    """Count the free memory of a device, in bytes; a container's own limit is heeded.

    Args:
        device: Where a model lies, or shall.
    """
    import psutil  # noqa: PLC0415 - comes with accelerate
    import torch  # noqa: PLC0415

    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        # What torch has freed stays reserved for it.
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    free = int(psutil.virtual_memory().available)
    if device.type == "mps":  # memory is shared with the processor, up to a limit
        return min(free, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return min(free, _left_in_container())


def weight_bytes(config: Any, dtype: torch.dtype) -> int:
    """Count the bytes of a model's weights, from its configuration alone.

    Args:
        config: That of a causal model of transformers.
        dtype: In which they are loaded.
    """
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    make: Any = transformers.AutoModelForCausalLM  # which is not typed
    with torch.device("meta"):
        empty = make.from_config(config, dtype=dtype)
    return sum(weight.numel() * weight.element_size() for weight in empty.parameters())


def cache_bytes(model: Any) -> int:
    """Count the bytes that one token of one sample takes in the cache.

    Args:
        model: A causal model of transformers. A cache of another make than keys and values by head
            takes less than this.
    """
    config = model.config.get_text_config(decoder=True)
    queries = getattr(config, "num_attention_heads", None)
    if not queries:  # a running state of one size, whatever the length
        return 1
    heads = getattr(config, "num_key_value_heads", None) or queries
    size = getattr(config, "head_dim", None) or config.hidden_size // queries
    return int(2 * config.num_hidden_layers * heads * size * model.dtype.itemsize)


def gigabytes(count: int) -> str:
    """Write bytes for people."""
    return f"{count / 1e9:.1f} GB"


def _left_in_container() -> int:
    """Read what a container's limit leaves; without one, more than any machine has."""
    try:
        limit, used = (
            int((_CGROUP / name).read_text(encoding="ascii"))
            for name in ("memory.max", "memory.current")
        )
    except (OSError, ValueError):  # not Linux, an older cgroup, or "max": no limit
        return 1 << 62
    return max(limit - used, 0)
