"""The paths of the graph, each run in every way a graph can be run."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import PrivateAttr

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.errors import ModelCallError, NoAnswerError
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner

ASK = {"messages": [("user", "How many?")]}
GOALS = [f"goal {i}" for i in range(8)]
SURE = [says("3")] * 7 + [says("4")]
THREAD = {"configurable": {"thread_id": "t"}}
UNSURE = [says("3")] * 4 + [says("4")] * 3 + ["no idea"]


def cascade(small: list[str], large: list[str], **settings: Any) -> tuple[Any, Any, Any]:
    chats = ScriptedChat(model_name="s", replies=small), ScriptedChat(model_name="l", replies=large)
    defaults = CopeContext(**settings)
    return create_cope(*chats, task=tasks.math(), defaults=defaults), *chats


def decisions(out: dict[str, Any]) -> list[tuple[int, str]]:
    return [(visit["stage"], visit["decision"]) for visit in out["visits"]]


def test_stage_1_accepts_above_the_threshold(run: Runner) -> None:
    graph, small, large = cascade(GOALS + SURE, [])
    out = run(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["confidence"]) == ("3", 1, 0.875)
    assert out["accepted"]
    assert out["messages"][-1].text == says("3")
    assert decisions(out) == [(1, "accept")]
    assert [call["n"] for call in small.calls] == [8] + [1] * 8
    assert large.calls == []


def test_stage_2_executes_the_large_models_plan(run: Runner) -> None:
    graph, small, large = cascade(GOALS + UNSURE + [says("9")] * 5 + ["?"] * 3, ["a guideline"])
    out = run(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["confidence"]) == ("9", 2, 0.625)
    assert decisions(out) == [(1, "escalate"), (2, "accept")]
    assert len(large.calls) == 1
    assert "a guideline" in small.prompts[-1]


def test_stage_3_reuses_the_guideline_and_shows_no_goal(run: Runner) -> None:
    graph, _, large = cascade(GOALS + UNSURE * 2, ["a guideline", says("42")])
    out = run(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["confidence"]) == ("42", 3, None)
    assert decisions(out) == [(1, "escalate"), (2, "hand_over"), (3, "accept")]
    assert "a guideline" in large.prompts[1]
    assert "goal " not in large.prompts[1]


def test_the_temperatures_are_the_papers(both: Runner) -> None:
    graph, small, large = cascade(GOALS + UNSURE * 2, ["a guideline", says("42")])
    both(graph.compile(), ASK)
    assert [call["temperature"] for call in small.calls] == [0.8] + [0.4] * 8 + [0.8]
    assert [call["temperature"] for call in large.calls] == [0.8, 0.0]


def test_each_sample_of_stage_1_follows_its_own_goal(both: Runner) -> None:
    graph, small, _ = cascade(GOALS + SURE, [])
    both(graph.compile(), ASK)
    asked = small.prompts[1:]
    assert sorted(goal for goal in GOALS for prompt in asked if goal in prompt) == GOALS


def test_stage_2_gets_a_goal_from_behind_the_majority(both: Runner) -> None:
    for seed in range(20):
        graph, small, _ = cascade(GOALS + UNSURE + SURE, ["a guideline"], seed=seed)
        out = both(graph.compile(), ASK)
        # The scripted samples are dealt in the order the side-by-side requests arrive.
        asked = {c["messages"][-1].content: i for i, c in enumerate(small.calls[1:9])}
        majority = [p for p, i in asked.items() if UNSURE[i] == says("3")]
        named = [goal for goal in GOALS if goal in small.prompts[-1]]
        assert len(named) == 1
        assert any(named[0] in prompt for prompt in majority)
        assert out["stage"] == 2


@pytest.mark.parametrize(
    ("settings", "small", "large", "path", "nodes"),
    [
        pytest.param(
            {"small_plan": "none", "stages": (1, 3)},
            UNSURE,
            [says("5")],
            [(1, "hand_over"), (3, "accept")],
            ["small_execute", "large_execute"],
            id="plan-free",
        ),
        pytest.param(
            {"stages": (1, 3)},
            GOALS + UNSURE,
            [says("5")],
            [(1, "hand_over"), (3, "accept")],
            ["small_plan", "small_execute", "large_execute"],
            id="S1+S3",
        ),
        pytest.param(
            {"stages": (1, 3), "own_plan": True},
            GOALS + UNSURE,
            ["own plan", says("5")],
            [(1, "escalate"), (3, "accept")],
            ["small_plan", "small_execute", "large_plan", "large_execute"],
            id="S1+S3 with its own plan",
        ),
        pytest.param(
            {"stages": (2, 3)},
            UNSURE,
            ["a guideline", says("5")],
            [(2, "hand_over"), (3, "accept")],
            ["large_plan", "small_execute", "large_execute"],
            id="S2+S3",
        ),
        pytest.param(
            {"stages": (1, 2)},
            GOALS + UNSURE + UNSURE,
            ["a guideline"],
            [(1, "escalate"), (2, "accept")],
            ["small_plan", "small_execute", "large_plan", "small_execute"],
            id="S1+S2",
        ),
        pytest.param(
            {"stages": (1,)},
            GOALS + UNSURE,
            [],
            [(1, "accept")],
            ["small_plan", "small_execute"],
            id="S1",
        ),
        pytest.param(
            {"stages": (2,)},
            UNSURE,
            ["a guideline"],
            [(2, "accept")],
            ["large_plan", "small_execute"],
            id="S2",
        ),
        pytest.param(
            {"stages": (3,)}, [], [says("5")], [(3, "accept")], ["large_execute"], id="S3"
        ),
        pytest.param(
            {"stages": (3,), "own_plan": True},
            [],
            ["own plan", says("5")],
            [(3, "accept")],
            ["large_plan", "large_execute"],
            id="S3 with its own plan",
        ),
        pytest.param(
            {"small_plan": "guideline"},
            GOALS + SURE,
            [],
            [(1, "accept")],
            ["small_plan", "small_execute"],
            id="small guidelines",
        ),
        pytest.param(
            {"tau1": 0.4},
            GOALS + UNSURE,
            [],
            [(1, "accept")],
            ["small_plan", "small_execute"],
            id="tau1",
        ),
        pytest.param(
            {"tau1": 0.5, "strict": False},
            GOALS + UNSURE,
            [],
            [(1, "accept")],
            ["small_plan", "small_execute"],
            id="not strict",
        ),
    ],
)
def test_every_ablation_is_a_setting(
    both: Runner,
    settings: dict[str, Any],
    small: list[str],
    large: list[str],
    path: list[tuple[int, str]],
    nodes: list[str],
) -> None:
    graph, *_ = cascade(small, large, **settings)
    out = both(graph.compile(), ASK)
    assert decisions(out) == path
    lines = [line["node"] for line in out["ledger"]["lines"]]
    assert [node for i, node in enumerate(lines) if i == 0 or lines[i - 1] != node] == nodes


def test_the_last_stage_below_its_threshold_answers_unaccepted_or_abstains(both: Runner) -> None:
    graph, *_ = cascade(GOALS + UNSURE, [], stages=(1,))
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["accepted"], out["confidence"]) == ("3", False, 0.5)
    assert "best answer there was" in out["reason"]
    graph, *_ = cascade(GOALS + UNSURE, [], stages=(1,), last_resort="abstain")
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["accepted"]) == (None, False)
    assert out["reason"].startswith("abstained: ")
    assert len(out["messages"]) == 1


def test_a_last_reply_without_an_answer_falls_back_to_the_best_so_far(both: Runner) -> None:
    graph, *_ = cascade(GOALS + UNSURE * 2, ["a guideline", "I cannot say."])
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == ("3", 2, False)


def test_no_answer_in_any_sample_is_a_typed_error_with_the_bill(both: Runner) -> None:
    graph, *_ = cascade(["g"] * 8 + ["?"] * 16, ["a guideline", "none"])
    with pytest.raises(NoAnswerError, match="No stage gave a math answer") as caught:
        both(graph.compile(), ASK)
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == 12


def test_no_answer_in_a_stage_escalates_with_the_reason(both: Runner) -> None:
    graph, *_ = cascade(GOALS + ["?"] * 8 + SURE, ["a guideline"])
    out = both(graph.compile(), ASK)
    assert out["visits"][0]["confidence"] is None
    assert "none of 8 samples" in out["visits"][0]["reason"]
    assert (out["answer"], out["stage"]) == ("3", 2)


def test_a_sample_cut_at_the_token_limit_has_no_answer(both: Runner) -> None:
    graph, *_ = cascade(GOALS + [says("3")] * 6 + ["cut:" + says("3")] * 2, [], stages=(1,))
    out = both(graph.compile(), ASK)
    assert (out["confidence"], out["accepted"]) == (0.75, False)


def test_waves_stop_when_the_rest_cannot_change_the_decision(both: Runner) -> None:
    graph, small, _ = cascade([says("3")] * 8, [], small_plan="none", stages=(1, 3), wave=2, n=8)
    out = both(graph.compile(), ASK)
    assert decisions(out) == [(1, "undecided")] * 3 + [(1, "accept")]
    assert [call["n"] for call in small.calls] == [2, 2, 2, 2]
    graph, small, _ = cascade(["?"] * 8, [says("1")], small_plan="none", stages=(1, 3), wave=1, n=8)
    out = both(graph.compile(), ASK)
    assert decisions(out) == [(1, "undecided"), (1, "hand_over"), (3, "accept")]
    assert [call["n"] for call in small.calls] == [1, 1]


def test_waves_follow_the_goals_in_turn(both: Runner) -> None:
    graph, small, _ = cascade(GOALS + [says("3")] * 8, [], wave=3)
    out = both(graph.compile(), ASK)
    assert out["accepted"]
    assert sorted(small.prompts[1:]) == sorted(
        tasks.MATH_PROMPTS.executor("How many?", [tasks.Plan("goal", goal)])
        for goal in GOALS[: len(small.prompts) - 1]
    )


def test_a_runs_context_overrides_the_defaults(run: Runner) -> None:
    graph, small, _ = cascade([says("3")] * 4, [])
    context = {**PLAN_FREE.model_dump(exclude_defaults=True), "n": 4}
    out = run(graph.compile(), ASK, context=context)
    assert out["visits"][0]["samples"] == 4
    assert [call["n"] for call in small.calls] == [4]


@pytest.mark.parametrize("saver", ["memory", "sqlite"])
def test_a_second_turn_sees_nothing_of_the_first(saver: str) -> None:
    graph, small, _ = cascade(
        GOALS + UNSURE * 2 + [f"other {i}" for i in range(8)] + SURE, ["old plan", says("42")]
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    checkpointer = InMemorySaver() if saver == "memory" else None
    if checkpointer:
        _two_turns(graph.compile(checkpointer=checkpointer), config, small)
        return
    with SqliteSaver.from_conn_string(":memory:") as sqlite:
        _two_turns(graph.compile(checkpointer=sqlite), config, small)


def _two_turns(app: Any, config: Any, small: Any) -> None:
    first = app.invoke(ASK, config)
    assert first["stage"] == 3
    second = app.invoke({"messages": [("user", "And now?")]}, config)
    assert (second["answer"], second["stage"], second["confidence"]) == ("3", 1, 0.875)
    assert len(second["visits"]) == 1
    assert second["ledger"]["requests"] == 9
    state = app.get_state(config).values
    assert state["guideline"] is None
    assert state["goals"] == [f"other {i}" for i in range(8)]
    assert [m.type for m in second["messages"]] == ["human", "ai", "human", "ai"]
    # The conversation reaches planner and executor, the old plans do not.
    last = small.calls[-1]["messages"]
    assert [m.type for m in last] == ["human", "ai", "human"]
    assert "old plan" not in str(last)


@pytest.mark.parametrize(
    ("without_plan", "path"),
    [
        (2, [(1, "escalate"), (2, "hand_over"), (3, "accept")]),
        (3, [(1, "escalate"), (3, "accept")]),
    ],
)
def test_a_plan_that_fails_leads_to_stage_2_without_it_or_on_to_stage_3(
    both: Runner, without_plan: Any, path: list[tuple[int, str]]
) -> None:
    graph, small, large = cascade(GOALS + UNSURE * 2, ["", says("42")], without_plan=without_plan)
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["degraded"]) == ("42", 3, False)
    assert decisions(out) == path
    assert [(f["node"], f["side"], f["kind"]) for f in out["failures"]] == [
        ("large_plan", "large", "empty")
    ]
    assert "First" not in large.prompts[1]
    if without_plan == 2:
        assert "goal " in small.prompts[-1]
        assert "the large model wrote no plan" in out["visits"][1]["reason"]


def test_a_small_model_that_is_down_leaves_the_question_to_the_large_one(both: Runner) -> None:
    graph, _, large = cascade([], ["a guideline", says("42")])
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == ("42", 3, True)
    assert {f["side"] for f in out["failures"]} == {"small"}
    assert "none of 8 samples has a readable answer (8 lost" in out["visits"][0]["reason"]
    assert all("script of s ended" in f["message"] for f in out["failures"])
    assert len(large.calls) == 2


def test_a_large_model_that_is_down_leaves_the_best_small_answer_degraded(both: Runner) -> None:
    graph, *_ = cascade(GOALS + UNSURE * 2, [])
    out = both(graph.compile(), ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == ("3", 2, False)
    assert (out["degraded"], out["stopped_by"]) == (True, None)
    assert [(f["node"], f["kind"]) for f in out["failures"]] == [
        ("large_plan", "broken"),
        ("large_execute", "broken"),
    ]


def test_a_lost_sample_counts_without_an_answer_and_says_why(both: Runner) -> None:
    graph, *_ = cascade(GOALS + [says("3")] * 6, [], stages=(1,))
    app = graph.compile(checkpointer=InMemorySaver())
    out = both(app, ASK, THREAD)
    assert (out["answer"], out["confidence"], out["accepted"]) == ("3", 0.75, False)
    assert (out["failures"][0]["requests"], out["visits"][0]["samples"]) == (2, 8)
    lost = [s for s in app.get_state(THREAD).values["samples"] if "error" in s]
    assert [sample["answer"] for sample in lost] == [None, None]
    assert [sample["error"] for sample in lost] == ["broken", "broken"]


def test_two_models_that_are_down_are_a_typed_error_with_the_bill(both: Runner) -> None:
    graph, *_ = cascade([], [])
    with pytest.raises(ModelCallError, match="script of l ended") as caught:
        both(graph.compile(), ASK)
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == len(caught.value.ledger["lines"]) == 5
    assert caught.value.ledger["status"] == "unknown"


class Stopping(ScriptedChat):
    """Ends the run at its first request, as Ctrl-C does."""

    _stopped: bool = PrivateAttr(default=False)

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        if not self._stopped:
            self._stopped = True
            raise KeyboardInterrupt
        return super()._generate(*args, **kwargs)


def broken_off(small: list[str], large: list[str]) -> tuple[Any, Any, Any]:
    """Break a run off at the large model's first request; its thread is "t"."""
    chats = (
        ScriptedChat(model_name="s", replies=small),
        Stopping(model_name="l", replies=large),
    )
    app = create_cope(*chats, task=tasks.math()).compile(checkpointer=InMemorySaver())
    with pytest.raises(KeyboardInterrupt):
        app.invoke(ASK, THREAD)  # type: ignore[call-overload]
    return app, *chats


