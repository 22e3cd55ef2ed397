"""Stragglers are given up once the decision stands without them, and never before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from cope_graph import CopeContext, tasks
from cope_graph.models.bound import Bound, bind
from cope_graph.models.exchange import Reply as Sampled
from cope_graph.models.exchange import lost
from cope_graph.stages.ask import Ask, settle
from cope_graph.stages.execute import small_execute
from cope_graph.stages.look import decision_on, look
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.state import CopeState
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply
from tests.scripted import ScriptedChat, says
from tests.unit_tests.models.drawing import Drawer, Drawn, bound, kinds, lines

N: Final = 8
AGREED: Final = ["7"] * N

Decided = tuple[str, bool, str | None]


def run_of(model: Bound, **settings: Any) -> Run:
    """Give a run in stage 1, where every sample follows a goal of its own."""
    goals = [f"goal number {i}." for i in range(N)]
    question = [HumanMessage("What is 3 + 4?")]
    state: Any = {**FRESH, "messages": question, "stage": 1, "goals": goals}
    large = bind(ScriptedChat(replies=[]), "large", {})
    context = CopeContext(n=N, **settings)
    return Run(Cascade(model, large, tasks.math(), context), state, context)


def decided(run: Run, update: dict[str, Any]) -> Decided:
    """Decide as the gate does: the decision, whether it passed, and the answer."""
    state: CopeState = {**run.state, **update}  # type: ignore[typeddict-item]
    after = Run(run.cascade, state, run.settings)
    verdict = look(after)
    return (*decision_on(after, verdict, len(state["samples"])), verdict.answer)


def in_full(run: Run, answers: Sequence[str]) -> Decided:
    """Decide on a draw of which nothing is missing."""
    return decided(run, small_execute(run).update([[whole(answer)] for answer in answers]))


def whole(answer: str) -> Sampled:
    return {"text": says(answer), "finish": "stop", "id": None, "cut": False}


def server_of(
    answers: Sequence[str],
    delays: Callable[[int], float] = lambda _: 0.0,
    hanging: Sequence[int] = (),
) -> OpenAIServer:
    """Make a server whose reply to goal i is answer i, after a while or never."""

    def reply(body: Body) -> Reply:
        prompt = body["messages"][-1]["content"]
        (i,) = [i for i in range(N) if f"goal number {i}." in prompt]
        hangs = i in hanging
        return Reply([says(answers[i])], delay_s=delays(i), fault="timeout" if hangs else None)

    return OpenAIServer(reply)


def draw_all(drawer: Drawer, asked: Ask, **terms: Any) -> Drawn:
    return drawer(asked.model, asked.requests, settled=asked.settled, **terms)


def errors(drawn: Drawn) -> dict[int, str | None]:
    return {i: line["error"] for i, line in enumerate(lines(drawn)) if line["error"]}


@pytest.mark.parametrize("index", [0, N - 1])
def test_one_that_hangs_is_given_up_and_changes_nothing(drawer: Drawer, index: int) -> None:
    with server_of(AGREED, hanging=[index]) as server:
        run = run_of(bound(server))
        asked = small_execute(run)
        drawn = draw_all(drawer, asked, straggler_s=0.2)
    assert [group[0]["given_up"] for group in drawn] == [i == index for i in range(N)]
    assert kinds(drawn) == []
    assert errors(drawn) == {index: "not waited for"}
    assert [line["status"] for line in lines(drawn)].count("unknown") == 1
    update = settle(asked, drawn)
    assert update["samples"][index]["error"] == "not waited for"
    assert decided(run, update) == in_full(run, AGREED) == ("accept", True, "7")


def test_without_straggler_s_all_are_waited_for(drawer: Drawer) -> None:
    with server_of(AGREED, lambda i: 0.8 * (i == 0)) as server:
        drawn = draw_all(drawer, small_execute(run_of(bound(server))), straggler_s=None)
    assert errors(drawn) == {}
    assert [len(group[0]["replies"]) for group in drawn] == [1] * N


UNDECIDED: Final = ["7", "7", "7", "7", "7", "7", "5", "7"]
"""6 of 8 are not above 0.75, 7 of 8 are: the last one decides."""


def test_one_that_the_decision_hangs_on_is_waited_for(drawer: Drawer) -> None:
    with server_of(UNDECIDED, lambda i: 0.8 * (i == N - 1)) as server:
        run = run_of(bound(server))
        asked = small_execute(run)
        drawn = draw_all(drawer, asked, straggler_s=0.05)
    assert errors(drawn) == {}
    assert decided(run, settle(asked, drawn)) == ("accept", True, "7")


def test_one_that_the_decision_hangs_on_may_still_time_out(drawer: Drawer) -> None:
    with server_of(UNDECIDED, hanging=[N - 1]) as server:
        run = run_of(bound(server))
        asked = small_execute(run)
        drawn = draw_all(drawer, asked, straggler_s=0.05, timeout_s=2)
    assert kinds(drawn) == ["timeout"]
    assert errors(drawn) == {N - 1: "timed out"}
    assert decided(run, settle(asked, drawn)) == ("escalate", False, "7")


def test_a_lost_cause_is_not_waited_for_either(drawer: Drawer) -> None:
    answers = ["7", "7", "7", "7", "7", "7", "5", "6"]
    with server_of(answers, hanging=[2, 5]) as server:
        run = run_of(bound(server))
        asked = small_execute(run)
        drawn = draw_all(drawer, asked, straggler_s=0.8)
    assert errors(drawn) == dict.fromkeys([2, 5], "not waited for")
    assert decided(run, settle(asked, drawn))[0] == in_full(run, answers)[0] == "escalate"


def test_samples_keep_their_places_whatever_order_they_come_in(drawer: Drawer) -> None:
    answers = ["1", "2", "2", "1", "3", "3", "4", "5"]
    with server_of(answers, lambda i: 0.1 * (N - i)) as server:
        run = run_of(bound(server), stages=(1,), tau1=0.1)
        asked = small_execute(run)
        drawn = draw_all(drawer, asked, straggler_s=5)
    samples = settle(asked, drawn)["samples"]
    assert [sample["answer"] for sample in samples] == answers
    # Of three answers given twice the first one wins, which came last.
    assert decided(run, settle(asked, drawn)) == in_full(run, answers) == ("accept", True, "1")


def test_a_tie_that_the_first_sample_could_win_is_waited_for(drawer: Drawer) -> None:
    answers = ["1", "2", "2", "2", "2", "1", "1", "1"]
    with server_of(answers, lambda i: 0.8 * (i == 0)) as server:
        run = run_of(bound(server), stages=(1,), tau1=0.4)
        asked = small_execute(run)
        drawn = draw_all(drawer, asked, straggler_s=0.05)
    assert errors(drawn) == {}
    assert decided(run, settle(asked, drawn)) == ("accept", True, "1")


@pytest.mark.parametrize(
    ("answers", "given_up"),
    [("1221", {}), ("1222", {}), ("2221", {3: "not waited for"})],
    ids=["a tie it wins", "no tie after all", "decided"],
)
def test_samples_of_an_earlier_request_are_in_their_places_too(
    drawer: Drawer, answers: str, given_up: dict[int, str]
) -> None:
    def reply(body: Body) -> Reply:  # it ignores n, and is asked once more for the other three
        seed = body["seed"]
        return Reply([says(answers[seed])], delay_s=0.15 * seed + 2.0 * (seed == 3))

    settings: dict[str, Any] = {"n": 4, "tau1": 0.5, "strict": False, "seed": 0, "stages": (1,)}
    with OpenAIServer(reply) as server:
        run = run_of(bound(server, "m-ignore-n"))
        run = Run(run.cascade, {**run.state, "goals": []}, CopeContext(**settings))
        asked = small_execute(run)
        drawn = draw_all(drawer, asked, straggler_s=0.3)
    assert errors(drawn) == given_up
    assert decided(run, settle(asked, drawn)) == in_full(run, answers)
    assert in_full(run, answers)[2] == ("1" if answers == "1221" else "2")


_answers = st.lists(st.sampled_from(["1", "2", "3"]), min_size=N, max_size=N)
_missing = st.sets(st.integers(0, N - 1), max_size=N - 1)
_tau = st.sampled_from([0.0, 0.25, 0.5, 0.75])
_stages = st.sampled_from([(1,), (1, 3), (1, 2, 3)])


@given(answers=_answers, missing=_missing, tau=_tau, strict=st.booleans(), stages=_stages)
def test_what_is_given_up_would_have_changed_nothing(
    answers: list[str], missing: set[int], tau: float, strict: bool, stages: tuple[int, ...]
) -> None:
    run = run_of(MODEL, tau1=tau, strict=strict, stages=stages)
    asked = small_execute(run)
    assert asked.settled is not None
    there = [None if i in missing else whole(answer) for i, answer in enumerate(answers)]
    if not asked.settled(there):
        return
    got = decided(run, asked.update([[reply or lost("not waited for")] for reply in there]))
    full = in_full(run, answers)
    assert got[:2] == full[:2]
    assert got[2] == full[2] or got[0] != "accept"


MODEL: Final = bind(ScriptedChat(replies=[]), "small", {})
