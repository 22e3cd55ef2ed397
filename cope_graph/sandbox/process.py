"""A program in a process of its own, from start to the death of all that it left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from cope_graph.errors import SandboxError
from cope_graph.sandbox.pipes import Heard, listen
from cope_graph.sandbox.runner import Limits


def run_process(  # noqa: PLR0913 - all by name
    command: list[str],
    feed: bytes,
    limits: Limits,
    *,
    name: str,
    cwd: str,
    pass_fds: tuple[int, ...] = (),
) -> tuple[Heard, int]:
    """Run a command with an empty environment in a session of its own.

    Args:
        command: What to run.
        feed: For its standard input.
        limits: Time and output.
        name: Of the sandbox, for the error.
        cwd: Working directory.
        pass_fds: File descriptors that it inherits.

    Returns:
        What it wrote, and its exit code (below 0 for a signal). Its process group is dead.

    Raises:
        SandboxError: If it cannot be started.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, our own arguments
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd=cwd,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    except OSError as error:
        msg = f"the sandbox {name} could not be started: {error}"
        raise SandboxError(msg) from error
    with process:
        try:
            heard = listen(_pipes(process), feed, limits, lambda: process.poll() is not None)
            if not heard.end:
                _wait(process, heard)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return heard, process.returncode


def _wait(process: subprocess.Popen[bytes], heard: Heard) -> None:
    """Wait for the end of a process that has closed its output."""
    try:
        process.wait(heard.left())
    except subprocess.TimeoutExpired:
        heard.end = "timeout"


def _pipes(process: subprocess.Popen[bytes]) -> tuple[int, int, int]:
    """Return the process's pipes; the first is handed over, to be closed by who takes it."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        msg = "a process without pipes"
        raise SandboxError(msg)
    handed_over = os.dup(process.stdin.fileno())
    process.stdin.close()
    return handed_over, process.stdout.fileno(), process.stderr.fileno()
