"""What a task asks for beside the messages: a run's own, whatever stands in its thread."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from typing_extensions import TypedDict

from cope_graph import PLAN_FREE, ChatCope, CopeContext, create_cope, tasks
from cope_graph.errors import InputError, SandboxError
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from cope_graph.tasks import Task
from tests.candidates import ASKED, DOUBLE, SQUARE, TESTS, Counting, fenced
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner

THREAD: Any = {"configurable": {"thread_id": "t"}}
FREE = PLAN_FREE.model_copy(update={"n": 2, "tau1": 0.5})
WITH: dict[str, Any] = {"messages": [("user", ASKED)], "tests": TESTS}
WITHOUT: dict[str, Any] = {"messages": [("user", ASKED)]}


class Turns:
    """A graph on a thread: the small model writes what fails the tests, the large one what passes.

    Two that fail alike agree where there are no tests: so the stage tells which tests a run saw.
    """

    def __init__(self, runner: Any = None, **compiled: Any) -> None:
        self.small = ScriptedChat(model_name="s", replies=[fenced(DOUBLE)] * 40)
        self.large = ScriptedChat(model_name="l", replies=[fenced(SQUARE)] * 20)
        task = tasks.code(sandbox=runner or Counting())
        self.graph = create_cope(self.small, self.large, task=task, defaults=FREE)
        self.app: Any = self.graph.compile(checkpointer=InMemorySaver(), **compiled)


def resume(app: Any, run: Runner) -> Any:
    """Go on to the end: an edit of the state makes a run pause once more."""
    out = None
    while app.get_state(THREAD).next:
        out = run(app, None, THREAD)
    return out


def saw(out: dict[str, Any]) -> bool:
    """Tell whether a run saw tests."""
    first, stage = out["visits"][0]["reason"], out["stage"]
    assert (stage == 3) is ("candidates pass all 2 tests" in first)
    assert (stage == 1) is first.startswith("there are no tests")
    return bool(stage == 3)


def test_a_second_turn_without_tests_does_not_see_those_of_the_first(run: Runner) -> None:
    turns = Turns()
    told = [saw(run(turns.app, given, THREAD)) for given in (WITH, WITHOUT, WITH, WITHOUT)]
    assert told == [True, False, True, False]
    asked = ["has to pass" in prompt for prompt in turns.small.prompts]
    assert asked == [True, False, True, False]
    assert turns.app.get_state(THREAD).values["inputs"] == {}


def test_nothing_stands_in_for_none(both: Runner) -> None:
    turns = Turns()
    assert saw(both(turns.app, WITH, THREAD))
    assert not saw(both(turns.app, {**WITHOUT, "tests": None}, THREAD))


@pytest.mark.parametrize("node", ["small_execute", "confidence_gate", "large_execute"])
def test_a_run_that_pauses_keeps_its_tests(both: Runner, node: str) -> None:
    turns = Turns(interrupt_before=[node])
    out = both(turns.app, WITH, THREAD)
    out = resume(turns.app, both) or out
    assert saw(out)
    assert (out["answer"], out["accepted"]) == (SQUARE, True)


class Shaky(Counting):
    """Fails the first time."""

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        ran = super().run(program, stdin=stdin, limits=limits)
        if len(self.read) == 1:
            msg = "the sandbox shaky failed"
            raise SandboxError(msg)
        return ran


def test_a_run_whose_sandbox_failed_is_resumed_with_its_tests_and_pays_nothing_again(
    both: Runner,
) -> None:
    turns = Turns(Shaky())
    with pytest.raises(SandboxError, match="shaky"):
        both(turns.app, WITH, THREAD)
    out = both(turns.app, None, THREAD)
    assert saw(out)
    assert len(turns.small.calls) == 1
    assert out["ledger"]["requests"] == 2


@pytest.mark.parametrize(
    "edit",
    [
        {"tests": "assert f(3) == 9"},
        {"tests": ["assert f("]},
        {"tests": [["assert f(3) == 9"]]},
        {"hidden": TESTS},
        {"tests": None},
        {1: TESTS},
        [],
        None,
    ],
)
def test_inputs_that_a_client_edited_in_the_thread_are_refused(both: Runner, edit: Any) -> None:
    turns = Turns(interrupt_before=["large_execute"])
    both(turns.app, WITH, THREAD)
    turns.app.update_state(THREAD, {"inputs": edit}, as_node="confidence_gate")
    with pytest.raises(InputError, match=r"its input|not one this graph wrote"):
        resume(turns.app, both)
    assert turns.large.calls == []


def test_a_parent_graph_hands_on_the_keys_that_it_has_too(run: Runner) -> None:
    class Parent(MessagesState):
        tests: list[Any]

    turns = Turns()
    parent = StateGraph(Parent)
    parent.add_node("cope", turns.graph.compile())
    parent.add_edge(START, "cope")
    app = parent.compile()
    assert run(app, WITH)["messages"][-1].text == fenced(SQUARE)
    assert run(app, WITHOUT)["messages"][-1].text == fenced(DOUBLE)


def test_a_parent_that_knows_no_tests_runs_without(both: Runner) -> None:
    parent = StateGraph(MessagesState)
    parent.add_node("cope", Turns().graph.compile())
    parent.add_edge(START, "cope")
    out = both(parent.compile(checkpointer=InMemorySaver()), WITH, THREAD)
    assert out["messages"][-1].text == fenced(DOUBLE)


def test_the_chat_model_has_no_tests(both: Runner) -> None:
    turns = Turns()
    task = tasks.code(sandbox=Counting())
    model = ChatCope(small=turns.small, large=turns.large, task=task, defaults=FREE)
    facts = both(model, ASKED).response_metadata["cope"]  # type: ignore[attr-defined]
    assert (facts["answer"], facts["confidence"]) == (DOUBLE, 1.0)
    assert facts["reason"].startswith("there are no tests: 2 of 2 candidates")


def test_the_input_schema_shows_what_the_task_asks_for() -> None:
    schema = Turns().app.get_input_jsonschema()
    assert list(schema["properties"]) == ["messages", "tests"]
    kinds = [kind.get("$ref", kind.get("type")) for kind in _items(schema)]
    assert kinds == ["string", "#/$defs/IOPair"]
    assert sorted(schema["$defs"]["IOPair"]["properties"]) == ["stdin", "stdout"]
    assert "tests" not in schema.get("required", [])


def _items(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found = schema["properties"]["tests"]
    while "items" not in found:
        found = next(kind for kind in found["anyOf"] if "items" in kind)
    return list(found["items"]["anyOf"])


def test_other_tasks_have_the_schemas_they_had() -> None:
    chat = ScriptedChat(replies=[])
    mathematical = create_cope(chat, chat, task=tasks.math()).compile()
    code = Turns().app
    assert list(mathematical.get_input_jsonschema()["properties"]) == ["messages"]
    assert mathematical.get_output_jsonschema() == code.get_output_jsonschema()
    assert mathematical.get_context_jsonschema() == code.get_context_jsonschema()
    # What the mathematical graph is given beside its messages is dropped, as ever.
    given = {**WITH, "stage": 3, "answer": "planted"}
    small = ScriptedChat(replies=["The answer is 3."] * 8)
    graph: Any = create_cope(small, chat, task=tasks.math(), defaults=PLAN_FREE).compile()
    out = graph.invoke(given)
    assert (out["answer"], out["stage"]) == ("3", 1)
    assert "f(3)" not in small.prompts[0]


class Asking(TypedDict):
    ledger: str


def test_a_task_must_not_ask_for_a_key_of_the_graph() -> None:
    chat, maths = ScriptedChat(replies=[]), tasks.math()
    task = Task("own", maths.prompts, maths.read, maths.gate, inputs=Asking)
    with pytest.raises(InputError, match="asks for 'ledger', a key of the graph's own: rename it"):
        create_cope(chat, chat, task=task)


def test_runs_side_by_side_keep_their_own_tests() -> None:
    turns = Turns()
    app = turns.graph.compile()
    given: list[Any] = [WITH, WITHOUT] * 4
    outs = app.batch(given, context=CopeContext(n=2))
    assert [saw(out) for out in outs] == [True, False] * 4
