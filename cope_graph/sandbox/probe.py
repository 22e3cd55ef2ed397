"""Tries a sandbox before it is trusted: one good program, two escapes."""

from __future__ import annotations

import contextlib
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cope_graph.errors import SandboxError
from cope_graph.sandbox.runner import CodeRunner

_GOOD: Final = "print(sum(int(line) for line in open(0)), flush=True)"
_READ: Final = """
try:
    print(open({path!r}).read())
except OSError:
    print("held")
"""
_CONNECT: Final = """
try:
    import socket
    print(socket.create_connection(("127.0.0.1", {port}), timeout=3))
except (ImportError, AttributeError, OSError):
    print("held")
"""


def probe(runner: CodeRunner) -> str:
    """Try a sandbox with a real program and two real escapes.

    Args:
        runner: The sandbox.

    Returns:
        Why it must not be used; empty if it may.
    """
    try:
        good = runner.run(_GOOD, stdin="40\n2\n")
        if good.stdout != "42\n" or good.exit_code != 0:
            said = " ".join(good.stderr.split())[-200:] or good.reason or good.status
            return f"a good program did not run in it: {said}"
        with _planted() as (path, port, reached):
            read = runner.run(_READ.format(path=path))
            connect = runner.run(_CONNECT.format(port=port))
            if read.stdout != "held\n":
                return "a program in it could read a file of its caller"
            if connect.stdout != "held\n" or reached():
                return "a program in it could connect to a server on this machine"
    except (SandboxError, OSError) as error:
        return str(error)
    return ""


@contextlib.contextmanager
def _planted() -> Iterator[tuple[str, int, Callable[[], bool]]]:
    """Plant a file that everybody may read, and a server: what holds is the sandbox alone."""
    with tempfile.TemporaryDirectory(prefix="cope-graph-") as folder:
        path = Path(folder, "planted")
        path.write_text(secrets.token_hex(16), encoding="ascii")
        Path(folder).chmod(0o755)
        path.chmod(0o644)
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0)
            yield str(path), server.getsockname()[1], lambda: _reached(server)


def _reached(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except OSError:
        return False
    return True
