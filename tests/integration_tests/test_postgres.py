"""A thread kept in a real PostgreSQL, between turns that share neither process state nor graph."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from cope_graph import create_cope, tasks
from tests.scripted import ScriptedChat, says

GOALS = [f"goal {i}" for i in range(8)]
OTHERS = [f"other {i}" for i in range(8)]
SURE = [says("3")] * 7 + [says("4")]
UNSURE = [says("3")] * 4 + [says("4")] * 3 + ["no idea"]

FIRST: Any = {"messages": [("user", "How many?")]}
SECOND: Any = {"messages": [("user", "And now?")]}


def first_turn() -> Any:
    """Build a graph whose turn goes through all three stages."""
    large = ScriptedChat(model_name="l", replies=["old plan", says("42")])
    return create_cope(
        ScriptedChat(model_name="s", replies=GOALS + UNSURE * 2), large, task=tasks.math()
    )


def second_turn() -> tuple[Any, ScriptedChat]:
    """Build a graph whose turn ends in the first stage."""
    small = ScriptedChat(model_name="s", replies=OTHERS + SURE)
    return create_cope(small, ScriptedChat(model_name="l", replies=[]), task=tasks.math()), small


def thread() -> Any:
    return {"configurable": {"thread_id": uuid4().hex}}


def check(first: Any, second: Any, kept: Any, small: ScriptedChat) -> None:
    assert first["stage"] == 3
    assert (second["answer"], second["stage"], second["confidence"]) == ("3", 1, 0.875)
    assert len(second["visits"]) == 1
    assert second["ledger"]["requests"] == 9
    assert kept["guideline"] is None
    assert kept["goals"] == OTHERS
    assert [m.type for m in kept["messages"]] == ["human", "ai", "human", "ai"]
    # The conversation reaches planner and executor, the old plans do not.
    last = small.calls[-1]["messages"]
    assert [m.type for m in last] == ["human", "ai", "human"]
    assert "old plan" not in str(last)


def test_a_second_turn_sees_nothing_of_the_first(postgres_url: str) -> None:
    config = thread()
    with PostgresSaver.from_conn_string(postgres_url) as saver:
        saver.setup()
        first = first_turn().compile(checkpointer=saver).invoke(FIRST, config)
    graph, small = second_turn()
    with PostgresSaver.from_conn_string(postgres_url) as saver:
        app = graph.compile(checkpointer=saver)
        second = app.invoke(SECOND, config)
        kept = app.get_state(config).values
    check(first, second, kept, small)


async def test_a_second_turn_sees_nothing_of_the_first_async(postgres_url: str) -> None:
    config = thread()
    async with AsyncPostgresSaver.from_conn_string(postgres_url) as saver:
        await saver.setup()
        first = await first_turn().compile(checkpointer=saver).ainvoke(FIRST, config)
    graph, small = second_turn()
    async with AsyncPostgresSaver.from_conn_string(postgres_url) as saver:
        app = graph.compile(checkpointer=saver)
        second = await app.ainvoke(SECOND, config)
        kept = (await app.aget_state(config)).values
    check(first, second, kept, small)


def test_the_server_is_for_us_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        shown = {
            name: connection.execute("select current_setting(%s)", [name]).fetchone()
            for name in ("listen_addresses", "unix_socket_directories")
        }
        rules = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    assert shown == {"listen_addresses": ("127.0.0.1",), "unix_socket_directories": ("",)}
    assert rules == [("scram-sha-256",)]
