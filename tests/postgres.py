"""A real PostgreSQL server on a free loopback port, with data of its own, gone at the end."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

_HOST: Final = "127.0.0.1"
_USER: Final = "cope"
_INSTALLED: Final = Path("/usr/lib/postgresql")
"""Debian keeps each version's server programs in a folder here, none of them on PATH."""
_INITDB_SECONDS: Final = 120.0
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0
# If this process is killed, the kernel ends the server (an immediate shutdown: its data are of no
# more use). Unlike a watched pipe it needs no process in between and no child that inherited the
# pipe can hold it up; unlike prctl in a preexec_fn it is safe beside threads. The signal comes at
# the end of the *thread* that started the server: start it in one that stays, such as pytest's.
_ENDS_WITH_US: Final = ["setpriv", "--pdeathsig", "QUIT"] if sys.platform == "linux" else []


class NoPostgresError(RuntimeError):
    """PostgreSQL is not installed; the message says what to install."""


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a server and yield its connection string; its log goes to ``folder``.

    The server listens on 127.0.0.1 alone, asks for a random password, and keeps its data in a
    fresh folder under the system's temporary folder: those of pytest are closed to the
    unprivileged user that it runs as when we are root.

    Raises:
        NoPostgresError: There is no PostgreSQL server on this machine.
        RuntimeError: The server did not start; the message holds the end of its log.
    """
    programs = _programs()
    log = folder / "postgres.log"
    home = Path(tempfile.mkdtemp(prefix="cope-postgres-"))
    password, port = secrets.token_hex(16), _free_port()
    url = f"postgresql://{_USER}:{password}@{_HOST}:{port}/postgres?sslmode=disable"
    how = _how_to_run(home)
    try:
        _create_cluster(programs / "initdb", home, password, how)
        with _server(programs / "postgres", home, port, log, how) as process:
            _wait_until_ready(process, url, log)
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs() -> Path:
    """Find the newest folder that holds ``initdb`` and ``postgres``."""
    versions = sorted(_INSTALLED.glob("[0-9]*/bin"), key=_version, reverse=True)
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for folder in [*versions, *on_path]:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    msg = (
        f"PostgreSQL is not installed: no initdb and postgres in {_INSTALLED}/*/bin or on PATH; "
        "on Debian: apt-get install postgresql"
    )
    raise NoPostgresError(msg)


def _version(programs: Path) -> list[int]:
    return [int(part) for part in programs.parent.name.split(".") if part.isdecimal()]


def _how_to_run(home: Path) -> dict[str, Any]:
    """Give the folder to an unprivileged user if we are root, which PostgreSQL refuses to be."""
    foreign = ("PG", "LC_", "LANG")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    how: dict[str, Any] = {"cwd": home, "env": {**own, "LC_ALL": "C"}, "stdin": subprocess.DEVNULL}
    if os.geteuid() != 0:
        return how
    names = {account.pw_name: account for account in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    os.chown(home, account.pw_uid, account.pw_gid)
    return {**how, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _create_cluster(initdb: Path, home: Path, password: str, how: dict[str, Any]) -> None:
    secret = home / "password"
    secret.write_text(password, encoding="utf-8")  # nobody else can enter the folder
    secret.chmod(0o644)
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, no shell
        [
            *(initdb, "--pgdata", home / "data", "--username", _USER, f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"),
        ],
        **how,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=_INITDB_SECONDS,
    )
    secret.unlink()
    if done.returncode != 0:
        msg = f"initdb failed:\n{done.stdout.decode(errors='replace')[-3000:]}"
        raise RuntimeError(msg)


@contextlib.contextmanager
def _server(
    program: Path, home: Path, port: int, log: Path, how: dict[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "listen_addresses": _HOST,
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with log.open("wb") as out:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - the same
            [*_ENDS_WITH_US, program, "-D", home / "data", *options],
            **how,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which then end the server
        )
    try:
        yield process
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        # The password tells our server from another that took the port.
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2).close()
            return
        time.sleep(0.05)
    msg = f"PostgreSQL did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}"
    raise RuntimeError(msg)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Shut the server down without waiting for its clients; kill it if that takes long."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # its own processes see that and end
        process.wait(_STOP_SECONDS)
