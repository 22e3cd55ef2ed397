"""The real worker process: what it gets, what it loads, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cope_graph.errors import MissingPackageError
from cope_graph.tasks.equality import process
from cope_graph.tasks.equality.limits import MEMORY_BYTES, RETIRE_BYTES
from cope_graph.tasks.equality.worker import EqualityWorker
from tests.processes import exists, run_python, soon

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")


@pytest.fixture
def client() -> Iterator[EqualityWorker]:
    client = EqualityWorker()
    yield client
    client.close()


@needs_proc
def test_it_gets_no_keys_and_a_limit_of_memory(
    client: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    assert client.equal("2x", "x+x")
    folder = Path("/proc") / str(client.pid)
    environment = folder.joinpath("environ").read_text()
    assert "sk-planted" not in environment
    names = {entry.partition("=")[0] for entry in environment.split("\0") if entry}
    assert names <= {*process._KEPT, "PYTHONPATH", "PYTHONHASHSEED", "LC_CTYPE"}
    limits = folder.joinpath("limits").read_text()
    assert str(MEMORY_BYTES) in next(
        line for line in limits.splitlines() if line.startswith("Max address space")
    )
    assert "pydantic" not in folder.joinpath("maps").read_text()  # it imported no LangGraph


def test_a_worker_that_grew_too_large_retires(
    client: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrunk = "from cope_graph.tasks.equality import server\nserver.RETIRE_BYTES = 1\nserve(float"
    monkeypatch.setattr(process, "_BOOT", process._BOOT.replace("serve(float", shrunk))
    assert client.equal("2x", "x+x")
    first = client._process
    assert first is not None
    assert soon(lambda: first._process.returncode == 0)
    assert client.equal("3x", "x+2x")
    assert client._process is not first


def test_without_math_verify_the_error_says_what_to_install(
    client: EqualityWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "math_verify.py").write_text("raise ImportError('planted')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingPackageError, match=r"pip install math-verify .*planted"):
        client.equal("2x", "x+x")
    assert client.pid is None


@needs_posix
@pytest.mark.parametrize(
    "end",
    ["", "os._exit(0)", "hung(); time.sleep(0.3); os.kill(os.getpid(), 9)"],
    ids=["normal exit", "exit without atexit", "killed during a comparison"],
)
def test_it_ends_with_its_parent(end: str) -> None:
    code = f"""
import os, threading, time
from cope_graph.tasks.equality.worker import shared_worker
w = shared_worker()
hung = threading.Thread(target=w.equal, args=("(10^8)!", "7x+y"), daemon=True).start
assert w.equal("2x", "x+x")
print(w.pid, flush=True)
{end}
"""
    (pid,) = run_python(code)
    assert soon(lambda: not exists(int(pid)))


def test_importing_is_light_and_starts_nothing() -> None:
    code = """
import sys
import cope_graph.tasks.equality
from cope_graph.tasks.equality.worker import shared_worker
heavy = {"sympy", "math_verify", "latex2sympy2_extended", "langgraph", "pydantic"}
print(*heavy & set(sys.modules))
assert shared_worker().pid is None
"""
    assert run_python(code) == []


def test_it_imports_where_there_is_no_resource_module() -> None:
    code = """
import multiprocessing, pathlib, subprocess, sys
sys.platform, sys.modules["resource"] = "win32", None
from cope_graph.tasks.equality import limits, math_equal
limits.limit_cpu(1)
limits.limit_memory()
print(limits.peak_memory(), math_equal("1/2", "0.5"))
"""
    assert run_python(code) == ["0", "True"]


def test_it_can_be_run_by_hand() -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-m", process._PACKAGE],
        input='{"id": 7, "a": "2x", "b": "x+x"}\n{"id": 8, "a": "2x", "b": "3x"}\n',
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"id": 0, "ready": True},
        {"id": 7, "equal": True},
        {"id": 8, "equal": False},
    ]


@needs_proc
def test_a_large_parent_does_not_make_its_worker_retire(client: EqualityWorker) -> None:
    ballast = bytearray(RETIRE_BYTES + 2**20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert client.equal("2x", "x+x")
    first = client.pid
    del ballast
    assert not client.equal("2x", "3x")
    assert client.pid == first
