"""The worker process: limits, crashes, threads, forks, and what it leaves behind (nothing)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cope_graph.errors import CopeError, MissingPackageError
from cope_graph.tasks import equality_worker
from cope_graph.tasks.equality_worker import MEMORY_BYTES, EqualityWorker, shared_worker

HANG = "(10^8+{})!"
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, fork and sessions")
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")


@pytest.fixture
def worker() -> Iterator[EqualityWorker]:
    client = EqualityWorker()
    yield client
    client.close()


def running(client: EqualityWorker) -> int:
    """Start it if need be and return its process id."""
    assert client.equal("x+1+x", "2x+1")
    client._known.clear()
    assert client.pid is not None
    return client.pid


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def soon(condition: Callable[[], bool], within: float = 30) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_it_starts_when_it_is_needed_and_stays(worker: EqualityWorker) -> None:
    assert worker.pid is None
    assert worker.equal("2x", "x+x")
    pid = worker.pid
    assert not worker.equal("2x", "3x")
    assert worker.pid == pid


def test_verdicts_are_remembered_and_bounded(
    worker: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equality_worker, "_REMEMBERED", 2)
    for right in ("x+x", "3x", "x+x", "4x"):
        worker.equal("2x", right)
    assert list(worker._known) == [("2x", "x+x"), ("2x", "4x")]


def test_a_pair_over_the_limit_is_unequal_and_paid_once(
    worker: EqualityWorker, caplog: pytest.LogCaptureFixture
) -> None:
    pid = running(worker)
    start = time.monotonic()
    assert not worker.equal(HANG.format(1), "7x+y")
    assert time.monotonic() - start < 5
    assert "not decided in time" in caplog.text
    assert "10^8" not in caplog.text  # answers stay out of logs
    start = time.monotonic()
    assert not worker.equal(HANG.format(1), "7x+y")
    assert time.monotonic() - start < 0.5
    assert worker.pid not in (pid, None)  # the next one is on its way
    assert worker.equal("3x", "x+2x")


@needs_posix
def test_restarts_after_kill_9(worker: EqualityWorker) -> None:
    pid = running(worker)
    os.kill(pid, signal.SIGKILL)
    assert worker.equal("2x", "x+x")
    assert worker.pid not in (pid, None)


@needs_posix
def test_a_kill_during_a_comparison_does_not_change_the_verdict(worker: EqualityWorker) -> None:
    pid = running(worker)
    os.kill(pid, signal.SIGSTOP)  # so that the request waits
    verdicts: list[bool] = []
    asking = threading.Thread(target=lambda: verdicts.append(worker.equal("5x", "2x+3x")))
    asking.start()
    time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    asking.join(30)
    assert verdicts == [True]


@needs_posix
def test_the_client_ends_a_worker_that_does_not_answer() -> None:
    client = EqualityWorker(wall_seconds=0.3)
    pid = running(client)
    os.kill(pid, signal.SIGSTOP)
    start = time.monotonic()
    assert not client.equal("5x", "2x+3x")
    assert 0.3 <= time.monotonic() - start < 5
    assert not exists(pid)
    client.close()


def test_a_late_reply_answers_no_other_request(worker: EqualityWorker) -> None:
    running(worker)
    for number in (0, 1, 10_000):
        worker._replies.put(json.dumps({"id": number, "equal": True}).encode())
    assert not worker.equal("2x", "3x")


@needs_posix
def test_an_interrupted_comparison_leaves_no_reply_behind(
    worker: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = running(worker)

    def interrupt(_number: int, _seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker, "_receive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            worker.equal("2x", "x+x")
    assert not exists(pid)
    assert not worker.equal("2x", "3x")


def test_many_threads_get_their_own_verdicts(worker: EqualityWorker) -> None:
    pairs = [(f"{n}x", f"{n - 1}x+x", True) for n in range(2, 30)]
    pairs += [(f"{n}x", f"{n}x+x", False) for n in range(2, 30)]
    with ThreadPoolExecutor(16) as pool:
        verdicts = list(pool.map(lambda pair: worker.equal(pair[0], pair[1]), pairs))
    assert verdicts == [expected for *_, expected in pairs]


def test_threads_that_ask_for_one_hang_pay_it_once(worker: EqualityWorker) -> None:
    running(worker)
    start = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        hangs = pool.map(lambda _: worker.equal(HANG.format(2), "7x+y"), range(8))
        assert not any(hangs)
    assert time.monotonic() - start < 5


@needs_posix
def test_no_zombie_is_left(worker: EqualityWorker) -> None:
    killed = running(worker)
    os.kill(killed, signal.SIGKILL)
    assert soon(lambda: not exists(killed))  # without another comparison
    hung = running(worker)
    worker.equal(HANG.format(3), "7x+y")
    assert not exists(hung)
    closed = running(worker)
    worker.close()
    assert not exists(closed)
    assert worker.pid is None


@needs_posix
def test_it_has_a_session_of_its_own(worker: EqualityWorker) -> None:
    assert os.getsid(running(worker)) != os.getsid(0)


@needs_proc
def test_it_gets_no_keys_and_a_limit_of_memory(
    worker: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    process = Path("/proc") / str(running(worker))
    environment = process.joinpath("environ").read_text()
    assert "sk-planted" not in environment
    names = {entry.partition("=")[0] for entry in environment.split("\0") if entry}
    allowed = {*equality_worker._KEPT, "PYTHONPATH", "PYTHONHASHSEED", "LC_CTYPE"}
    assert names <= allowed
    limits = process.joinpath("limits").read_text()
    assert str(MEMORY_BYTES) in next(
        line for line in limits.splitlines() if line.startswith("Max address space")
    )
    assert "pydantic" not in process.joinpath("maps").read_text()  # it imported no LangGraph


def test_a_worker_that_grew_too_large_retires(
    worker: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrunk = equality_worker._BOOT.replace(
        "serve(float",
        "import cope_graph.tasks.equality_worker as w\nw.RETIRE_BYTES = 1\nserve(float",
    )
    monkeypatch.setattr(equality_worker, "_BOOT", shrunk)
    assert worker.equal("2x", "x+x")
    first = worker._process
    assert first is not None
    assert soon(lambda: first.returncode == 0)
    assert worker.equal("3x", "x+2x")
    assert worker._process is not first


def test_without_math_verify_the_error_says_what_to_install(
    worker: EqualityWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "math_verify.py").write_text("raise ImportError('planted')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingPackageError, match=r"pip install math-verify .*planted"):
        worker.equal("2x", "x+x")
    assert worker.pid is None


@needs_posix
@pytest.mark.parametrize(
    ("executable", "message"),
    [("/nowhere/python", "cannot be started"), ("/bin/false", "ended with exit code 1")],
)
def test_a_worker_that_does_not_start_is_an_error(
    worker: EqualityWorker, monkeypatch: pytest.MonkeyPatch, executable: str, message: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(CopeError, match=message):
        worker.equal("2x", "x+x")
    assert worker.pid is None


def test_a_start_that_takes_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    client = EqualityWorker(start_seconds=0.2)
    monkeypatch.setattr(equality_worker, "_BOOT", "import time; time.sleep(60)")
    with pytest.raises(CopeError, match="did not get ready in time"):
        client.equal("2x", "x+x")
    assert client.pid is None


@needs_posix
def test_a_forked_child_starts_its_own() -> None:
    client = shared_worker()
    mine = running(client)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: fork with threads
        child = os.fork()
    if child == 0:
        try:
            before = client.pid
            found = client.equal("5x+y", "y+2x+3x"), client.equal("5x+y", "5x")
            report = {"before": before, "found": found, "pid": client.pid}
            client.close()
            os.write(writing, json.dumps(report).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        report = json.loads(pipe.read())
    os.waitpid(child, 0)
    assert report["before"] is None
    assert report["found"] == [True, False]
    assert report["pid"] not in (mine, None)
    assert client.pid == mine
    assert client.equal("6x+y", "y+2x+4x")
    assert client.pid == mine


def run(code: str) -> list[str]:
    """Run Python code in a fresh process and return the words it printed."""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode in (0, -9), done.stderr
    return done.stdout.split()


@needs_posix
@pytest.mark.parametrize(
    "end",
    [
        "",
        "os._exit(0)",
        "os.kill(os.getpid(), 9)",
        "hung(); time.sleep(0.3); os.kill(os.getpid(), 9)",
    ],
    ids=["normal exit", "exit without atexit", "killed", "killed during a comparison"],
)
def test_the_worker_ends_with_its_parent(end: str) -> None:
    (pid,) = run(f"""
        import os, threading, time
        from cope_graph.tasks.equality_worker import shared_worker
        w = shared_worker()
        hung = threading.Thread(target=w.equal, args=("(10^8)!", "7x+y"), daemon=True).start
        assert w.equal("2x", "x+x")
        print(w.pid, flush=True)
        {end}
    """)
    assert soon(lambda: not exists(int(pid)))


def test_importing_is_light_and_starts_nothing() -> None:
    heavy = run("""
        import sys
        import cope_graph.tasks.equality
        from cope_graph.tasks.equality_worker import shared_worker
        print(*{"sympy", "math_verify", "latex2sympy2_extended"} & set(sys.modules))
        assert shared_worker().pid is None
    """)
    assert heavy == []


def test_it_imports_where_there_is_no_resource_module() -> None:
    assert run("""
        import asyncio, multiprocessing, pathlib, subprocess, sys
        import cope_graph.tasks
        for name in [name for name in sys.modules if name.startswith("cope_graph.tasks.equality")]:
            del sys.modules[name]
        sys.platform, sys.modules["resource"] = "win32", None
        from cope_graph.tasks import equality, equality_worker
        equality_worker._limit_cpu(1)
        equality_worker._limit_memory()
        print(equality_worker._peak_memory(), equality.math_equal("1/2", "0.5"))
    """) == ["0", "True"]


def test_the_module_can_be_run_by_hand() -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-m", equality_worker._MODULE],
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
