"""The client: limits, crashes, threads, forks. A stand-in that knows no algebra starts fast."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cope_graph.errors import CopeError
from cope_graph.tasks.equality import process, worker
from cope_graph.tasks.equality.worker import EqualityWorker, shared_worker
from tests.processes import exists, soon

STAND_IN = """
import json, signal, sys
print('{"id": 0, "ready": true}', flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request["a"].startswith("hang"):
        signal.setitimer(signal.ITIMER_PROF, float(sys.argv[1]))
        while True:
            pass
    equal = request["a"].casefold() == request["b"].casefold()
    print(json.dumps({"id": request["id"], "equal": equal}), flush=True)
"""
NOT_DECIDED = "not decided in time"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, fork and sessions")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[EqualityWorker]:
    monkeypatch.setattr(process, "_BOOT", STAND_IN)
    client = EqualityWorker(cpu_seconds=0.2, wall_seconds=20)
    yield client
    client.close()


def running(client: EqualityWorker) -> int:
    """Start it if need be and return its process id."""
    assert client.equal("running", "RUNNING")
    client._known.clear()
    assert client.pid is not None
    return client.pid


def test_it_starts_when_it_is_needed_and_stays(client: EqualityWorker) -> None:
    assert client.pid is None
    assert client.equal("x", "X")
    pid = client.pid
    assert not client.equal("x", "y")
    assert client.pid == pid


def test_verdicts_are_remembered_and_bounded(
    client: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_REMEMBERED", 2)
    for right in ("X", "y", "X", "z"):
        client.equal("x", right)
    assert list(client._known) == [("x", "X"), ("x", "z")]


def test_a_pair_over_the_limit_is_unequal_and_paid_once(
    client: EqualityWorker, caplog: pytest.LogCaptureFixture
) -> None:
    first = running(client)
    assert not client.equal("hang", "x")
    second = client.pid
    assert second not in (first, None)  # the next one is on its way
    assert not client.equal("hang", "x")
    assert client.pid == second
    assert caplog.text.count(NOT_DECIDED) == 1
    assert "hang" not in caplog.text  # answers stay out of logs
    assert client.equal("x", "X")


def test_threads_that_ask_for_one_hang_pay_it_once(
    client: EqualityWorker, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: client.equal("hang", "x"), range(8)))
    assert caplog.text.count(NOT_DECIDED) == 1


def test_many_threads_get_their_own_verdicts(client: EqualityWorker) -> None:
    pairs = [(f"{n}x", f"{n}X", True) for n in range(50)]
    pairs += [(f"{n}x", f"{n}y", False) for n in range(50)]
    with ThreadPoolExecutor(16) as pool:
        verdicts = list(pool.map(lambda pair: client.equal(pair[0], pair[1]), pairs))
    assert verdicts == [expected for *_, expected in pairs]


def test_restarts_after_kill_9(client: EqualityWorker) -> None:
    pid = running(client)
    os.kill(pid, signal.SIGKILL)
    assert client.equal("x", "X")
    assert client.pid not in (pid, None)


def test_a_kill_during_a_comparison_does_not_change_the_verdict(client: EqualityWorker) -> None:
    pid = running(client)
    os.kill(pid, signal.SIGSTOP)  # so that the request waits
    verdicts: list[bool] = []
    asking = threading.Thread(target=lambda: verdicts.append(client.equal("x", "X")))
    asking.start()
    time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    asking.join(30)
    assert verdicts == [True]


def test_a_pair_that_ends_the_worker_twice_is_unequal(
    client: EqualityWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    crashing = STAND_IN.replace("    request = json.loads(line)\n", "    sys.exit(3)\n")
    monkeypatch.setattr(process, "_BOOT", crashing)
    assert not client.equal("x", "X")
    assert "ended the equality worker twice" in caplog.text


@pytest.mark.usefixtures("client")
def test_it_ends_a_worker_that_does_not_answer() -> None:
    impatient = EqualityWorker(wall_seconds=0.3)
    impatient._ready_process()
    pid = impatient.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    start = time.monotonic()
    assert not impatient.equal("x", "X")
    assert 0.3 <= time.monotonic() - start < 5
    assert not exists(pid)
    impatient.close()


def test_a_late_reply_answers_no_other_request(client: EqualityWorker) -> None:
    running(client)
    assert client._process is not None
    for number in (0, 1, 10_000):
        client._process._replies.put(json.dumps({"id": number, "equal": True}).encode())
    assert not client.equal("x", "y")


def test_an_interrupted_comparison_leaves_no_reply_behind(
    client: EqualityWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = running(client)

    def interrupt(_number: int, _seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(client._process, "_receive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.equal("x", "X")
    assert not exists(pid)
    assert not client.equal("x", "y")


def test_no_zombie_is_left(client: EqualityWorker) -> None:
    killed = running(client)
    os.kill(killed, signal.SIGKILL)
    assert soon(lambda: not exists(killed))  # without another comparison
    hung = running(client)
    client.equal("hang", "x")
    assert not exists(hung)
    closed = running(client)
    client.close()
    assert not exists(closed)
    assert client.pid is None


def test_it_has_a_session_of_its_own(client: EqualityWorker) -> None:
    assert os.getsid(running(client)) != os.getsid(0)


@pytest.mark.parametrize(
    ("executable", "message"),
    [("/nowhere/python", "cannot be started"), ("/bin/false", "ended with exit code 1")],
)
def test_a_worker_that_does_not_start_is_an_error(
    client: EqualityWorker, monkeypatch: pytest.MonkeyPatch, executable: str, message: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", executable)
        for _ in range(2):  # and the same error again, not a broken client
            with pytest.raises(CopeError, match=message):
                client.equal("x", "X")
            assert client.pid is None
    assert client.equal("x", "X")


@pytest.mark.usefixtures("client")
def test_a_start_that_takes_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = EqualityWorker(start_seconds=0.2)
    monkeypatch.setattr(process, "_BOOT", "import time; time.sleep(60)")
    with pytest.raises(CopeError, match="did not get ready in time"):
        impatient.equal("x", "X")
    assert impatient.pid is None


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[EqualityWorker]:
    """The worker of this process, with the stand-in for this test only."""
    client = shared_worker()
    client.close()
    monkeypatch.setattr(process, "_BOOT", STAND_IN)
    yield client
    client.close()
    client._known.clear()


def test_a_forked_child_starts_its_own(shared: EqualityWorker) -> None:
    mine = running(shared)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: fork with threads
        child = os.fork()
    if child == 0:
        try:
            before = shared.pid
            found = shared.equal("x", "X"), shared.equal("x", "y")
            report = {"before": before, "found": found, "pid": shared.pid}
            shared.close()
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
    assert shared.pid == mine
    assert shared.equal("z", "Z")
    assert shared.pid == mine
