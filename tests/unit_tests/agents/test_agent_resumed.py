"""A crash in the middle of a vote: what was paid is not paid again, and no tool runs twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph

from cope_graph import CopeContext, create_cope_agent
from tests.unit_tests.agents.acting import ActingChat, Policy, Proposal, by_turn, unsure
from tests.unit_tests.agents.shop import (
    DONE,
    HELLO,
    LOOK,
    OPEN,
    THREAD,
    Shop,
    acting,
    agent,
)

STEPS = (LOOK, OPEN, DONE)
OTHERS = (OPEN, LOOK, "no")
ONE_BY_ONE = CopeContext(n=4, wave=1, small_plan="none", retries=0)
"""One request is on its way at a time, so that what a crash takes with it is always the same."""
REQUESTS = 3 * 2 + 1 + 3 * 4 + 3
"""Three votes that are undecided after two samples, a guideline, three votes of four, three steps
of the large model."""


class CrashError(BaseException):
    """The process dies."""


class Fate:
    """Lets the process die at one of its requests, once."""

    def __init__(self, at: int) -> None:
        self.at, self.asked = at, 0

    def over(self, policy: Policy) -> Policy:
        answered = count()  # the sample that died is none

        def doomed(messages: list[BaseMessage], _: int) -> Proposal:
            self.asked += 1
            if self.asked == self.at:
                raise CrashError
            return policy(messages, next(answered))

        return doomed


@contextmanager
def saver(kind: str, folder: Path) -> Iterator[BaseCheckpointSaver[Any]]:
    if kind == "memory":
        yield InMemorySaver()
        return
    with SqliteSaver.from_conn_string(str(folder / "kept.sqlite")) as kept:
        yield kept


def models(fate: Fate) -> tuple[ActingChat, ActingChat]:
    cheap = acting(fate.over(unsure(by_turn(*STEPS), by_turn(*OTHERS))), "small")
    return cheap, acting(fate.over(by_turn(*STEPS)), "large")


def requests(*both: ActingChat) -> int:
    return sum(len(one.acts) + len(one.plans) for one in both)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("at", [1, 2, 3, 5, 7, 8, 12, 17, 21])
def test_only_what_was_on_its_way_is_asked_again(tmp_path: Path, kind: str, at: int) -> None:
    shop, (cheap, expensive) = Shop(), models(Fate(at))
    with saver(kind, tmp_path) as kept:
        graph = agent(cheap, expensive, shop, checkpointer=kept, defaults=ONE_BY_ONE)
        with pytest.raises(CrashError):
            graph.invoke(HELLO, THREAD, durability="sync")
        out = graph.invoke(None, THREAD, durability="sync")
    assert out["messages"][-1].text == DONE
    assert shop.done == ["look box", "look shelf"]
    assert requests(cheap, expensive) == REQUESTS + 1
    assert out["cope"]["requests"] == REQUESTS
    assert (out["cope"]["steps"], out["cope"]["plans"]) == (3, 1)


def test_an_undisturbed_turn_makes_the_requests_that_are_counted_here() -> None:
    shop, (cheap, expensive) = Shop(), models(Fate(0))
    out = agent(cheap, expensive, shop, defaults=ONE_BY_ONE).invoke(HELLO)
    assert requests(cheap, expensive) == out["cope"]["requests"] == REQUESTS


def test_a_process_that_dies_in_a_tool_runs_that_tool_again_and_no_other() -> None:
    """What a tool did before it died nobody can know: it is the one thing that is done again."""
    shop, dead = Shop(), [False]

    def ring(times: int) -> str:
        """Ring the bell."""
        shop.done.append(f"ring {times}")
        if not dead[0]:
            dead[0] = True
            raise CrashError
        return "rung"

    steps = by_turn([LOOK, ("ring", {"times": 1})], DONE)
    graph = create_cope_agent(
        acting(steps, "small"),
        acting(steps, "large"),
        [*shop.tools, ring],
        defaults=CopeContext(n=2, small_plan="none"),
        checkpointer=InMemorySaver(),
    )
    with pytest.raises(CrashError):
        graph.invoke(HELLO, THREAD, durability="sync")
    out = graph.invoke(None, THREAD, durability="sync")
    assert out["messages"][-1].text == DONE
    assert shop.done.count("ring 1") == 2
    assert shop.done.count("look box") <= 2


async def test_a_run_that_is_cancelled_goes_on_where_it_was() -> None:
    waiting, hanging = asyncio.Event(), [True]

    class Slow(ActingChat):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kw: Any) -> Any:
            if len(self.acts) == 6 and hanging[0]:
                waiting.set()
                await asyncio.Event().wait()
            return self._generate(messages, *args, **kw)

    shop = Shop()
    cheap = Slow(model_name="small", policy=by_turn(*STEPS))
    graph = agent(
        cheap,
        acting(by_turn(*STEPS), "large"),
        shop,
        defaults=ONE_BY_ONE,
        checkpointer=InMemorySaver(),
    )
    task = asyncio.create_task(graph.ainvoke(HELLO, THREAD, durability="sync"))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hanging[0] = False
    before = len(cheap.acts)
    out = await graph.ainvoke(None, THREAD, durability="sync")
    assert out["messages"][-1].text == DONE
    assert shop.done == ["look box", "look shelf"]
    assert before == 6
    assert len(cheap.acts) == out["cope"]["requests"]


def test_the_vote_is_kept_below_the_namespace_of_the_models_node() -> None:
    kept = InMemorySaver()
    graph = agent(*models(Fate(7)), Shop(), checkpointer=kept)
    with pytest.raises(CrashError):
        graph.invoke(HELLO, THREAD, durability="sync")
    spaces = {one.config["configurable"]["checkpoint_ns"] for one in kept.list(THREAD)}
    assert [space.partition(":")[0] for space in spaces - {""}] == ["model"]


def test_an_agent_inside_of_a_graph_goes_on_too() -> None:
    shop, (cheap, expensive) = Shop(), models(Fate(9))
    parent = StateGraph(MessagesState)
    parent.add_node("agent", agent(cheap, expensive, shop, defaults=ONE_BY_ONE))
    parent.add_edge(START, "agent")
    graph: Any = parent.compile(checkpointer=InMemorySaver())
    with pytest.raises(CrashError):
        graph.invoke(HELLO, THREAD, durability="sync")
    out = graph.invoke(None, THREAD, durability="sync")
    assert out["messages"][-1].text == DONE
    assert shop.done == ["look box", "look shelf"]
    assert requests(cheap, expensive) == REQUESTS + 1


def test_two_agents_side_by_side_on_one_thread_keep_their_votes_apart() -> None:
    """One process dies in both at once; each goes on with its own."""
    shops, fates = (Shop(), Shop()), (Fate(4), Fate(0))
    pairs = [models(fate) for fate in fates]
    parent = StateGraph(MessagesState)
    for name, pair, shop in zip(("one", "other"), pairs, shops, strict=True):
        parent.add_node(name, agent(*pair, shop, defaults=ONE_BY_ONE))
        parent.add_edge(START, name)
    graph: Any = parent.compile(checkpointer=InMemorySaver())
    with pytest.raises(CrashError):
        graph.invoke(HELLO, THREAD, durability="sync")
    graph.invoke(None, THREAD, durability="sync")
    assert [shop.done for shop in shops] == [["look box", "look shelf"]] * 2
    assert requests(*pairs[0]) == REQUESTS + 1
