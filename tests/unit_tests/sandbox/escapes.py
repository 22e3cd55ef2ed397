"""Programs that try to get out of a sandbox: each returns what it got hold of, or nothing.

Their `P` is what the caller has planted, see `planted.py`. Run as a script, the whole table is
tried by whoever runs it: `python -m tests.unit_tests.sandbox.escapes bubblewrap`.
"""

from __future__ import annotations

import json
import sys
import textwrap
import time
from typing import Final

from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.runner import CodeRunner, Limits, Ran
from tests.unit_tests.sandbox.planted import Planted, planted

LIMITS: Final = Limits(seconds=1.5)

HELPERS: Final = """
import ctypes, os, socket, sys
def read(path):
    with open(path, "rb") as file:
        return P["token"].encode() in file.read(1 << 20)
def libc():
    return ctypes.CDLL(None, use_errno=True)
def folders():
    return [P["open_folder"], "/tmp", "/var/tmp", "/dev/shm", "/dev", "/", ".", "/usr/lib"]
"""

# What each returns is evidence; an exception means that it was held. Some are only seen from
# outside (`Planted.harm`): a signal that arrived, a datagram, a file that changed.
ESCAPES: Final[dict[str, str]] = {
    "file by its path": 'return read(P["file"])',
    "file by dots": 'return read("/usr/lib/../.." + P["file"])',
    "file through libc": """
        buffer = ctypes.create_string_buffer(200)
        handle = libc().open(P["file"].encode(), 0)
        libc().read(handle, buffer, 100)
        return P["token"].encode() in buffer.raw
    """,
    "file by a raw system call": """
        handle = libc().syscall(257, -100, P["file"].encode(), 0)
        return P["token"].encode() in os.read(handle, 100)
    """,
    "file by openat2": """
        how = (ctypes.c_uint64 * 3)(0, 0, 0)
        handle = libc().syscall(437, -100, P["file"].encode(), how, 24)
        return P["token"].encode() in os.read(handle, 100)
    """,
    "file by another program": """
        import subprocess
        told = subprocess.run(["/bin/cat", P["file"]], capture_output=True).stdout
        return P["token"].encode() in told
    """,
    "system file": 'return open("/etc/passwd").read()',
    "folder": 'return os.listdir(P["folder"])',
    "symbolic link": """
        for folder in folders():
            try:
                os.symlink(P["file"], folder + "/link")
                if read(folder + "/link"):
                    return folder
            except OSError:
                pass
    """,
    "hard link": """
        for folder in folders():
            try:
                os.link(P["file"], folder + "/hard")
                if read(folder + "/hard"):
                    return folder
            except OSError:
                pass
    """,
    "inherited descriptor": """
        for number in range(3, 256):
            try:
                if P["token"].encode() in os.pread(number, 100, 0):
                    return number
            except OSError:
                pass
    """,
    "own environment": """
        found = P["token"] in str(os.environ)
        try:
            return found or read("/proc/self/environ")
        except OSError:
            return found
    """,
    "environment of others": """
        for name in ["1", str(os.getppid()), str(P["pid"]), str(P["victim"])]:
            try:
                if read(f"/proc/{name}/environ"):
                    return name
            except OSError:
                pass
    """,
    "root of another process": """
        for name in ["1", "self", str(os.getppid()), str(P["pid"])]:
            try:
                if read(f"/proc/{name}/root" + P["file"]):
                    return name
            except OSError:
                pass
    """,
    "open files of another process": """
        for name in [os.getppid(), P["pid"]]:
            for number in os.listdir(f"/proc/{name}/fd"):
                try:
                    if read(f"/proc/{name}/fd/{number}"):
                        return number
                except OSError:
                    pass
    """,
    "memory of another process": 'return open(f"/proc/{P[\'victim\']}/mem", "rb+")',
    "process_vm_readv": """
        local = (ctypes.c_uint64 * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
        return libc().syscall(310, P["victim"], local, 1, local, 1, 0) >= 0 or (
            ctypes.get_errno() == 14)
    """,
    "ptrace": 'return libc().syscall(101, 16, P["victim"], 0, 0) == 0',
    "limits of another process": """
        import resource
        return resource.prlimit(P["victim"], resource.RLIMIT_NOFILE, (3, 3))
    """,
    "priority of another process": 'os.setpriority(os.PRIO_PROCESS, P["victim"], 7); return True',
    "cores of another process": 'os.sched_setaffinity(P["victim"], [0]); return True',
    "signal to another process": 'os.kill(P["victim"], 15)',
    "signal by a descriptor": """
        import signal
        signal.pidfd_send_signal(os.pidfd_open(P["victim"]), 15)
    """,
    "signal to the parent": """
        os.kill(os.getppid(), 18)
        return os.getppid() == P["pid"]
    """,
    "TCP": 'socket.create_connection(("127.0.0.1", P["tcp"]), 1)',
    "TCP by IPv6": """
        with socket.socket(socket.AF_INET6) as client:
            client.connect(("::ffff:127.0.0.1", P["tcp"]))
    """,
    "TCP by a raw system call": """
        with socket.socket() as client:
            address = b"\\2\\0" + P["tcp"].to_bytes(2, "big") + b"\\x7f\\0\\0\\1" + bytes(8)
            libc().syscall(42, client.fileno(), address, 16)
    """,
    "TCP by fast open": """
        with socket.socket() as client:
            client.sendto(b"x", 0x20000000, ("127.0.0.1", P["tcp"]))
    """,
    "UDP": """
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.sendto(b"x", ("127.0.0.1", P["udp"]))
    """,
    "a server of its own": """
        with socket.create_server(("127.0.0.1", P["free"])) as server:
            server.settimeout(1)
            return server.accept()
    """,
    "unix socket": """
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(P["unix"])
    """,
    "unix datagram": """
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", P["unix_datagram"])
    """,
    "abstract socket": """
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("\\0" + P["abstract"])
    """,
    "abstract datagram": """
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", "\\0" + P["abstract_datagram"])
    """,
    "raw packets": "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 768)",
    "POSIX shared memory": 'return read("/dev/shm/" + P["shared"])',
    "System V shared memory": """
        segment = libc().shmget(P["segment"], 64, 0)
        libc().shmat.restype = ctypes.c_void_p
        return P["token"].encode() in ctypes.string_at(libc().shmat(segment, None, 0), 64)
    """,
    "writing outside": 'open(P["open_folder"] + "/new", "w").write("x")',
    "changing a file": 'open(P["open_file"], "a").write("x")',
    "deleting a file": 'os.unlink(P["open_file"])',
    "renaming a file": 'os.rename(P["open_file"], P["open_file"] + "2")',
    "mode of a file": 'os.chmod(P["open_file"], 0o600)',
    "times of a file": 'os.utime(P["open_file"], (1, 1))',
    "cutting a file": 'os.truncate(P["open_file"], 0)',
    "big file": """
        for folder in folders():
            try:
                with open(folder + "/big", "wb") as file:
                    for _ in range(40):
                        file.write(bytes(1 << 20))
                os.unlink(folder + "/big")
                return folder
            except OSError:
                pass
    """,
    "many files": """
        for folder in folders():
            try:
                for number in range(1000):
                    open(f"{folder}/many{number}", "w").close()
                    os.unlink(f"{folder}/many{number}")
                return folder
            except OSError:
                pass
    """,
    "many open files": "return len([os.open(sys.executable, 0) for _ in range(100)])",
    "mount": """
        libc().mount(b"/", P["open_folder"].encode(), None, 4096, None)
        return read(P["open_folder"] + P["file"])
    """,
    "namespaces of its own": """
        libc().unshare(0x10000000 | 0x20000)
        libc().mount(b"none", b"/tmp", b"tmpfs", 0, None)
        return read(P["file"])
    """,
    "chroot": """
        os.chroot("/proc/1/root")
        return read(P["file"])
    """,
    "becoming root": """
        os.setuid(0)
        return open("/etc/shadow").read()
    """,
    "becoming the caller": """
        os.setresuid(P["uid"], P["uid"], P["uid"])
        return read(P["file"])
    """,
    "a program that is root's": """
        import subprocess
        return subprocess.run(["/bin/su", "-c", "true"], stdin=subprocess.DEVNULL).returncode == 0
    """,
    "setting the clock": """
        import time
        time.clock_settime(time.CLOCK_REALTIME, time.time())
        return True
    """,
    "devices": """
        for name in ["mem", "kmsg", "sda", "vda", "nvme0n1", "fuse", "kvm", "net/tun"]:
            try:
                return os.open("/dev/" + name, os.O_RDWR)
            except OSError:
                pass
    """,
    "kernel settings": 'return open("/proc/sys/kernel/core_pattern", "r+")',
    "control groups": 'os.mkdir("/sys/fs/cgroup/escape"); return True',
    "kernel's log": "return libc().klogctl(3, ctypes.create_string_buffer(99), 99) > 0",
    "kernel's keys": "return max(libc().syscall(250, 0, ring, 0) for ring in (-3, -4)) > 0",
    "bpf": "return libc().syscall(321, 0, (ctypes.c_uint32 * 32)(2, 4, 4, 1), 128) > 0",
    "more memory": "return len(bytearray(1 << 30)) and len(bytes(bytearray(1 << 30)))",
    "more memory by raising limits": """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        return len(bytearray(1 << 30))
    """,
    "more memory in a file of memory": """
        handle = os.memfd_create("x")
        part = bytes(1 << 20)
        return sum(os.write(handle, part) for _ in range(700)) >= 700 << 20
    """,
    "fork bomb": """
        children = 0
        for _ in range(100):
            if os.fork() == 0:
                import time
                time.sleep(1)
                os._exit(0)
            children += 1
            if children > 10:
                return children
    """,
    "double fork": """
        if os.fork() == 0:
            os.setpgid(0, 0)
            if os.fork() == 0:
                os.execv(sys.executable, [
                    sys.executable, "-c", f"import time; time.sleep(30) # {P['mark']}"])
            os._exit(0)
        import time
        time.sleep(0.3)
    """,
    "a new session": """
        if os.fork() == 0:
            os.setsid()
            os.execv(sys.executable, [
                sys.executable, "-c", f"import time; time.sleep(30) # {P['mark']}"])
        import time
        time.sleep(0.3)
    """,
    "endless loop": """
        while True:
            pass
    """,
    "endless sleep": """
        import time
        while True:
            time.sleep(1000)
    """,
    "deaf to signals": """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            pass
    """,
    "closed output": """
        os.close(1)
        os.close(2)
        while True:
            pass
    """,
    "endless output": """
        while True:
            print("x" * 10_000)
    """,
    "endless errors": """
        while True:
            print("x" * 10_000, file=sys.stderr)
    """,
    "endless import": """
        sys.modules.clear()
        import builtins
        load = builtins.__import__
        while True:
            load("json")
            sys.modules.clear()
    """,
}


