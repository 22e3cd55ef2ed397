"""How far a bench has come: its unfinished runs, in a SQLite file that nobody else may read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from cope_graph.errors import InputError, MissingPackageError

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver


def progress_of(out: Path) -> Path:
    """Name the file that lies beside a file of records until all is drawn."""
    return out.with_name(f"{out.name}.progress")


@asynccontextmanager
async def progressing(path: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open it for this process alone.

    Raises:
        InputError: Another process has it, or it is no such file.
        MissingPackageError: The package for it is not installed.
    """
    try:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = "A bench keeps its progress in SQLite: run `pip install 'cope-graph[bench]'`."
        raise MissingPackageError(msg) from error
    lock = FileLock(_lock_of(path))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        msg = f"{path.name} is in use: another bench is at work on it. Wait, or stop that one."
        raise InputError(msg) from error
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds questions and replies
        async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
            try:
                await saver.setup()
                # Safe when the process is killed; a power cut may cost the last requests once more.
                await saver.conn.execute("PRAGMA synchronous=NORMAL")
            except sqlite3.DatabaseError as error:
                msg = f"{path.name} is no progress of a bench: remove it, or name other records."
                raise InputError(msg) from error
            try:
                yield saver
            finally:
                # A run that was cancelled in the middle of a write must not leave it half done.
                await saver.conn.rollback()
    finally:
        lock.release()


def _lock_of(path: Path) -> Path:
    """Name what is locked. SQLite's own lock outlives a bench that was stopped in a request."""
    return path.with_name(f"{path.name}.lock")


def forget(path: Path) -> None:
    """Remove it, with what SQLite keeps beside it."""
    names = (path.name, f"{path.name}-wal", f"{path.name}-shm", _lock_of(path).name)
    for name in names:
        path.with_name(name).unlink(missing_ok=True)
