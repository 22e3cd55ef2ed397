"""Several small models vote one after another, until a quorum agrees or cannot any more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import PLAN_FREE, ChatCope, CopeContext, create_cope, tasks
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
THREAD: dict[str, Any] = {"configurable": {"thread_id": "t"}}


class DeadChat(ScriptedChat):
    """Fails each request."""

    def _generate(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> ChatResult:
        self._calls.append({"messages": messages, **kwargs})
        msg = "it is dead"
        raise ConnectionError(msg)


def voter(name: str, *replies: str) -> ScriptedChat:
    return ScriptedChat(model_name=name, replies=list(replies))


def voters(*answers: str | None) -> list[ScriptedChat]:
    """Make plan-free voters of one sample each; `None` says nothing that can be read."""
    said = ["no idea" if answer is None else says(answer) for answer in answers]
    return [voter(name, text) for name, text in zip("abcdefgh", said, strict=False)]


def cope(
    small: list[ScriptedChat], large: ScriptedChat, start: CopeContext = PLAN_FREE, **own: Any
) -> Any:
    chosen = {name: getattr(start, name) for name in start.model_fields_set}
    defaults = CopeContext(**{**chosen, **own})
    return create_cope(small, large, task=tasks.math(), defaults=defaults)


def asked(models: list[ScriptedChat]) -> str:
    return "".join(model.model_name for model in models if model.calls)


@pytest.mark.parametrize(
    ("answers", "quorum", "who", "answer", "reason"),
    [
        (["7", "7", "8", "7"], 2, "ab", "7", "2 of 2 samples agree; a quorum of 2 is met"),
        (["7", "8", "7", "8"], 2, "abc", "7", "2 of 3 samples agree; a quorum of 2 is met"),
        (["7", "8", "8", "7"], 2, "abc", "8", "2 of 3 samples agree; a quorum of 2 is met"),
        (["7", None, "8", "7"], 2, "abcd", "7", "2 of 4 samples agree; a quorum of 2 is met"),
        (["7", "8", "7", "7"], 3, "abcd", "7", "3 of 4 samples agree; a quorum of 3 is met"),
    ],
)
def test_the_first_draw_with_a_quorum_accepts(
    run: Runner, answers: list[str | None], quorum: int, who: str, answer: str, reason: str
) -> None:
    small, large = voters(*answers), voter("large")
    out = run(cope(small, large, quorum=quorum).compile(), ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == (answer, 1, True)
    assert asked(small) == who
    assert large.calls == []
    assert out["reason"] == reason
    assert out["visits"][-1]["model"] == ", ".join(who)
    assert out["confidence"] == pytest.approx(quorum / len(who))
    assert [line["model"] for line in out["ledger"]["lines"]] == [*who]


@pytest.mark.parametrize(
    ("answers", "quorum", "who", "reason"),
    [
        (["7", "8", "9", "6"], 2, "abcd", "1 of 4 samples agree; a quorum of 2 is not met"),
        (["7", "8", "9", "7"], 3, "abc", "1 of 3 samples agree; a quorum of 3 is out of reach"),
        ([None, None, None, "7"], 2, "abc", "none of 3 samples has a readable answer; a quorum "),
        (["7", "8", "7", "7"], 4, "ab", "1 of 2 samples agree; a quorum of 4 is out of reach"),
    ],
)
def test_a_quorum_that_cannot_be_reached_any_more_escalates_at_once(
    both: Runner, answers: list[str | None], quorum: int, who: str, reason: str
) -> None:
    small, large = voters(*answers), voter("large", says("42"))
    out = both(cope(small, large, quorum=quorum).compile(), ASK)
    assert (out["answer"], out["stage"]) == ("42", 3)
    assert asked(small) == who
    assert out["visits"][-2]["reason"].startswith(reason)


def test_without_a_quorum_the_thresholds_decide_on_the_same_schedule(both: Runner) -> None:
    small, large = voters("7", "7", "7", "8"), voter("large")
    out = both(cope(small, large, tau1=0.5).compile(), ASK)
    assert (out["answer"], asked(small)) == ("7", "abc")  # the fourth cannot change it


def test_several_samples_a_voter_are_one_draw_each(both: Runner) -> None:
    small = [voter("a", says("7"), says("8")), voter("b", says("8"), says("7"))]
    small.append(voter("c"))
    out = both(cope(small, voter("large"), n=6, quorum=2).compile(), ASK)
    assert [[call["n"] for call in model.calls] for model in small] == [[2], [2], []]
    assert out["answer"] == "7"  # of two quorums in one draw the one that began first
    assert [visit["samples"] for visit in out["visits"]] == [2, 4]


def test_a_wave_cuts_a_voters_draw_further(both: Runner) -> None:
    small = [voter("a", says("7"), says("7")), voter("b")]
    out = both(cope(small, voter("large"), n=8, wave=2, quorum=2).compile(), ASK)
    assert [call["n"] for call in small[0].calls] == [2]
    assert out["visits"][-1]["samples"] == 2


def test_a_single_model_has_a_quorum_too(both: Runner) -> None:
    small = voter("a", says("7"), says("8"), says("7"))
    graph = create_cope(
        small, voter("large"), task=tasks.math(), defaults=CopeContext(
            small_plan="none", stages=(1, 3), n=4, wave=1, quorum=2
        )
    ).compile()  # fmt: skip
    out = both(graph, ASK)
    assert (out["answer"], len(small.calls)) == ("7", 3)


def test_a_dead_voter_is_a_lost_sample_and_the_next_one_goes_on(both: Runner) -> None:
    small = [DeadChat(model_name="a", replies=[]), *voters(*"x777")[1:]]
    out = both(cope(small, voter("large"), quorum=2, retries=0).compile(), ASK)
    assert (out["answer"], asked(small)) == ("7", "abc")
    assert [failure["model"] for failure in out["failures"]] == ["a"]
    assert "(1 lost: " in out["reason"]


def test_a_dead_voter_fails_its_plan_and_the_next_one_plans_for_itself(both: Runner) -> None:
    small: list[ScriptedChat] = [DeadChat(model_name="a", replies=[])]
    small += [voter(name, f"goal {name}", says("7")) for name in "bc"]
    out = both(cope(small, voter("large"), CopeContext(), quorum=2, retries=0).compile(), ASK)
    assert out["answer"] == "7"
    assert [("goal b" in text, "goal c" in text) for text in small[1].prompts] == [
        (False, False),
        (True, False),
    ]


def test_each_voter_plans_before_it_draws_and_those_never_asked_plan_nothing(
    run: Runner,
) -> None:
    small = [voter(name, f"goal {name}", says("7")) for name in "abcd"]
    out = run(cope(small, voter("large"), CopeContext(), quorum=2).compile(), ASK)
    assert asked(small) == "ab"
    for model in small[:2]:
        assert f"goal {model.model_name}" in model.prompts[1]
        assert all("goal" not in prompt for prompt in model.prompts[:1])
    nodes = [(line["node"], line["model"]) for line in out["ledger"]["lines"]]
    assert nodes == [
        ("small_plan", "a"),
        ("small_execute", "a"),
        ("small_plan", "b"),
        ("small_execute", "b"),
    ]


def test_stage_2_asks_the_voters_again_under_a_goal_of_the_majority_and_the_guideline(
    both: Runner,
) -> None:
    small = [
        voter("a", "goal a", says("1"), says("7")),
        voter("b", "goal b", says("2"), says("8")),
        voter("c", "goal c", says("3"), says("7")),
        voter("d", "goal d", says("4")),
    ]
    out = both(cope(small, voter("large", "a guideline"), CopeContext(), quorum=2).compile(), ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == ("7", 2, True)
    assert len(small[3].calls) == 2  # stage 1 alone
    for model in small[:3]:
        assert "a guideline" in model.prompts[-1]
        assert "goal a" in model.prompts[-1]  # of the answer that came first
    assert [visit["decision"] for visit in out["visits"]] == [
        *["undecided"] * 3,
        "escalate",
        *["undecided"] * 2,
        "accept",
    ]


def test_a_seed_gives_each_sample_its_own(both: Runner) -> None:
    small = [voter(name, "a goal", says(name)) for name in "123"]
    graph = cope(small, voter("large", says("9")), CopeContext(stages=(1, 3)), seed=5, quorum=2)
    both(graph.compile(), ASK)
    assert [[call["seed"] for call in model.calls] for model in small] == [[5, 5], [6, 6], [7, 7]]


def test_a_run_that_stops_in_the_middle_resumes_and_pays_nobody_twice(both: Runner) -> None:
    small = [voter(name, f"goal {name}", says(name)) for name in "123"]
    small.append(voter("4", "goal 4", says("3")))
    saver = InMemorySaver()
    graph = cope(small, voter("large"), CopeContext(), quorum=2)
    stopping = graph.compile(checkpointer=saver, interrupt_before=["small_execute"])
    both(stopping, ASK, THREAD)
    assert asked(small) == "1"
    for _ in range(3):
        both(stopping, None, THREAD)
    assert asked(small) == "1234"
    out = both(graph.compile(checkpointer=saver), None, THREAD)
    assert out["answer"] == "3"
    assert [len(model.calls) for model in small] == [2, 2, 2, 2]
    assert len(out["ledger"]["lines"]) == 8


def test_a_resumed_run_may_leave_the_plans_of_the_next_voters_out(both: Runner) -> None:
    small = [voter("a", "goal a", says("7")), voter("b", says("7"))]
    graph = cope(small, voter("large"), CopeContext(), quorum=2)
    saver = InMemorySaver()
    both(graph.compile(checkpointer=saver, interrupt_before=["confidence_gate"]), ASK, THREAD)
    out = both(graph.compile(checkpointer=saver), None, THREAD, context={"small_plan": "none"})
    assert (out["answer"], len(small[1].calls)) == ("7", 1)


def test_the_samples_say_whose_they_are_where_there_are_several(both: Runner) -> None:
    graph = cope(voters("7", "7"), voter("large"), quorum=2)
    saver = InMemorySaver()
    compiled = graph.compile(checkpointer=saver)
    both(compiled, ASK, THREAD)
    state = compiled.get_state(THREAD).values
    assert [sample["model"] for sample in state["samples"]] == ["a", "b"]


def test_the_next_turn_of_a_thread_begins_with_the_first_voter(both: Runner) -> None:
    small = [voter(name, says("7"), says("8")) for name in "ab"]
    graph = cope(small, voter("large"), quorum=2).compile(checkpointer=InMemorySaver())
    assert [both(graph, ASK, THREAD)["answer"] for _ in range(2)] == ["7", "8"]
    assert [len(model.calls) for model in small] == [2, 2]


def test_the_last_stage_asks_all_for_the_best_answer_there_is(both: Runner) -> None:
    small = voters("1", "2", "3", "2")
    out = both(cope(small, voter("large"), stages=(1,), quorum=3).compile(), ASK)
    assert (out["answer"], out["accepted"], asked(small)) == ("2", False, "abcd")


def test_the_chat_model_takes_a_list(both: Runner) -> None:
    small = voters("7", "7", "7")
    defaults = PLAN_FREE.model_copy(update={"quorum": 2})
    given: list[Any] = [*small]
    model = ChatCope(small=given, large=voter("l"), task=tasks.math(), defaults=defaults)
    given.clear()  # it is built of what it was given
    said = both(model, "How many?")
    assert said.response_metadata["cope"]["answer"] == "7"  # type: ignore[attr-defined]
    assert asked(small) == "ab"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["7", "8", "9", None]), min_size=4, max_size=4), st.integers(1, 4))
def test_the_graph_accepts_exactly_where_the_full_draw_has_a_quorum(
    answers: list[str | None], quorum: int
) -> None:
    small, large = voters(*answers), voter("large", says("42"))
    out = cope(small, large, quorum=quorum).compile().invoke(ASK)
    counts = [answers.count(answer) for answer in set(answers) - {None}]
    assert (out["stage"] == 1) is (max(counts, default=0) >= quorum)
    if out["stage"] == 1 and quorum > 2:
        assert answers.count(out["answer"]) == max(counts)


def test_the_drawing_has_an_edge_back_to_the_plans_of_the_next_voter(snapshot: Any) -> None:
    several = cope(voters("7", "7"), voter("large"), quorum=2).compile().get_graph()
    assert several.draw_mermaid() == snapshot
    single = create_cope(voter("a"), voter("large"), task=tasks.math()).compile().get_graph()
    own = {(edge.source, edge.target) for edge in several.edges}
    assert own - {(edge.source, edge.target) for edge in single.edges} == {
        ("confidence_gate", "small_plan")
    }
