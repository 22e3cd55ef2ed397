"""A state or a jump that no run of the graph made is refused before any model is asked."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, Send

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.errors import InputError, ThreadBusyError
from cope_graph.money.ledger import total
from cope_graph.stages.run import FRESH
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.money.lines import line

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
THREAD: Any = {"configurable": {"thread_id": "t"}}
NODES = ["small_plan", "small_execute", "large_plan", "large_execute", "confidence_gate"]
IMAGE: dict[str, Any] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


class Cope:
    """A graph of scripted models with a thread, and how often its models were asked."""

    def __init__(self, before: list[str] | None = None, **settings: Any) -> None:
        self.small = ScriptedChat(model_name="s", replies=[says("3")] * 99)
        self.large = ScriptedChat(model_name="l", replies=[says("9")] * 9)
        defaults = CopeContext(**settings)
        graph = create_cope(self.small, self.large, task=tasks.math(), defaults=defaults)
        self.app: Any = graph.compile(checkpointer=InMemorySaver(), interrupt_before=before)

    @property
    def asked(self) -> int:
        return len(self.small.calls) + len(self.large.calls)

    def resume(self, run: Runner) -> Any:
        """Go on to the end: an edit of the state makes a run pause once more."""
        out = None
        while self.app.get_state(THREAD).next:
            out = run(self.app, None, THREAD)
        return out


@pytest.mark.parametrize("node", NODES)
def test_a_fresh_thread_has_no_way_past_its_start(both: Runner, node: str) -> None:
    cope = Cope()
    # LangGraph runs the first node beside the one that is jumped to: one of them is refused first.
    with pytest.raises((InputError, ThreadBusyError)):
        both(cope.app, Command(goto=node), THREAD)
    assert cope.asked == 0


@pytest.mark.parametrize("node", ["large_plan", "large_execute"])
def test_a_jump_with_a_question_does_not_reach_the_large_model(both: Runner, node: str) -> None:
    cope = Cope()
    with pytest.raises((InputError, ThreadBusyError)):
        both(cope.app, Command(goto=node, update=ASK), THREAD)
    assert cope.large.calls == []


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("given", [{}, ASK, {**ASK, "entering": True, "stage": 3}])
def test_a_node_is_not_run_on_a_state_of_the_callers_making(
    both: Runner, node: str, given: dict[str, Any]
) -> None:
    cope = Cope()
    both(cope.app, ASK, THREAD)
    before = cope.asked
    with pytest.raises(InputError, match="not one this graph wrote"):
        both(cope.app, Command(goto=Send(node, given)), THREAD)
    assert cope.asked == before


@pytest.mark.parametrize("node", NODES)
def test_a_thread_that_has_ended_waits_for_a_question(both: Runner, node: str) -> None:
    cope = Cope()
    both(cope.app, ASK, THREAD)
    before = cope.asked
    with pytest.raises(InputError, match=r"last message must be the user's question|has no part"):
        both(cope.app, Command(goto=node), THREAD)
    assert cope.asked == before


BILL: Any = total([line()])
WRONG: list[dict[str, Any]] = [
    {"stage": 4},
    {"stage": "1"},
    {"stage": None},
    {"run": None},
    {"run": ["a"]},
    {"goals": "a goal"},
    {"goals": [1]},
    {"goals": None},
    {"goal": 3},
    {"guideline": ["a"]},
    {"samples": [{"answer": "9"}]},
    {"samples": ["9"]},
    {"samples": [None]},
    {"samples": {}},
    {"best": {"answer": "9"}},
    {"best": "9"},
    {"visits": [{}]},
    {"failures": ["none"]},
    {"stopped_by": "boredom"},
    {"seconds": -1.0},
    {"seconds": "0"},
    {"seconds": float("nan")},
    {"ledger": None},
    {"ledger": {}},
    {"ledger": {**BILL, "lines": [{}]}},
    {"ledger": {**BILL, "lines": [line(usd="-1")]}},
    {"ledger": {**BILL, "lines": [line(usd_upper="-1")]}},
    {"ledger": {**BILL, "lines": [line(usd_upper="cheap")]}},
    {"ledger": {**BILL, "lines": [line(usd_upper="NaN")]}},
    {"ledger": {**BILL, "lines": [line(usd="1e9999999")]}},
    {"ledger": {**BILL, "lines": [line(tokens_upper="3")]}},
]


@pytest.mark.parametrize("edit", WRONG)
@pytest.mark.parametrize(
    ("after", "node"), [("small_plan", "small_execute"), ("small_execute", "confidence_gate")]
)
def test_an_edited_state_of_the_wrong_shape_is_refused_by_the_keys_name(
    both: Runner, after: str, node: str, edit: dict[str, Any]
) -> None:
    cope = Cope([node])
    both(cope.app, ASK, THREAD)
    before = cope.asked
    cope.app.update_state(THREAD, edit, after)
    with pytest.raises(InputError, match=f"not one this graph wrote.*{next(iter(edit))}"):
        cope.resume(both)
    assert cope.asked == before


def test_a_state_edited_in_the_right_shape_goes_on(both: Runner) -> None:
    cope = Cope(["small_execute"])
    both(cope.app, ASK, THREAD)
    goals = [f"my goal {i}" for i in range(8)]
    cope.app.update_state(THREAD, {"goals": goals}, "small_plan")
    assert cope.resume(both)["answer"] == "3"
    assert all("my goal" in prompt for prompt in cope.small.prompts[1:])


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ([], "user's question"),
        ([HumanMessage(" ")], "question is empty"),
        ([HumanMessage([IMAGE])], "part of type 'image_url'"),
    ],
)
def test_a_question_edited_into_none_is_refused(both: Runner, edit: Any, sentence: str) -> None:
    cope = Cope(["small_execute"], small_plan="none", stages=(1, 3))
    both(cope.app, ASK, THREAD)
    told = edit or [AIMessage("I speak last.")]
    cope.app.update_state(THREAD, {"messages": told})
    with pytest.raises(InputError, match=sentence):
        cope.resume(both)
    assert cope.asked == 0


@pytest.mark.parametrize(
    ("settings", "node"),
    [
        ({"stages": (1,)}, "large_execute"),
        ({"stages": (1,)}, "large_plan"),
        ({"stages": (1, 3)}, "large_plan"),
        ({"stages": (1, 2)}, "large_execute"),
        ({"stages": (3,)}, "small_execute"),
        ({"stages": (3,)}, "small_plan"),
        ({"stages": (1, 2, 3), "small_plan": "none"}, "small_plan"),
    ],
)
@pytest.mark.parametrize("by", ["the operator", "the run"])
def test_a_node_outside_the_runs_stages_is_refused(
    both: Runner, settings: dict[str, Any], node: str, by: str
) -> None:
    cope = Cope(**(settings if by == "the operator" else {}))
    context = None if by == "the operator" else settings
    both(cope.app, ASK, THREAD, context=context)
    before = cope.asked
    stage = settings["stages"][0]
    state = {**FRESH, "run": "r", "stage": stage, "messages": [HumanMessage("How many?")]}
    with pytest.raises(InputError, match=f"{node} has no part in stage {stage} of a run"):
        both(cope.app, Command(goto=Send(node, state)), THREAD, context=context)
    assert cope.asked == before


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([("user", "half a character: \ud83d")], "lone surrogate"),
        ([("user", "\udc00 first"), ("ai", "3"), ("user", "And now?")], "lone surrogate"),
        ([HumanMessage([{"type": "text", "text": "a \ud800"}])], "lone surrogate"),
        ([HumanMessage([{"type": "text", "text": "What is it?"}, IMAGE])], "'image_url'"),
        ([HumanMessage([{"type": "audio"}])], "'audio'"),
    ],
)
@pytest.mark.parametrize("stages", [(1, 2, 3), (2, 3), (3,)])
def test_what_is_no_text_is_refused_before_any_model_is_asked(
    both: Runner, messages: Any, sentence: str, stages: Any
) -> None:
    cope = Cope(stages=stages)
    with pytest.raises(InputError, match=sentence):
        both(cope.app, {"messages": messages}, THREAD)
    assert cope.asked == 0


def test_a_whole_character_outside_the_basic_plane_is_text(both: Runner) -> None:
    cope = Cope(small_plan="none", stages=(1,))
    assert both(cope.app, {"messages": [("user", "How many 😀?")]}, THREAD)["answer"] == "3"
    assert "😀" in cope.small.prompts[0]
