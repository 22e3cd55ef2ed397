"""Which sandbox runs a model's code: the first that holds, or the one that was asked for."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Final, Literal

from cope_graph.errors import InputError, SandboxSetupError
from cope_graph.sandbox.probe import probe
from cope_graph.sandbox.runner import CodeRunner

SandboxName = Literal["auto", "sandlock", "bubblewrap", "wasi", "unsafe_subprocess"]
"""Names that `code_runner` knows."""

INSTALL: Final = "pip install 'cope-graph[code]'"

_HOMES: Final = {
    "sandlock": "cope_graph.sandbox.sandlock:Sandlock",
    "bubblewrap": "cope_graph.sandbox.bubblewrap:Bubblewrap",
    "wasi": "cope_graph.sandbox.wasi:Wasi",
    "unsafe_subprocess": "cope_graph.sandbox.unsafe:UnsafeSubprocess",
}
_LINUX: Final = ("sandlock", "bubblewrap")
_probing = threading.Lock()


def code_runner(sandbox: SandboxName | CodeRunner = "auto") -> CodeRunner:
    """Return the sandbox to run a model's code in.

    Args:
        sandbox: `auto` takes the first of sandlock, bubblewrap and wasi that holds: it is tried
            with one good program and two escapes, once in a process. A name takes that one, or
            nothing. `unsafe_subprocess` is no sandbox. An object of yours with `name` and `run`
            is taken as it is.

    Returns:
        The sandbox.

    Raises:
        SandboxSetupError: If none holds; it lists each one's reason.
        InputError: If the name is unknown or the object is no `CodeRunner`.
    """
    if isinstance(sandbox, CodeRunner):
        return sandbox
    asked: object = sandbox  # a caller without types may pass anything
    if not isinstance(asked, str):
        msg = f"{type(sandbox).__name__} is no sandbox: it needs `name` and `run(program, ...)`"
        raise InputError(msg)
    if sandbox == "unsafe_subprocess":
        _warn()
        return _build(sandbox)
    if sandbox != "auto" and sandbox not in _HOMES:
        msg = f"no sandbox is called {sandbox!r}: use auto, {', '.join(_HOMES)}, or your own object"
        raise InputError(msg)
    return first([name for name in _HOMES if sandbox == name or _is_automatic(sandbox, name)])


def first(names: list[str], try_out: Callable[[str], str] | None = None) -> CodeRunner:
    """Return the first sandbox that holds.

    Args:
        names: In order of preference.
        try_out: Returns why a sandbox must not be used, by its name; `probe`, once a process.

    Raises:
        SandboxSetupError: If none holds.
    """
    reasons = []
    for name in names:
        reason = (try_out or _reason)(name)
        if not reason:
            return _build(name)
        reasons.append(f"{name}: {reason}")
    msg = (
        f"there is no sandbox to run a model's code in; install one ({INSTALL}), or bring your own:"
        f" {'; '.join(reasons)}"
    )
    raise SandboxSetupError(msg)


def _is_automatic(asked: str, name: str) -> bool:
    return asked == "auto" and name != "unsafe_subprocess"


def _build(name: str) -> CodeRunner:
    module, kind = _HOMES[name].split(":")
    runner: CodeRunner = getattr(import_module(module), kind)()
    return runner


def _reason(name: str) -> str:
    with _probing:  # once, also for many graphs that are built at one time
        return _probed(name)


@lru_cache(maxsize=8)
def _probed(name: str) -> str:
    if name in _LINUX and sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    return probe(_build(name))


def _warn() -> None:
    warnings.warn(
        "unsafe_subprocess is no sandbox: code written by a model runs with your rights, reads"
        " your files and reaches your network",
        UserWarning,
        stacklevel=3,
    )
