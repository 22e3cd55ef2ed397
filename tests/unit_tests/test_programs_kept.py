"""Programs that cannot be drawn, sandboxes that fail, and what a checkpoint keeps of programs."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import CopeContext
from cope_graph.errors import InputError, SandboxError
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from tests.candidates import Broken
from tests.scripted import says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.programs import ASK, FAILS, Cope, Echo, prints, solver

THREAD: dict[str, Any] = {"configurable": {"thread_id": "t"}}


@pytest.mark.parametrize(
    ("own", "says_why"),
    [
        ({"n": 3}, "n=3 samples cannot hold 4 programs: set n to 4 or more"),
        ({"n": 8, "early_stop": "beta-binomial"}, "4 of 8 are programs: use early_stop='exact'"),
    ],
)
def test_a_draw_that_cannot_be_made_shows_when_the_graph_is_built(
    own: dict[str, Any], says_why: str
) -> None:
    with pytest.raises(InputError, match=says_why):
        Cope(solver([], []), 4, **own)


def test_a_run_that_asks_for_fewer_samples_than_programs_is_refused(both: Runner) -> None:
    cope = Cope(solver([], []), 4, n=4)
    with pytest.raises(InputError, match="n=2 samples cannot hold 4 programs"):
        cope(both, context=CopeContext(n=2))
    assert cope.small[0].calls == []


def test_programs_alone_may_be_guessed_from(both: Runner) -> None:
    cope = Cope(solver([], [prints(7)] * 8), 8, early_stop="beta-binomial", tau1=0.5)
    assert cope(both)["accepted"]
    assert sum(n for _, n in cope.kinds) == 4


def test_a_sandbox_that_fails_ends_the_run_with_its_bill(both: Runner) -> None:
    cope = Cope(solver([says("7")], [prints(7)]), 1, n=2, sandbox=Broken())
    with pytest.raises(SandboxError, match="no room left") as caught:
        cope(both)
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == 2


class Mended(Echo):
    """A sandbox that fails at first."""

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        done = super().run(program, stdin=stdin, limits=limits)
        return Broken().run(program) if len(self.programs) == 1 else done


def test_a_run_goes_on_once_its_sandbox_works_without_paying_again(both: Runner) -> None:
    cope = Cope(solver([says("7")], [prints(7)]), 1, n=2, sandbox=Mended())
    app = cope.graph.compile(InMemorySaver())
    with pytest.raises(SandboxError):
        both(app, ASK, THREAD)
    out = both(app, None, THREAD)
    assert (out["answer"], out["ledger"]["requests"]) == ("7", 2)
    assert len(cope.small[0].calls) == 2


def test_a_resumed_run_runs_no_program_again(both: Runner) -> None:
    kept = InMemorySaver()
    first = Cope(solver([says("7")], [prints(7), FAILS]), 2, n=3, tau1=0.5)
    app = first.graph.compile(kept, interrupt_before=["confidence_gate"])
    both(app, ASK, THREAD)
    samples = app.get_state(THREAD).values["samples"]
    assert [(one["answer"], one.get("program")) for one in samples] == [
        ("7", None),
        ("7", {"status": "printed", "message": ""}),
        (None, {"status": "failed", "message": "exit code 1: Error: bad"}),
    ]
    second = Cope(
        solver([], []), 2, n=3, tau1=0.5
    )  # another process: nothing is remembered but the thread
    out = both(second.graph.compile(kept), None, THREAD)
    assert (out["answer"], out["accepted"], second.sandbox.programs) == ("7", True, [])
    assert out["visits"][0]["programs"] == {"failed": 1, "printed": 1}


class Waits(Echo):
    """Waits until the event loop has had a turn."""

    def __init__(self) -> None:
        super().__init__()
        self.turned = threading.Event()

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        assert self.turned.wait(30)
        return super().run(program, stdin=stdin, limits=limits)


def test_programs_do_not_hold_up_the_event_loop() -> None:
    sandbox = Waits()
    cope = Cope(solver([says("7")], [prints(7)]), 1, n=2, sandbox=sandbox)

    async def beside() -> Any:
        asked = asyncio.ensure_future(cope.graph.compile().ainvoke(ASK))
        while len(cope.small[0].calls) < 2:  # noqa: ASYNC110 - a scripted model tells nobody
            await asyncio.sleep(0.01)
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert not asked.done()
        sandbox.turned.set()
        return await asked

    assert asyncio.run(beside())["answer"] == "7"


def test_a_complete_run_keeps_the_programs_of_each_stage(both: Runner) -> None:
    goals = ["Find x.", "Find y."]
    small = solver([*goals, says("7"), says("7")], [prints(7), FAILS])
    cope = Cope(small, 1, start=CopeContext(complete=True), n=2, large=("First.", says("7")))
    out = cope(both)
    looks = [(look["stage"], look.get("programs")) for look in out["visits"]]
    assert looks == [(1, {"printed": 1}), (2, {"failed": 1}), (3, None)]