def test_a_new_turn_after_a_run_that_broke_off_starts_afresh() -> None:
    app, *_ = broken_off(GOALS + UNSURE + [f"other {i}" for i in range(8)] + SURE, [])
    out = app.invoke({"messages": [("user", "Again?")]}, THREAD)
    assert (out["stage"], out["ledger"]["requests"], len(out["visits"])) == (1, 9, 1)


def test_a_run_that_broke_off_resumes_and_keeps_its_bill() -> None:
    app, small, large = broken_off(GOALS + UNSURE + SURE, ["a guideline"])
    assert len(small.calls) == 9
    out = app.invoke(None, THREAD)
    assert (out["stage"], out["ledger"]["requests"]) == (2, 11)
    assert (len(small.calls), len(large.calls)) == (10, 1)


def test_runs_side_by_side_keep_their_own_answers() -> None:
    graph, *_ = cascade([says("3")] * 64, [], small_plan="none", stages=(1,))
    app = graph.compile()
    outs = app.batch([{"messages": [("user", f"q{i}")]} for i in range(8)])
    assert [out["messages"][0].text for out in outs] == [f"q{i}" for i in range(8)]
    assert all(out["ledger"]["requests"] == 1 for out in outs)


@pytest.mark.parametrize("node", ["small_plan", "small_execute", "confidence_gate", "large_plan"])
def test_a_run_paused_before_a_node_goes_on_and_pays_nothing_twice(node: str) -> None:
    graph, small, large = cascade(GOALS + UNSURE * 2, ["a guideline", says("42")])
    app = graph.compile(checkpointer=InMemorySaver(), interrupt_before=[node])
    config: Any = {"configurable": {"thread_id": "t"}}
    app.invoke(ASK, config)
    while app.get_state(config).next:
        out = app.invoke(None, config)
    assert (out["answer"], out["stage"], out["ledger"]["requests"]) == ("42", 3, 12)
    assert len(small.calls) + len(large.calls) == 12


