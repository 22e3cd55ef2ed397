"""A replay says what real runs of the graph do at the same settings."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.evaluation.arms import ARMS, drawn_under
from cope_graph.evaluation.looks import looks_in, states_of
from cope_graph.evaluation.replaying.methods import COPE
from cope_graph.evaluation.replaying.replay import replay
from cope_graph.evaluation.replaying.walk import Thresholds, Walk, walk
from cope_graph.evaluation.rows import Told, row_of
from tests.scripted import ScriptedChat, says
from tests.unit_tests.evaluation.recorded import records

ASK = {"messages": [("user", "How many?")]}
# One request after another: a script deals its replies in the order of requests.
THREAD: Any = {"configurable": {"thread_id": "t"}, "max_concurrency": 1}
RIGHT = "3"
RUNS = {
    "sure and right": ("33334444", "33333333", "3"),
    "sure and wrong": ("44444443", "33333333", "3"),
    "a tie, the first class right": ("34343434", "44434343", "4"),
    "unsure, then sure": ("33445566", "33333444", "4"),
    "unsure twice": ("33445566", "34563456", "3"),
    "nothing readable before the end": ("????????", "????????", "3"),
    "nothing readable at the end": ("34563456", "33445566", "?"),
    "nothing readable in stage 2 and at the end": ("34563456", "????????", "?"),
}
"""What the samples of stages 1 and 2 and the large model say; "?" cannot be read."""


def graph(said: tuple[str, str, str], settings: CopeContext) -> Any:
    first, second, third = ([says(a) if a != "?" else "no idea" for a in each] for each in said)
    small = ScriptedChat(
        model_name="s", replies=[f"goal {i}" for i in range(len(first))] + first + second
    )
    large = ScriptedChat(model_name="l", replies=["a guideline", *third])
    prices: Any = {"small": "1,2", "large": "100,200"}
    made = create_cope(small, large, task=tasks.math(), defaults=settings, prices=prices)
    return made.compile(checkpointer=InMemorySaver())


async def recorded(said: tuple[str, str, str], settings: CopeContext) -> Any:
    """Draw all that there is, as a bench does."""
    arm = next(one for one in ARMS if one.name == "cope")
    app = graph(said, drawn_under(arm, settings))
    out = await app.ainvoke(ASK, THREAD, durability="sync")
    looks = looks_in(await states_of(app, THREAD), settings.n)
    return row_of("x", "cope", looks, out, Told("math", RIGHT.__eq__), question="How many?")


@pytest.mark.parametrize("tau1", [0.25, 0.5, 0.875])
@pytest.mark.parametrize("tau2", [0.25, 0.625])
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", RUNS)
def test_a_replay_of_complete_records_is_what_a_run_does(
    name: str, tau1: float, tau2: float, strict: bool
) -> None:
    settings = CopeContext(n=8, tau1=tau1, tau2=tau2, strict=strict)
    row = asyncio.run(recorded(RUNS[name], CopeContext(n=8)))
    run = replay(records([row], settings=settings), n=8)
    found = walk(COPE, run.at(8), Thresholds(tau1, tau2, strict))
    assert isinstance(found, Walk)
    out = graph(RUNS[name], settings).invoke(ASK, THREAD)
    assert found.right.tolist() == [out["answer"] == RIGHT]
    assert found.ends.argmax() + 1 == out["visits"][-1]["stage"]
    ledger = out["ledger"]
    for stage in (1, 2, 3):
        there = ledger["by_stage"].get(
            str(stage), {"usd": "0", "input_tokens": 0, "output_tokens": 0}
        )
        assert found.usd[0, stage - 1].sum() == pytest.approx(float(there["usd"]))
        assert found.tokens[0, stage - 1].sum() == there["input_tokens"] + there["output_tokens"]
    for role, usd in zip(("plan", "execute"), found.usd[0].sum(axis=0), strict=False):
        assert usd == pytest.approx(float(ledger["by_role"].get(role, {"usd": "0"})["usd"]))
    large = [line for line in ledger["lines"] if line["node"].startswith("large")]
    assert found.large[0] == sum(line["input_tokens"] + line["output_tokens"] for line in large)
    drawn = sum(line["samples"] for line in ledger["lines"] if line["role"] == "execute")
    assert found.samples[0] == drawn


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("n", [1, 3, 4])
def test_a_replay_at_a_smaller_n_is_what_a_run_of_the_first_samples_does(name: str, n: int) -> None:
    first, second, third = RUNS[name]
    settings = CopeContext(n=n, tau1=0.5, tau2=0.5)
    row = asyncio.run(recorded(RUNS[name], CopeContext(n=8)))
    prices = {"small": {"input": "1", "output": "2"}, "large": {"input": "100", "output": "200"}}
    run = replay(records([row], prices=prices), n=n)
    found = walk(COPE, run.at(n), Thresholds(0.5, 0.5, strict=True))
    assert isinstance(found, Walk)
    if all(answer == "?" for answer in first[:n] + second[:n] + third):
        pytest.skip("such a run ends with an error")
    out = graph((first[:n], second[:n], third), settings).invoke(ASK, THREAD)
    assert found.right.tolist() == [out["answer"] == RIGHT]
    assert found.ends.argmax() + 1 == out["visits"][-1]["stage"]
    ledger = out["ledger"]
    assert found.usd.sum() == pytest.approx(float(ledger["usd"]))
    assert found.tokens.sum() == ledger["input_tokens"] + ledger["output_tokens"]
