"""`complete`: every stage is drawn in full, and what the gate would have said is written down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.errors import InputError, ModelCallError
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.tasks import MATH_PROMPTS, Task
from tests.scripted import ScriptedChat, says

ASK: Any = {"messages": [("user", "How many?")]}


def models(small: list[str]) -> tuple[ScriptedChat, ScriptedChat]:
    return (
        ScriptedChat(model_name="small", replies=small),
        ScriptedChat(model_name="large", replies=["a guideline", says("9")]),
    )


def graph_of(small: list[str], settings: CopeContext, task: Task | None = None) -> Any:
    return create_cope(*models(small), task=task or tasks.math(), defaults=settings).compile()


WHOLE = CopeContext(n=2, complete=True)
AGREED = ["goal", "goal", says("7"), says("7"), says("7"), says("7")]


def test_all_stages_run_though_the_first_would_accept() -> None:
    out = graph_of(AGREED, WHOLE).invoke(ASK)
    assert [(v["stage"], v["accepted"], v["decision"]) for v in out["visits"]] == [
        (1, True, "escalate"),
        (2, True, "hand_over"),
        (3, True, "accept"),
    ]
    assert (out["answer"], out["stage"]) == ("9", 3)


def test_an_asynchronous_run_does_the_same() -> None:
    sync = graph_of(AGREED, WHOLE).invoke(ASK)
    out = asyncio.run(graph_of(AGREED, WHOLE).ainvoke(ASK))
    assert [v["decision"] for v in out["visits"]] == [v["decision"] for v in sync["visits"]]
    assert out["ledger"]["requests"] == sync["ledger"]["requests"]


@given(wave=st.integers(1, 4), first=st.sampled_from(["7", "8"]))
def test_no_wave_ends_a_stage_early(wave: int, first: str) -> None:
    small = [says(first), says("7"), says("7"), says("7")]
    settings = CopeContext(n=4, wave=wave, complete=True, small_plan="none", stages=(1,), tau1=0.25)
    out = graph_of(small, settings).invoke(ASK)
    assert out["visits"][-1]["samples"] == 4
    assert {v["decision"] for v in out["visits"][:-1]} <= {"undecided"}


def test_a_gate_that_knows_does_not_end_the_run_either() -> None:
    def knows(_question: Question, samples: Any) -> Verdict:
        return Verdict(1.0, 0, samples[0]["answer"], "it is right", passes=True)

    task = Task("known", MATH_PROMPTS, tasks.math().read, knows)
    out = graph_of(AGREED, WHOLE, task).invoke(ASK)
    assert [v["stage"] for v in out["visits"]] == [1, 2, 3]
    assert [v["passes"] for v in out["visits"]] == [True, True, True]


def test_the_last_stage_that_runs_gives_the_answer() -> None:
    small = [says("7"), says("7")]
    settings = CopeContext(n=2, complete=True, small_plan="none", stages=(1,))
    out = graph_of(small, settings).invoke(ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == ("7", 1, True)


def test_a_client_may_not_switch_it_on() -> None:
    graph = graph_of(AGREED, CopeContext(n=2))
    with pytest.raises(InputError, match="complete may not be switched on"):
        graph.invoke(ASK, context=CopeContext(complete=True))


def test_a_request_that_fails_ends_the_run_where_a_resumed_one_asks_again() -> None:
    small = [*AGREED[:5], "cut:"]  # the script ends before the last sample of stage 2
    models_of = models(small)
    graph = create_cope(*models_of, task=tasks.math(), defaults=WHOLE)
    app = graph.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    models_of[0].replies.pop()
    with pytest.raises(ModelCallError, match="not every request came") as caught:
        app.invoke(ASK, config)
    assert [one["node"] for one in caught.value.failures] == ["small_execute"]
    assert caught.value.ledger is not None
    asked = len(models_of[0].calls)
    models_of[0].replies.extend([says("7"), says("7")])
    out = app.invoke(None, config)
    assert [v["stage"] for v in out["visits"]] == [1, 2, 3]
    assert out["failures"] == []
    assert len(models_of[0].calls) == asked + 1  # both samples of stage 2 in one request
    # The try that failed stays on the bill.
    assert out["ledger"]["requests"] == caught.value.ledger["requests"] + 2


def test_without_it_the_same_failure_costs_no_more_than_the_samples() -> None:
    out = graph_of(AGREED[:5], CopeContext(n=2, tau1=1, stages=(1, 2, 3))).invoke(ASK)
    assert (out["stage"], [one["node"] for one in out["failures"]]) == (3, ["small_execute"])


def test_an_empty_reply_is_an_outcome() -> None:
    large = ScriptedChat(model_name="large", replies=[" "])
    settings = CopeContext(n=2, complete=True, stages=(3,), last_resort="abstain")
    graph = create_cope(models([])[0], large, task=tasks.math(), defaults=settings).compile()
    out = graph.invoke(ASK)
    assert (out["answer"], [one["kind"] for one in out["failures"]]) == (None, ["empty"])