def test_a_question_edited_before_the_first_node_is_the_one_asked() -> None:
    graph, small, _ = cascade([says("3")] * 8, [], small_plan="none", stages=(1,))
    app = graph.compile(checkpointer=InMemorySaver(), interrupt_before=["small_execute"])
    config: Any = {"configurable": {"thread_id": "t"}}
    app.invoke(ASK, config)
    message = app.get_state(config).values["messages"][-1]
    edited = HumanMessage("How many, edited?", id=message.id)
    app.update_state(config, {"messages": [edited]})
    out = app.invoke(None, config)
    assert "edited?" in small.prompts[0]
    assert out["messages"][0].text == "How many, edited?"


def test_a_run_resumed_with_a_smaller_n_judges_what_was_drawn() -> None:
    graph, *_ = cascade([says("3")] * 4 + [says("4")] * 4, [says("5")])
    app = graph.compile(checkpointer=InMemorySaver(), interrupt_before=["confidence_gate"])
    config: Any = {"configurable": {"thread_id": "t"}}
    app.invoke(ASK, config, context=PLAN_FREE)
    context = {**PLAN_FREE.model_dump(exclude_defaults=True), "n": 4}
    app.invoke(None, config, context=context)
    visit = app.get_state(config).values["visits"][0]
    assert (visit["confidence"], visit["decision"]) == (0.5, "hand_over")
