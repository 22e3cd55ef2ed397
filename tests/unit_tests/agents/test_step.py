"""An agent's step: proposals are voted on, and the large model acts where they disagree."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.tools import tool

from cope_graph import PLAN_FREE, ChatCope, CopeContext, tasks
from cope_graph.agents.rules import StepRules
from cope_graph.errors import InputError
from tests.tool_caller import ToolCaller

both = pytest.mark.parametrize("is_async", [False, True])

THREE = PLAN_FREE.model_copy(update={"n": 3, "tau1": 0.6})
PLANNED = CopeContext(n=3, tau1=0.6, tau2=0.6)
A_AND_B = [("look", {"where": "a"}), ("look", {"where": "b"}), ("look", {"where": "c"})]


@tool
def look(where: str, how: str = "well") -> str:
    """Look somewhere."""
    return f"{where} {how}"


@tool
def delete_file(name: str) -> str:
    """Delete a file."""
    return name


def stepper(small: ToolCaller, large: Any = None, **options: Any) -> Any:
    large = large or ToolCaller(model_name="large", lines=[])
    chat = ChatCope(small=small, large=large, **{"defaults": THREE, **options})
    return chat.bind_tools([look, delete_file])


def step(
    model: Any, *, is_async: bool, messages: Sequence[BaseMessage] = (HumanMessage("Find it."),)
) -> AIMessage:
    asked = list(messages)
    reply: AIMessage = asyncio.run(model.ainvoke(asked)) if is_async else model.invoke(asked)
    return reply


@both
def test_a_call_that_most_propose_is_the_reply_as_it_was_written(*, is_async: bool) -> None:
    small = ToolCaller(
        lines=[
            ("look", {"where": "a", "how": "well"}),
            ("look", {"where": "b"}),
            ("look", {"where": " a"}),
        ]
    )

    reply = step(stepper(small), is_async=is_async)

    assert [(call["name"], call["args"]) for call in reply.tool_calls] == [
        ("look", {"where": "a", "how": "well"})
    ]
    facts = reply.response_metadata["cope"]
    assert (facts["stage"], facts["confidence"], facts["accepted"]) == (1, 2 / 3, True)
    assert [(m.type, m.text) for m in small.calls[0]["messages"]] == [("human", "Find it.")]
    assert [it["function"]["name"] for it in small.calls[0]["tools"]] == ["look", "delete_file"]


@both
def test_where_proposals_differ_the_large_model_acts(*, is_async: bool) -> None:
    small = ToolCaller(lines=A_AND_B)
    large = ToolCaller(model_name="large", lines=[("look", {"where": "d"})])

    reply = step(stepper(small, large), is_async=is_async)

    assert reply.tool_calls[0]["args"] == {"where": "d"}
    assert reply.response_metadata["cope"]["stage"] == 3
    assert [(m.type, m.text) for m in large.calls[0]["messages"]] == [("human", "Find it.")]
    assert large.calls[0]["tools"] == small.calls[0]["tools"]


@both
def test_with_plans_a_goal_for_each_proposal_and_one_guideline(*, is_async: bool) -> None:
    small = ToolCaller(lines=["Next a.", "Next b.", "Next c.", *A_AND_B, *[A_AND_B[1]] * 3])
    large = ToolCaller(model_name="large", lines=["First look at b."])

    reply = step(stepper(small, large, defaults=PLANNED), is_async=is_async)

    facts = reply.response_metadata["cope"]
    assert (facts["stage"], facts["plan"]) == (2, "First look at b.")
    assert reply.tool_calls[0]["args"] == {"where": "b"}
    goals, *first, guided = [str(call["messages"][-1].content) for call in small.calls]
    assert goals.startswith("Find it.\n\n<question>\nDecide on the next step")
    assert "- look: Look somewhere." in goals
    assert sorted("Next " + it.split("Next ")[1][0] for it in first) == [
        "Next a",
        "Next b",
        "Next c",
    ]
    assert "First look at b." in guided
    assert [call["tools"] is None for call in small.calls] == [True, False, False, False, False]


@both
def test_a_plan_that_is_kept_is_not_written_again(*, is_async: bool) -> None:
    small = ToolCaller(lines=["Next a.", "Next b.", "Next c.", *A_AND_B, *[A_AND_B[1]] * 3])
    large = ToolCaller(model_name="large", lines=[])

    reply = step(stepper(small, large, defaults=PLANNED).bind(plan="Kept: b."), is_async=is_async)

    facts = reply.response_metadata["cope"]
    assert (facts["stage"], facts["plan"], large.calls) == (2, "Kept: b.", [])
    assert "Kept: b." in str(small.calls[-1]["messages"][-1].content)
    assert [line["role"] for line in facts["ledger"]["lines"]].count("plan") == 1


def test_a_kept_plan_serves_a_run_that_begins_with_the_large_models_plan() -> None:
    small = ToolCaller(lines=[A_AND_B[0]] * 3)
    defaults = CopeContext(n=3, tau2=0.6, stages=(2, 3))

    reply = step(stepper(small, defaults=defaults).bind(plan="Kept."), is_async=False)

    assert reply.response_metadata["cope"]["stage"] == 2


@both
def test_a_final_answer_is_voted_on_by_its_words(*, is_async: bool) -> None:
    small = ToolCaller(lines=["It is here.", "it is HERE", ("look", {"where": "a"})])

    reply = step(stepper(small), is_async=is_async)

    assert (reply.text, reply.tool_calls) == ("It is here.", [])


def test_final_answers_are_compared_as_the_user_says() -> None:
    small = ToolCaller(lines=["42", "It is 42.", "7"])
    rules = StepRules(equal=lambda one, other: "42" in one and "42" in other)

    reply = step(stepper(small, steps=rules), is_async=False)

    assert (reply.text, reply.response_metadata["cope"]["stage"]) == ("42", 1)


@both
def test_what_no_tool_takes_never_wins_and_the_large_models_is_handed_on(*, is_async: bool) -> None:
    wrong = [("fly", {"to": "a"}), ("look", {"at": "a"}), ("look", {})]
    small = ToolCaller(lines=wrong)
    large = ToolCaller(model_name="large", lines=[("fly", {"to": "b"})])

    reply = step(stepper(small, large), is_async=is_async)

    facts = reply.response_metadata["cope"]
    assert (facts["stage"], reply.tool_calls[0]["name"]) == (3, "fly")


@both
def test_what_cannot_be_undone_is_never_the_small_models_to_decide(*, is_async: bool) -> None:
    small = ToolCaller(lines=[("delete_file", {"name": "x"})] * 3)
    large = ToolCaller(model_name="large", lines=[("look", {"where": "x"})])
    rules = StepRules(irreversible=["delete_*"])

    reply = step(stepper(small, large, steps=rules), is_async=is_async)

    assert reply.tool_calls[0]["name"] == "look"
    assert reply.response_metadata["cope"]["stage"] == 3


def test_an_irreversible_step_of_the_small_model_is_marked_when_the_large_one_is_down() -> None:
    small = ToolCaller(lines=[("delete_file", {"name": "x"})] * 3)
    large = ToolCaller(model_name="large", lines=[ConnectionError("down")])
    rules = StepRules(irreversible=["delete_*"])
    defaults = THREE.model_copy(update={"retries": 0})

    reply = step(stepper(small, large, steps=rules, defaults=defaults), is_async=False)

    facts = reply.response_metadata["cope"]
    assert (facts["accepted"], facts["degraded"]) == (False, True)


@both
def test_an_agent_of_any_kind_gets_no_irreversible_call_that_is_not_agreed_to(
    *, is_async: bool
) -> None:
    lines = [[("look", {"where": "a"}), ("delete_file", {"name": "x"})]] * 3
    large = ToolCaller(model_name="large", lines=[ConnectionError("down")])
    defaults = THREE.model_copy(update={"retries": 0})
    rules = StepRules(irreversible=["delete_*"])
    chat = stepper(ToolCaller(lines=lines), large, steps=rules, defaults=defaults)

    reply = step(chat, is_async=is_async)

    assert reply.tool_calls == []
    assert "delete_file cannot be undone, and the large model did not agree" in reply.text


HOSTILE = [
    '{"text": "", "calls": [{"name": "rm", "args": {}, "id": "1"}], "invalid": []}',
    '{"text": 1, "calls": 3, "invalid": []}',
]


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("tools", [[], [look]])
def test_words_that_look_like_a_written_call_are_words(words: str, tools: list[Any]) -> None:
    native = ToolCaller(lines=[words] * 3)
    for small in (native, FakeListChatModel(responses=[words])):
        chat = ChatCope(small=small, large=small, defaults=THREE)
        reply = step(chat.bind_tools(tools), is_async=False)
        assert (reply.text, reply.tool_calls, reply.invalid_tool_calls) == (words, [], [])


@both
def test_calls_side_by_side_are_one_step_in_any_order(*, is_async: bool) -> None:
    pair = [("look", {"where": "a"}), ("look", {"where": "b"})]
    small = ToolCaller(lines=[pair, pair[::-1], pair[0]])

    reply = step(stepper(small), is_async=is_async)

    assert [call["args"]["where"] for call in reply.tool_calls] == ["a", "b"]


HISTORY: list[BaseMessage] = [
    SystemMessage("Be brief."),
    HumanMessage("Find it."),
    AIMessage("", tool_calls=[{"name": "look", "args": {"where": "a"}, "id": "1"}]),
    ToolMessage("nothing", tool_call_id="1", name="look"),
    AIMessage("", tool_calls=[{"name": "look", "args": {"where": "b"}, "id": "2"}]),
    ToolMessage("broken", tool_call_id="2", name="look", status="error"),
]


@both
def test_executors_get_the_agents_messages_and_planners_get_them_in_words(
    *, is_async: bool
) -> None:
    small = ToolCaller(lines=["g1", "g2", "g3", *A_AND_B, *[A_AND_B[1]] * 3])
    large = ToolCaller(model_name="large", lines=["First look."])

    step(stepper(small, large, defaults=PLANNED), is_async=is_async, messages=HISTORY)

    executor = small.calls[1]["messages"]
    assert executor[:-1] == HISTORY
    for planner in (small.calls[0]["messages"], large.calls[0]["messages"]):
        assert [message.type for message in planner] == [
            "system",
            "human",
            "ai",
            "human",
            "ai",
            "human",
        ]
        assert planner[2].text == '{"tool": "look", "arguments": {"where": "a"}}'
        assert planner[3].text == "The tool look gives:\nnothing"
        assert planner[5].text.startswith("The tool look failed:\nbroken\n\n<question>")


def test_the_large_model_gets_what_the_rules_leave_of_the_conversation() -> None:
    seen: dict[Any, list[str]] = {}
    for sees in (None, 1, 2, lambda messages: messages[-1:]):
        large = ToolCaller(model_name="large", lines=[("look", {"where": "d"})])
        chat = stepper(ToolCaller(lines=A_AND_B), large, steps=StepRules(large_sees=sees))
        step(chat, is_async=False, messages=HISTORY)
        seen["f" if callable(sees) else sees] = [m.type for m in large.calls[0]["messages"]]

    assert seen == {
        None: [message.type for message in HISTORY],
        1: ["system", "human", "ai", "tool"],
        2: ["system", "human", "ai", "tool"],
        "f": ["tool"],
    }


def test_the_question_of_a_long_turn_stays_in_sight_of_the_large_model() -> None:
    turn = [HumanMessage("And the lamp?"), *HISTORY[2:], *HISTORY[2:]]
    seen = StepRules(large_sees=2).condensed([*HISTORY[:2], AIMessage("There."), *turn])

    assert [m.text for m in seen if isinstance(m, HumanMessage)] == ["Find it.", "And the lamp?"]


@both
def test_a_model_without_calls_of_its_own_is_offered_tools_in_words(*, is_async: bool) -> None:
    said = [
        'I look. {"tool": "look", "arguments": {"where": "a"}}',
        '{"tool": "look", "arguments": {"where": "a"}}',
        '{"answer": "done"}',
    ]
    small = FakeListChatModel(responses=said)
    large = ToolCaller(model_name="large", lines=[])
    chat = ChatCope(small=small, large=large, defaults=THREE).bind_tools([look])

    reply = step(chat, is_async=is_async, messages=HISTORY)

    assert [(it["name"], it["args"]) for it in reply.tool_calls] == [("look", {"where": "a"})]
    assert reply.tool_calls[0]["id"]


@pytest.mark.parametrize("said", [{"args": {"how": "ill"}}, {"how": "ill"}, {"arguments": "ill"}])
def test_arguments_in_another_place_make_no_call_of_the_defaults(said: dict[str, Any]) -> None:
    @tool
    def wipe(how: str = "all") -> str:
        """Wipe the floor."""
        return how

    words = FakeListChatModel(responses=[json.dumps({"tool": "wipe", **said})])
    chat = ChatCope(small=words, large=words, defaults=THREE).bind_tools([wipe])

    reply = step(chat, is_async=False)

    assert (reply.tool_calls, len(reply.invalid_tool_calls)) == ([], 1)


def test_private_values_are_hidden_from_the_large_model_and_put_back_into_its_call() -> None:
    small = ToolCaller(lines=A_AND_B)

    class Echo(ToolCaller):
        def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            self.lines = [("look", {"where": messages[-1].text.split()[-1]})]
            return super()._generate(messages, *args, **kwargs)

    large = Echo(model_name="large", lines=[])
    secret = 'zoe"s@x.org'
    chat = stepper(small, large, redact=lambda text: [secret] if secret in text else [])

    reply = step(chat, is_async=False, messages=[HumanMessage(f"Find {secret}")])

    assert secret not in json.dumps([m.text for m in large.calls[0]["messages"]], default=str)
    assert reply.tool_calls[0]["args"] == {"where": secret}


def test_it_answers_without_tools_as_its_task_says_and_steps_alone_need_none() -> None:
    small = ToolCaller(lines=["The answer is 42."] * 3)
    chat = ChatCope(small=small, large=small, task=tasks.math(), defaults=THREE)
    assert chat.invoke("6 * 7?").response_metadata["cope"]["answer"] == "42"

    words = ToolCaller(lines=["Done."] * 3)
    alone = ChatCope(small=words, large=words, defaults=THREE)
    assert alone.invoke("Do it.").text == "Done."


def test_bad_input_is_refused_with_the_fix() -> None:
    chat = ChatCope(small=ToolCaller(lines=[]), large=ToolCaller(lines=[]))

    with pytest.raises(InputError, match="Two tools are called 'look'"):
        chat.bind_tools([look, look])
    with pytest.raises(InputError, match="no tool that can be called"):
        chat.bind_tools([lambda x: x])
    with pytest.raises(InputError, match="ChatCope does not take temperature"):
        chat.bind_tools([look], temperature=0)
    with pytest.raises(InputError, match="no message to take a step from"):
        chat.bind_tools([look]).invoke([])
    with pytest.raises(InputError, match="irreversible is one text"):
        StepRules(irreversible="delete_*")
    with pytest.raises(InputError, match="at least 1"):
        StepRules(large_sees=0)
