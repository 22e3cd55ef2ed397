"""Nothing gets out: the table of `escapes.py`, on each sandbox that can run here."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cope_graph.sandbox.runner import CodeRunner
from cope_graph.sandbox.unsafe import UnsafeSubprocess
from tests.unit_tests.sandbox.conftest import BACKENDS
from tests.unit_tests.sandbox.escapes import ESCAPES, attempt
from tests.unit_tests.sandbox.planted import Planted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the table is written for Linux")

NOBODY = 65534
_CAN_RUN = "from cope_graph.sandbox.interpreter import python; open(python(), 'rb').close()"
HARMLESS = [
    "file by its path",
    "file by another program",
    "folder",
    "symbolic link",
    "POSIX shared memory",
    "TCP",
    "TCP by fast open",
    "UDP",
    "unix socket",
    "unix datagram",
    "abstract socket",
    "changing a file",
    "double fork",
]


@pytest.fixture
def home_of_nobody() -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("the caller of the other tests is unprivileged")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are root's alone
        os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


@pytest.mark.parametrize("name", ESCAPES)
def test_it_stays_inside(runner: CodeRunner, caller: Planted, name: str) -> None:
    assert attempt(runner, name, caller) == ""


@pytest.mark.parametrize("name", HARMLESS)
def test_the_escape_is_a_real_one_without_a_sandbox(caller: Planted, name: str) -> None:
    assert attempt(UnsafeSubprocess(), name, caller) != ""


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_stays_inside_for_an_unprivileged_caller(backend: str, home_of_nobody: Path) -> None:
    command = [_become_nobody(), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home_of_nobody),
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *site.getsitepackages()]),
    }
    python = _python_for_all(command, environment)
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, python, "-B", "-m", "tests.unit_tests.sandbox.escapes", backend],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    if "SandboxSetupError" in done.stderr:
        pytest.skip(done.stderr.strip().rsplit("\n", 1)[-1])
    assert json.loads(done.stdout) == {"tried": len(ESCAPES), "out": {}}, done.stderr


def test_the_table_has_at_least_25_escapes() -> None:
    assert len(ESCAPES) >= 25


def _become_nobody() -> str:
    path = shutil.which("setpriv")
    if path is None:
        pytest.skip("setpriv is not installed")
    return path


def _python_for_all(command: list[str], environment: dict[str, str]) -> str:
    """Return a Python of this version that another user may run, with this project."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/local/bin/python{version}", f"/usr/bin/python{version}"):
        line = [*command, python, "-c", _CAN_RUN]
        try:
            tried = subprocess.run(  # noqa: S603 - our own command
                line, env=environment, capture_output=True, check=False
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    pytest.skip(f"no Python {version} that an unprivileged user may run")
