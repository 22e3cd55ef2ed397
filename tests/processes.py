"""Other processes, as tests meet them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def soon(condition: Callable[[], bool], within: float = 30) -> bool:
    """Wait for a condition, for some seconds at most."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def run_python(code: str, *arguments: str) -> list[str]:
    """Run Python code in a fresh process, which may kill itself; return the words it printed."""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode in (0, -9), done.stderr
    return done.stdout.split()
