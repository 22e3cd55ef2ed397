"""Checkpoint databases, SQLite or PostgreSQL by their address, and what others see in them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import psycopg
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

Saver = BaseCheckpointSaver[Any]


def set_up(database: str) -> None:
    """Make the tables."""
    if _is_postgres(database):
        with PostgresSaver.from_conn_string(database) as postgres:
            postgres.setup()
    else:
        with SqliteSaver.from_conn_string(database) as sqlite:
            sqlite.setup()


@contextmanager
def saver(database: str) -> Iterator[Saver]:
    """Open a database for sync runs."""
    if _is_postgres(database):
        with PostgresSaver.from_conn_string(database) as postgres:
            yield postgres
    else:
        with SqliteSaver.from_conn_string(database) as sqlite:
            yield sqlite


@asynccontextmanager
async def asaver(database: str) -> AsyncIterator[Saver]:
    """Open a database for async runs."""
    if _is_postgres(database):
        async with AsyncPostgresSaver.from_conn_string(database) as postgres:
            yield postgres
    else:
        async with AsyncSqliteSaver.from_conn_string(database) as sqlite:
            yield sqlite


def results(database: str, thread: str) -> int:
    """Count the results of requests that are persisted, by a connection of our own."""
    # They stay where they are when the step is over.
    which = (thread, "__return__")
    if _is_postgres(database):
        with psycopg.connect(database) as postgres:
            query = "SELECT count(*) FROM checkpoint_writes WHERE thread_id = %s AND channel = %s"
            row = postgres.execute(query, which).fetchone()
    else:
        with closing(sqlite3.connect(database)) as sqlite:
            query = "SELECT count(*) FROM writes WHERE thread_id = ? AND channel = ?"
            row = sqlite.execute(query, which).fetchone()
    return int(row[0]) if row else 0


def _is_postgres(database: str) -> bool:
    return database.startswith("postgresql:")
