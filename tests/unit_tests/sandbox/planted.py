"""What a caller has that a program in a sandbox must not reach, and whether it was harmed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SEGMENT_MODE = 0o1666  # IPC_CREAT, for everybody


@dataclass
class Planted:
    """A caller's belongings: everything is open to everybody, so what holds is the sandbox."""

    given: dict[str, object]
    servers: dict[str, socket.socket]
    victim: subprocess.Popen[bytes]
    open_folder: Path
    open_file: Path
    before: list[object] = field(default_factory=list)
    dead: bool = False

    def harm(self) -> str:
        """Tell what a program did to its caller; empty if nothing."""
        for name, server in self.servers.items():
            with contextlib.suppress(OSError):
                if server.type == socket.SOCK_DGRAM:
                    server.recv(10)
                else:
                    server.accept()[0].close()
                return f"it reached the caller's {name}"
        if self.victim.poll() is not None and not self.dead:
            self.dead = True
            return "it killed a process of the caller"
        seen, self.before = self.before, self.look()
        if seen != self.before:
            return f"it changed what was there: {self.before}, not {seen}"
        if left := _processes(str(self.given["mark"])):
            return f"it left processes behind: {left}"
        return ""

    def look(self) -> list[object]:
        """Return all that a program could have changed."""
        seen: list[object] = [sorted(path.name for path in self.open_folder.iterdir())]
        if self.open_file.exists():
            stat = self.open_file.stat()
            seen += [stat.st_size, stat.st_mode, stat.st_mtime]
        if not self.dead:
            seen += [os.getpriority(os.PRIO_PROCESS, self.victim.pid)]
            seen += [sorted(os.sched_getaffinity(self.victim.pid))]
        return seen


@contextlib.contextmanager
def planted() -> Iterator[Planted]:
    """Plant files, servers, shared memory, a process, and an environment with a token in each."""
    token, mark = secrets.token_hex(16), secrets.token_hex(8)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        file = folder / "secret"
        file.write_text(token, encoding="ascii")
        open_folder = folder / "open"
        open_folder.mkdir()
        open_folder.chmod(0o777)
        open_file = open_folder / "file"
        open_file.write_text("as it was", encoding="ascii")
        open_file.chmod(0o666)
        inherited = os.open(file, os.O_RDONLY)
        os.set_inheritable(inherited, True)  # noqa: FBT003 - its signature
        stack.callback(os.close, inherited)
        os.environ["COPE_PLANTED"] = token
        stack.callback(os.environ.pop, "COPE_PLANTED")
        victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        servers = {name: stack.enter_context(server) for name, server in _servers(folder, mark)}
        shared = Path("/dev/shm", f"cope-{mark}")  # noqa: S108 - what is tried
        shared.write_text(token, encoding="ascii")
        shared.chmod(0o666)
        stack.callback(shared.unlink)
        with socket.create_server(("127.0.0.1", 0)) as spare:
            free = spare.getsockname()[1]
        given: dict[str, object] = {
            "token": token,
            "mark": mark,
            "pid": os.getpid(),
            "uid": os.getuid(),
            "victim": victim.pid,
            "file": str(file),
            "folder": str(folder),
            "open_folder": str(open_folder),
            "open_file": str(open_file),
            "tcp": servers["tcp"].getsockname()[1],
            "udp": servers["udp"].getsockname()[1],
            "free": free,
            "unix": str(folder / "unix"),
            "unix_datagram": str(folder / "unix_datagram"),
            "abstract": mark,
            "abstract_datagram": f"{mark}d",
            "shared": shared.name,
            "segment": _segment(stack, token),
        }
        caller = Planted(given, servers, victim, open_folder, open_file)
        caller.before = caller.look()
        yield caller


def _servers(folder: Path, mark: str) -> Iterator[tuple[str, socket.socket]]:
    kinds: dict[str, tuple[int, int, Any]] = {
        "tcp": (socket.AF_INET6, socket.SOCK_STREAM, ("::", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "unix")),
        "unix datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "unix_datagram")),
        "abstract socket": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{mark}"),
        "abstract datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, f"\0{mark}d"),
    }
    for name, (family, kind, address) in kinds.items():
        server = socket.socket(family, kind)
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(address)
        server.setblocking(False)  # noqa: FBT003 - its signature
        if kind == socket.SOCK_STREAM:
            server.listen()
        if family == socket.AF_UNIX and isinstance(address, str) and address[0] != "\0":
            Path(address).chmod(0o777)
        yield name, server


def _segment(stack: contextlib.ExitStack, token: str) -> int:
    """Make a System V segment; return its key."""
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    key = secrets.randbelow(2**30) + 1
    segment = libc.shmget(key, 64, _SEGMENT_MODE)
    address = libc.shmat(segment, None, 0)
    ctypes.memmove(address, token.encode(), len(token))
    libc.shmdt(ctypes.c_void_p(address))
    stack.callback(libc.shmctl, segment, 0, None)
    return key


def _processes(mark: str) -> list[str]:
    """Return the processes whose command line has the mark; end them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes()
            if b"# " + mark.encode() in line and b"P = " not in line:
                found.append(folder.name)
                os.kill(int(folder.name), 9)
    return found
