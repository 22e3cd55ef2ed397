"""The first lines that run inside a sandbox: they set limits, then become the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cope_graph.sandbox.runner import Limits

STARTED: Final = b"\x06"
"""The first byte on standard output: from here on, what fails is the program."""

FLAGS: Final = ("-I", "-S", "-B", "-X", "utf8")
"""Nothing of the user's or of site-packages; nothing written; UTF-8."""

_BOOT: Final = r"""
def _boot():
    import _sitebuiltins, builtins, os, sys
    size, uid, *most = map(int, sys.argv[2:])
    program = bytearray()
    while len(program) < size:
        part = os.read(0, size - len(program))
        if not part:
            os._exit(97)
        program += part
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if most:
        import resource
        names = ("CORE", "CPU", "NOFILE", "FSIZE", "AS", "NPROC")
        for name, limit in zip(names, most):
            kind = getattr(resource, "RLIMIT_" + name)
            hard = resource.getrlimit(kind)[1]
            limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            try:
                resource.setrlimit(kind, (limit, limit))
            except (ValueError, OSError):
                if sys.platform == "linux":  # macOS knows no limit of address space
                    raise
    if sys.platform == "linux" and (os.geteuid() == 0 or sys.argv[1]):
        import ctypes
        libc = ctypes.CDLL(None)
        if os.geteuid() == 0:  # without its capabilities root cannot raise its limits again
            header = (ctypes.c_uint32 * 2)(0x20080522, 0)
            if libc.capset(header, (ctypes.c_uint32 * 6)()):
                os._exit(98)
        if sys.argv[1]:
            code = bytes.fromhex(sys.argv[1])
            code = ctypes.create_string_buffer(code, len(code))
            class Program(ctypes.Structure):
                _fields_ = [("size", ctypes.c_uint16), ("code", ctypes.c_void_p)]
            given = Program(len(code) // 8, ctypes.addressof(code))
            one, none = ctypes.c_ulong(1), ctypes.c_ulong(0)
            libc.prctl(38, one, none, none, none)  # no new privileges
            if libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(given), none, none):  # the filter
                os._exit(99)
    # Without `site` there is no `exit`, and programs for a console call it.
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
    sys.argv[:] = ["program.py"]
    scope = vars(sys.modules["__main__"])
    del scope["_boot"]
    os.write(1, b"\x06")
    exec(compile(program.decode("utf-8", "surrogatepass"), "program.py", "exec"), scope)
_boot()
"""


def arguments(
    size: int, limits: Sequence[int] = (), *, uid: int = 0, filtered: bytes = b""
) -> list[str]:
    """Return what follows `python` on the command line.

    Args:
        size: Bytes of the program, which standard input begins with (`feed`).
        limits: What `each_process` says, in its order, and at most how many processes the user
            may have, where that is counted for each sandbox. Empty on WASI.
        uid: A user to become first, 0 for none. The sandbox's own for this run.
        filtered: A `seccomp_filter`, empty for none. It is the last thing to be set.
    """
    return [*FLAGS, "-c", _BOOT, filtered.hex(), *map(str, (size, uid, *limits))]


def each_process(limits: Limits) -> dict[str, int]:
    """Return the limits that the kernel holds each process to, by the names of `resource`."""
    return {
        "CORE": 0,
        "CPU": int(limits.seconds) + 2,  # the wall clock comes first
        "NOFILE": limits.files,
        "FSIZE": limits.output_bytes,
        "AS": limits.memory_bytes,
    }


def feed(program: str, stdin: str) -> tuple[int, bytes]:
    """Return the size of the program, and what standard input gets: it, then the program's own."""
    source = program.encode("utf-8", "surrogatepass")
    return len(source), source + stdin.encode("utf-8", "surrogatepass")