def program(name: str, given: dict[str, object]) -> str:
    """Return an escape as a program that prints what it got hold of."""
    body = textwrap.indent(textwrap.dedent(ESCAPES[name]), "    ")
    return (
        f"P = {given!r}\n"
        f"def escape():\n{textwrap.indent(HELPERS, '    ')}\n{body}\n"
        "try:\n    got = escape()\n"
        "except BaseException as error:\n    print('held', type(error).__name__, error)\n"
        "else:\n    print('GOT OUT' if got else 'held', repr(got)[:80])\n"
    )


def attempt(runner: CodeRunner, name: str, caller: Planted) -> str:
    """Try an escape; return what got out, empty if nothing did."""
    began = time.monotonic()
    ran = runner.run(program(name, caller.given), limits=LIMITS)
    took = time.monotonic() - began
    if "GOT OUT" in ran.stdout:
        return ran.stdout.strip()[-200:]
    if took > LIMITS.seconds + 8:
        return f"it ran for {took:.1f} s"
    if len(ran.stdout) + len(ran.stderr) > LIMITS.output_bytes:
        return f"it wrote {len(ran.stdout) + len(ran.stderr)} characters"
    return caller.harm() or _unclear(ran)


def _unclear(ran: Ran) -> str:
    """An escape that broke off before it tried would prove nothing."""
    if ran.status == "ended" and "held" not in ran.stdout and ran.exit_code == 0:
        return f"nothing was tried: {ran}"
    return ""


def main() -> None:
    """Try the whole table; print what got out of it as JSON."""
    runner = code_runner(sys.argv[1])  # type: ignore[arg-type]
    with planted() as caller:
        found = {name: attempt(runner, name, caller) for name in ESCAPES}
    json.dump({"tried": len(found), "out": {k: v for k, v in found.items() if v}}, sys.stdout)


if __name__ == "__main__":
    main()
