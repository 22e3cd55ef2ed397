"""System calls that a program has no use for, as a filter for the Linux kernel (seccomp, BPF).

Namespaces and Landlock leave holes that are closed here: Landlock does not see modes, times and
attributes of files, other processes' priorities and limits, nor a connection that `sendto` opens
(TCP Fast Open); bubblewrap leaves the keys of the caller's session and nested namespaces.
"""

from __future__ import annotations

import errno
import platform
import struct
from functools import lru_cache
from typing import Final

from cope_graph.errors import SandboxError

_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""By `uname`: the column of its numbers below, and how the kernel calls it."""

_DENIED: Final = (
    # Sockets. `socketpair`, which event loops need, is left: it goes nowhere.
    "socket 41 198",
    # Other processes.
    "ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272",
    "pidfd_getfd 438 438, pidfd_send_signal 424 424, setpriority 141 140, ioprio_set 251 30",
    "sched_setattr 314 274, sched_setparam 142 118, sched_setscheduler 144 119",
    "migrate_pages 256 238, move_pages 279 239",
    "process_madvise 440 440, process_mrelease 448 448",
    # What others share with it: keys, System V and POSIX queues and memory.
    "add_key 248 217, request_key 249 218, keyctl 250 219, shmget 29 194, shmat 30 196",
    "shmctl 31 195, semget 64 190, semop 65 193, semctl 66 191, semtimedop 220 192",
    "msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187",
    "mq_open 240 180, mq_unlink 241 181",
    # Modes, owners, times and attributes of files.
    "chmod 90 -1, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452",
    "chown 92 -1, lchown 94 -1, fchown 93 55, fchownat 260 54",
    "utime 132 -1, utimes 235 -1, futimesat 261 -1, utimensat 280 88",
    "setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, setxattrat 463 463, file_setattr 469 469",
    "removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16, removexattrat 466 466",
    # Roots, mounts and namespaces.
    "mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, unshare 272 97, setns 308 268",
    "open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432",
    "fspick 433 433, mount_setattr 442 442, name_to_handle_at 303 264, open_by_handle_at 304 265",
    # The machine, and parts of the kernel that have been a way out of sandboxes.
    "clock_settime 227 112, settimeofday 164 170, adjtimex 159 171, clock_adjtime 305 266",
    "syslog 103 116, reboot 169 142, swapon 167 224, swapoff 168 225, acct 163 89, quotactl 179 60",
    "init_module 175 105, finit_module 313 273, delete_module 176 106, kexec_load 246 104",
    "kexec_file_load 320 294, personality 135 92, bpf 321 280, perf_event_open 298 241",
    "userfaultfd 323 282, io_uring_setup 425 425, io_uring_enter 426 426",
    "io_uring_register 427 427",
)
"""System calls: name, number on x86_64, on aarch64 (`asm/unistd.h`); -1 where there is none."""

_OF_ITSELF: Final = ((302, 261), (203, 122))
"""`prlimit64` and `sched_setaffinity` are allowed when their first argument is 0: the caller."""

_CLONE: Final = (56, 220)
_CLONE3: Final = (435, 435)
_NAMESPACES: Final = 0x7E02_0080
"""The flags of `clone` that make a namespace."""
_X32: Final = 0x4000_0000

# BPF: load a word, jump if equal / at least / any bit, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_LOW = 0, 4, 16
_ALLOW: Final = 0x7FFF_0000
_KILL: Final = 0x8000_0000
_ERROR: Final = 0x0005_0000


@lru_cache(maxsize=1)
def seccomp_filter() -> bytes:
    """Return the filter, as an array of `struct sock_filter`.

    What is denied fails with EPERM, as it would for want of a right.

    Raises:
        SandboxError: On a machine whose system calls are not known here.
    """
    machine = platform.machine()
    if machine not in _MACHINES:
        msg = f"its filter of system calls is written for x86_64 and aarch64, this is {machine}"
        raise SandboxError(msg)
    column, name = _MACHINES[machine]
    deny = _word(_RETURN, _ERROR | errno.EPERM)
    allow = _word(_RETURN, _ALLOW)
    code = [
        _word(_LOAD, _MACHINE),
        _word(_EQUAL, name, 1, 0),
        _word(_RETURN, _KILL),
        _word(_LOAD, _NUMBER),
        _word(_AT_LEAST, _X32, 0, 1),
        deny,
        # glibc then uses `clone`, whose flags can be seen.
        *(_word(_EQUAL, _CLONE3[column], 0, 1), _word(_RETURN, _ERROR | errno.ENOSYS)),
        *(_word(_EQUAL, _CLONE[column], 0, 4), _word(_LOAD, _FIRST_LOW)),
        *(_word(_ANY, _NAMESPACES, 0, 1), deny, allow),
    ]
    for numbers in _OF_ITSELF:
        code += [
            *(_word(_EQUAL, numbers[column], 0, 4), _word(_LOAD, _FIRST_LOW)),
            *(_word(_EQUAL, 0, 1, 0), deny, allow),
        ]
    for call in ", ".join(_DENIED).split(", "):
        number = int(call.split()[1 + column])
        if number >= 0:
            code += [_word(_EQUAL, number, 0, 1), deny]
    return b"".join([*code, allow])


def _word(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
