"""A candidate that passes ends those that could not change the answer any more."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.errors import SandboxError
from cope_graph.models.exchange import UNNEEDED
from tests.candidates import DOUBLE, SQUARE, TESTS, Broken, Counting, fenced
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner
from tests.unit_tests.models.test_early import Growing
from tests.unit_tests.tasks.coding import Cope, given

N = 4


def lots(seed: int) -> list[int]:
    """Give the order in which a run's samples would be taken; written apart from the source."""
    return [i for i in random.Random(seed).sample(range(64), 64) if i < N]  # noqa: S311


FIRST_ZERO = next(seed for seed in range(999) if lots(seed)[0] == 0)
LAST_ZERO = next(seed for seed in range(999) if lots(seed)[0] == N - 1)


def settings(seed: int, **more: Any) -> CopeContext:
    return PLAN_FREE.model_copy(update={"n": N, "seed": seed, "straggler_s": 0.1, **more})


def test_waves_end_with_the_one_whose_lot_comes_first(both: Runner) -> None:
    small = [fenced(SQUARE), *[fenced(DOUBLE)] * (N - 1)]
    cope = Cope(small, [], settings(FIRST_ZERO, wave=1))
    out = both(cope.graph, given(TESTS))
    assert (out["answer"], out["accepted"], len(cope.small.calls)) == (SQUARE, True, 1)
    assert out["reason"] == "1 of 1 candidates pass all 2 tests"
    cope = Cope(small, [], settings(LAST_ZERO, wave=1))
    out = both(cope.graph, given(TESTS))
    assert (out["answer"], out["accepted"], len(cope.small.calls)) == (SQUARE, True, N)
    assert out["visits"][0]["reason"] == "1 of 1 candidates pass all 2 tests; 3 to come"
    assert [visit["decision"] for visit in out["visits"]] == ["undecided"] * 3 + ["accept"]


@pytest.mark.parametrize(("seed", "samples"), [(FIRST_ZERO, N), (LAST_ZERO, N)])
def test_samples_of_a_local_model_are_ended_only_behind_the_winner(
    both: Runner, seed: int, samples: int
) -> None:
    inside = [f"}}\n{fenced(code)}{{" for code in (SQUARE, DOUBLE, SQUARE, SQUARE)]
    waits = seed == FIRST_ZERO
    small, runner = Growing(answers=inside, waits=waits), Counting()
    task = tasks.code(sandbox=runner)
    graph = create_cope(small, ScriptedChat(replies=[]), task=task, defaults=settings(seed))
    out = both(graph.compile(), given(TESTS))
    assert (out["answer"], out["stage"], out["visits"][0]["samples"]) == (SQUARE, 1, samples)
    assert out["confidence"] == (2 / 4 if waits else 3 / 4)
    assert (UNNEEDED in out["reason"]) is waits
    assert len(runner.read) == 2


def test_a_straggler_behind_the_winner_is_given_up(both: Runner) -> None:
    goals = [f"goal number {i}." for i in range(N)]

    def reply(body: Body) -> Reply:
        prompt = body["messages"][-1]["content"]
        if "python" not in prompt:
            return Reply(goals)
        return Reply([fenced(SQUARE)], fault="timeout" if goals[-1] in prompt else None)

    with OpenAIServer(reply) as server:
        model = chat(server, default_headers={"Connection": "close"})
        context = CopeContext(n=N, seed=FIRST_ZERO, straggler_s=0.2, stages=(1, 3))
        task = tasks.code(sandbox=Counting())
        graph = create_cope(model, ScriptedChat(replies=[]), task=task, defaults=context)
        out = both(graph.compile(), given(TESTS))
    assert (out["answer"], out["accepted"], out["confidence"]) == (SQUARE, True, 3 / 4)
    assert out["reason"].endswith("(1 lost: not waited for)")


def test_a_sandbox_that_fails_while_samples_are_on_their_way_loses_none_of_them(
    both: Runner,
) -> None:
    goals = [f"goal number {i}." for i in range(N)]

    def reply(body: Body) -> Reply:
        prompt = body["messages"][-1]["content"]
        if "python" not in prompt:
            return Reply(goals)
        return Reply([fenced(SQUARE)], delay_s=0.6 * (goals[-1] in prompt))

    with OpenAIServer(reply) as server:
        model = chat(server, default_headers={"Connection": "close"})
        context = CopeContext(n=N, seed=FIRST_ZERO, straggler_s=0.05, stages=(1, 3))
        task = tasks.code(sandbox=Broken())
        graph = create_cope(model, ScriptedChat(replies=[]), task=task, defaults=context)
        with pytest.raises(SandboxError) as caught:
            both(graph.compile(), given(TESTS))
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == 1 + N
    assert caught.value.ledger["status"] == "reported"
