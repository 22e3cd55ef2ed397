"""Several turns: what of a conversation reaches which model, and what of a run does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import tasks
from cope_graph.gates import judge
from cope_graph.state import Stage
from cope_graph.tasks import Task
from tests.integration_tests.talking import (
    SETTINGS,
    Talker,
    asker,
    cascade,
    opened,
    sent,
    turn,
)
from tests.loopback.openai_server import OpenAIServer

FIRST, SECOND = "Name a colour.", "And another one?"
SYSTEM = ("system", "You are a painter.")
HISTORY = [SYSTEM, ("user", FIRST), ("assistant", "Blue, of course."), ("user", SECOND)]
EVERY = {("small", "plan"), ("small", "reply"), ("large", "plan"), ("large", "reply")}

WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke"])


@pytest.fixture
def server() -> Iterator[Talker]:
    with Talker() as server:
        yield server


@WAYS
@pytest.mark.parametrize(
    ("task", "kinds"),
    [
        (tasks.open_ended(), EVERY),
        (tasks.open_ended(gate=judge()), {*EVERY, ("large", "judgement")}),
    ],
    ids=["perplexity", "judge"],
)
async def test_every_request_holds_the_conversation_and_its_prompt_where_the_question_stood(
    server: Talker, way: str, task: Task, kinds: set[tuple[str, str]]
) -> None:
    out = await turn(cascade(server, task=task).compile(), way, HISTORY)
    assert [visit["stage"] for visit in out["visits"]] == [1, 2, 3]
    assert {asker(body) for body in server.bodies} == kinds
    for body in server.bodies:
        *earlier, (role, prompt) = sent(body)
        assert earlier == HISTORY[:-1]
        assert role == "user"
        assert prompt.count(SECOND) == 1
        assert FIRST not in prompt


@WAYS
@pytest.mark.parametrize("kept", ["memory", "sqlite"])
@pytest.mark.parametrize("stage", [1, 2, 3])
async def test_a_second_turn_finds_the_first_question_and_its_answer_and_nothing_else_of_it(
    server: Talker, tmp_path: Path, way: str, kept: str, stage: Stage
) -> None:
    where = InMemorySaver() if kept == "memory" else str(tmp_path / "threads.sqlite")
    outs, ends = [], [0]
    for question in (FIRST, SECOND):
        async with opened(where, way) as saver:
            app = cascade(server, stage).compile(checkpointer=saver)
            outs.append(await turn(app, way, [("user", question)], "t"))
        ends.append(server.count)
        if question == FIRST:
            unused = set(server.said) - {outs[0]["answer"]}
    assert [out["stage"] for out in outs] == [stage, stage]
    assert ends[2] == 2 * ends[1]
    later = server.bodies[ends[1] :]
    for body in later:
        assert sent(body)[:-1] == [("user", FIRST), ("assistant", outs[0]["answer"])]
        assert body["messages"][-1]["content"].count(SECOND) == 1
    assert len(unused) == {1: 3, 2: 6, 3: 7}[stage]
    assert [text for text in unused if text in json.dumps(later)] == []
    said = [(message.type, message.text) for message in outs[1]["messages"]]
    assert said == [
        ("human", FIRST),
        ("ai", outs[0]["answer"]),
        ("human", SECOND),
        ("ai", outs[1]["answer"]),
    ]


@WAYS
async def test_a_system_message_of_the_first_turn_still_reaches_both_models_in_the_second(
    server: Talker, way: str
) -> None:
    app = cascade(server).compile(checkpointer=InMemorySaver())
    await turn(app, way, [SYSTEM, ("user", FIRST)], "t")
    before = server.count
    await turn(app, way, [("user", SECOND)], "t")
    later = server.bodies[before:]
    assert {asker(body) for body in later} == EVERY
    assert {sent(body)[0] for body in later} == {SYSTEM}
    assert [[role for role, _ in sent(body)].count("system") for body in later] == [1] * len(later)


@WAYS
async def test_a_caller_who_passes_the_history_asks_for_the_same_as_a_thread(way: str) -> None:
    settings = SETTINGS[3].model_copy(update={"seed": 7})
    with OpenAIServer() as server:  # equal requests get equal replies
        graph = cascade(server, defaults=settings)
        app = graph.compile(checkpointer=InMemorySaver())
        first = await turn(app, way, [SYSTEM, ("user", FIRST)], "t")
        ends = [server.count]
        on_thread = await turn(app, way, [("user", SECOND)], "t")
        ends.append(server.count)
        by_hand = await turn(graph.compile(), way, [*first["messages"], ("user", SECOND)])
        bodies = [request.body for request in server.requests]
    one, other = bodies[ends[0] : ends[1]], bodies[ends[1] :]
    assert len(one) == len(other) == 6
    assert sorted(map(json.dumps, one)) == sorted(map(json.dumps, other))
    assert (on_thread["answer"], on_thread["stage"]) == (by_hand["answer"], by_hand["stage"])
