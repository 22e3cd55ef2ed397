"""The caller's own Python as a program in a sandbox gets to see it."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache

DEVICES = ("/dev/null", "/dev/urandom")
"""What a program finds in /dev."""


@lru_cache(maxsize=1)
def python() -> str:
    """Return the path of the interpreter itself, not of a virtual environment's link to it."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


@lru_cache(maxsize=1)
def readable() -> tuple[str, ...]:
    """Return all that a program may read: interpreter, standard library, shared libraries.

    The standard library's folder holds the site-packages of a Python that is no virtual
    environment; those of a virtual environment are not there.
    """
    wanted = [
        python(),
        f"{sys.base_prefix}/lib",
        f"{sys.base_prefix}/lib64",
        str(sysconfig.get_config_var("LIBDIR") or "/lib"),
        *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache"),
    ]
    return tuple(path for path in dict.fromkeys(wanted) if os.access(path, os.R_OK))
