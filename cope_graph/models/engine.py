"""llama.cpp in this process: one server a model, on loopback, behind a random key."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cope_graph.errors import MissingPackageError, ModelFileError
from cope_graph.models.pull import find

WINDOW: Final = 4096
"""Tokens of prompt and reply together, for each of the samples drawn side by side."""

_SLOTS: Final = 8
"""Samples drawn side by side; more of them wait their turn."""

_lock = Lock()


@dataclass(frozen=True)
class Engine:
    """A loaded model.

    Attributes:
        server: llama.cpp's server; it stops when this object goes.
        client: A chat model that asks it.
    """

    server: Any = field(repr=False)
    client: ChatOpenAI = field(repr=False)


def engine(name: str) -> Engine:
    """Load an embedded model, once per process; it blocks for a second or two.

    Args:
        name: A name of `cope models list`.

    Raises:
        MissingPackageError: llama.cpp is not installed.
        ModelFileError: The file is not in the cache; nothing is downloaded here.
    """
    with _lock:
        return _load(name)


@lru_cache(maxsize=8)
def _load(name: str) -> Engine:
    path = find(name)
    if path is None:
        msg = f"The model file of {name} is not here: run `cope models pull {name}`."
        raise ModelFileError(msg)
    return _start(name, path)


def _start(name: str, path: Path) -> Engine:
    try:
        import xllamacpp  # noqa: PLC0415
    except ModuleNotFoundError as error:
        msg = "Embedded models need llama.cpp: pip install 'cope-graph[local]'"
        raise MissingPackageError(msg) from error
    except ImportError as error:
        msg = f"llama.cpp cannot be loaded ({error}): install that system library, e.g. libgomp1."
        raise MissingPackageError(msg) from error
    key = secrets.token_urlsafe(32)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_parallel = _SLOTS
    params.n_ctx = _SLOTS * WINDOW
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = _cores()
        # Waiting threads sleep: spinning ones bring a busy machine to a crawl.
        threads.poll = 0
    params.api_keys = [key]
    params.hostnames, params.port = ["127.0.0.1"], 0
    # Samples share a prompt, questions do not: keeping old prompts would only fill the memory.
    params.cache_ram_mib = 0
    params.ui = params.endpoint_slots = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    client = ChatOpenAI(
        model=name,
        base_url=f"{server.listening_address}/v1",
        api_key=SecretStr(key),
        max_retries=0,
        # A kept connection belongs to one event loop, and this client serves many.
        default_headers={"Connection": "close"},
        stream_usage=True,
    )
    return Engine(server, client)


def _cores() -> int:
    """Count the processor cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)
