"""bubblewrap: namespaces of the Linux kernel, through the program `bwrap`."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from cope_graph.errors import SandboxError
from cope_graph.sandbox.boot import arguments, each_process, feed
from cope_graph.sandbox.interpreter import DEVICES, python, readable
from cope_graph.sandbox.pipes import tell
from cope_graph.sandbox.process import run_process
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from cope_graph.sandbox.seccomp import seccomp_filter

_FIRST_UID: Final = 1_000_000_000
_UIDS: Final = 1_000_000_000
_OWN_PROCESSES: Final = 2
"""bwrap and its init, which run as the same user of the namespace."""
_SIGNALLED: Final = 128


class Bubblewrap:
    """Runs programs in namespaces of their own: no network, no processes but their own, no /proc.

    As root each run becomes a user of its own, since the kernel does not limit root's processes.
    """

    name = "bubblewrap"

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        """See `CodeRunner.run`."""
        size, fed = feed(program, stdin)
        uid = _FIRST_UID + secrets.randbelow(_UIDS) if os.geteuid() == 0 else 0
        processes = limits.processes + (0 if uid else _OWN_PROCESSES)
        limit = [*each_process(limits).values(), processes]
        with _open_filter() as handle:
            command = [
                *_bwrap(),
                *_namespaces(as_root=uid > 0),
                *("--seccomp", str(handle), "--", python()),
                *arguments(size, limit, uid=uid),
            ]
            # The environment of `bwrap` itself is empty too: its init shows it in /proc/1/environ.
            heard, code = run_process(
                command, fed, limits, name=self.name, cwd="/", pass_fds=(handle,)
            )
        if code > _SIGNALLED:  # as a shell tells of a signal
            code = _SIGNALLED - code
        return tell(heard, limits, code, self.name)


@contextlib.contextmanager
def _open_filter() -> Iterator[int]:
    """Hold the filter of system calls in a pipe, for bwrap to read."""
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(seccomp_filter())  # smaller than a pipe
        yield reader
    finally:
        os.close(reader)


@lru_cache(maxsize=1)
def _bwrap() -> tuple[str]:
    path = shutil.which("bwrap")
    if path is None:
        msg = (
            "the program `bwrap` is not installed (apt install bubblewrap, dnf install bubblewrap)"
        )
        raise SandboxError(msg)
    return (path,)


@lru_cache(maxsize=2)
def _namespaces(*, as_root: bool) -> tuple[str, ...]:
    if as_root:  # what it takes to become another user; gone when it has
        users = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        users = ["--unshare-user", "--cap-drop", "ALL"]
        if _knows("--disable-userns"):
            users.append("--disable-userns")
    # bwrap makes parents that only its own user may enter.
    parents = sorted({str(parent) for path in readable() for parent in Path(path).parents} - {"/"})
    folders = [part for path in parents for part in ("--perms", "0755", "--dir", path)]
    binds = [part for path in readable() for part in ("--ro-bind", path, path)]
    devices = [part for path in DEVICES for part in ("--dev-bind", path, path)]
    return (
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        "--unshare-cgroup-try",
        *users,
        *("--die-with-parent", "--new-session"),
        *folders,
        *binds,
        *devices,
        *("--remount-ro", "/", "--chdir", "/"),
    )


def _knows(option: str) -> bool:
    """Tell whether this version of bwrap knows an option."""
    told = subprocess.run([*_bwrap(), "--help"], capture_output=True, check=False, env={})  # noqa: S603
    return option.encode() in told.stdout + told.stderr
