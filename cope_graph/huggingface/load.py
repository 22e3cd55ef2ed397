"""Load a model and its tokenizer, once per process, where and how the hardware wants it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from cope_graph.errors import MissingPackageError, ModelFileError, ModelLoadError, ModelMemoryError
from cope_graph.huggingface.attention import register
from cope_graph.huggingface.device import Dtype, device_of, dtype_of
from cope_graph.huggingface.files import folder_of
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.memory import free_bytes, gigabytes, weight_bytes
from cope_graph.huggingface.source import Source

if TYPE_CHECKING:
    import torch

Quantize = Literal["8bit", "4bit"]


@dataclass
class _Slot:
    """A model that is loaded, or is being loaded."""

    lock: Any = field(default_factory=Lock)
    loaded: Loaded | None = None


_lock = Lock()
_slots: dict[Any, _Slot] = {}


@dataclass(frozen=True)
class Options:
    """How to load.

    Attributes:
        device: `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`; `None` for the best there is.
        dtype: `"auto"`: bfloat16 where the hardware computes in it, float16 on other GPUs, else
            float32.
        quantize: By bitsandbytes, while loading; models that are quantised on the Hub need none.
    """

    device: str | None = None
    dtype: Dtype = "auto"
    quantize: Quantize | None = None


def load(source: Source, options: Options) -> Loaded:
    """Load a model, once per process; it blocks for seconds to minutes.

    Raises:
        MissingPackageError: torch or transformers is not installed.
        ModelFileError: Its files are not in the cache; nothing is downloaded here.
        ModelMemoryError: There is not enough memory for it.
        ModelLoadError: There is no such device, or transformers cannot load it.
    """
    with _lock:
        slot = _slots.setdefault((source, options), _Slot())
    if slot.loaded is None:
        with slot.lock:  # a model that loads must not keep those waiting that are there
            slot.loaded = slot.loaded or _load(source, options)
    return slot.loaded


def loaded_already(source: Source, options: Options) -> Loaded | None:
    """Give a model that is loaded, `None` when it is not; it never blocks."""
    slot = _slots.get((source, options))
    return slot.loaded if slot else None


def forget(loaded: Loaded) -> None:
    """Keep a model no longer; the next `load` loads it anew."""
    with _lock:
        for key in [key for key, slot in _slots.items() if slot.loaded is loaded]:
            del _slots[key]


def _load(source: Source, options: Options) -> Loaded:
    try:
        import torch  # noqa: PLC0415
        import transformers  # noqa: PLC0415
        from safetensors import SafetensorError  # noqa: PLC0415
    except ImportError as error:
        msg = f"huggingface: models need {error.name}: pip install 'cope-graph[huggingface]'"
        raise MissingPackageError(msg) from error
    folder = folder_of(source)
    device = device_of(options.device)
    dtype = dtype_of(options.dtype, device)
    # Nothing of a model's own code is run, no pickle is opened, nothing is looked up.
    given: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if source.file:
        given["gguf_file"] = source.file
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **given)
        _check_attention(source, config)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, config=config, **given)
        _check_memory(source, config, device, dtype, options.quantize)
        with _without_bars():
            make: Any = transformers.AutoModelForCausalLM  # which is not typed
            model, told = make.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                device_map={"": device},
                output_loading_info=True,
                **_format(source, options.quantize),
                **given,
            )
    except ImportError as error:
        msg = f"{source.name} needs another package: {_first_line(error)}"
        raise MissingPackageError(msg) from error
    except (torch.OutOfMemoryError, MemoryError) as error:
        msg = f"{source.name} does not fit into the memory of {device}: {_first_line(error)}"
        raise ModelMemoryError(msg) from error
    except (OSError, SafetensorError) as error:
        msg = f"The files of {source.name} cannot be read: {_first_line(error)}"
        raise ModelFileError(msg) from error
    except ModelLoadError:
        raise
    except Exception as error:  # transformers raises whatever a file makes it raise
        msg = f"transformers cannot load {source.name}: {_first_line(error)}"
        raise ModelLoadError(msg) from error
    _check_whole(source, told["missing_keys"], tokenizer)
    if "past_key_values" not in signature(type(model).forward).parameters:
        msg = f"{source.name} keeps no keys and values ({type(model).__name__}): take another."
        raise ModelLoadError(msg)
    model.eval()
    if device.type == "cpu" and model.config._attn_implementation == "sdpa":  # noqa: SLF001 - no public reader
        model.set_attn_implementation(register())
    return Loaded(source.name, model, tokenizer)


def _check_memory(
    source: Source,
    config: Any,
    device: torch.device,
    dtype: torch.dtype,
    quantize: Quantize | None,
) -> None:
    """Refuse a model that cannot fit, before the machine begins to swap."""
    if getattr(config, "quantization_config", None) is not None and not source.file:
        return  # its weights are packed in a way that its shape does not tell
    needed = weight_bytes(config, dtype)
    needed = (
        needed * {"8bit": 8, "4bit": 4}[quantize] // (8 * dtype.itemsize) if quantize else needed
    )
    there = free_bytes(device)
    if needed > there:
        smaller = "" if quantize else ", quantize='4bit'"
        msg = (
            f"{source.name} needs {gigabytes(needed)} on {device} and {gigabytes(there)} are free: "
            f"take a smaller model{smaller} or another device."
        )
        raise ModelMemoryError(msg)


def _check_attention(source: Source, config: Any) -> None:
    """Refuse a configuration that names a repository of kernels: code, fetched while loading."""
    parts = [config, *vars(config).values()]
    named = [str(getattr(part, "_attn_implementation_internal", None) or "") for part in parts]
    if wrong := next((name for name in named if "/" in name), None):
        msg = f"The configuration of {source.name} asks for code from the Hub ({wrong}): remove it."
        raise ModelLoadError(msg)


def _check_whole(source: Source, missing: Collection[str], tokenizer: Any) -> None:
    """Refuse what transformers makes up where files are missing: random weights, no vocabulary."""
    lack = f"weights ({min(missing)} and {len(missing) - 1} more)" if missing else ""
    if not tokenizer("a", add_special_tokens=False)["input_ids"]:
        lack = "a tokenizer's vocabulary (tokenizer.json)"
    if lack:
        msg = f"The files of {source.name} lack {lack}: save or pull the model again."
        raise ModelFileError(msg)


def _format(source: Source, quantize: Quantize | None) -> dict[str, Any]:
    """Say how the weights are stored, and how they shall be."""
    if source.file:
        from transformers import GgufConfig  # noqa: PLC0415

        # Kept packed, they would need kernels that are fetched from the Hub while loading.
        return {"quantization_config": GgufConfig(dequantize=True)}
    if quantize is None:
        return {"use_safetensors": True}
    import transformers  # noqa: PLC0415

    make: Any = transformers.BitsAndBytesConfig  # which is not typed
    how = make(load_in_8bit=quantize == "8bit", load_in_4bit=quantize == "4bit")
    return {"use_safetensors": True, "quantization_config": how}


@contextmanager
def _without_bars() -> Iterator[None]:
    """Draw no progress bars of transformers' over the caller's screen."""
    from transformers import utils  # noqa: PLC0415

    bars: Any = utils.logging  # which is not typed
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
