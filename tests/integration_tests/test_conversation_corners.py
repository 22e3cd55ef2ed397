"""A conversation meets inputs, a chat model, what is hidden, and turns that ask nothing."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from cope_graph import ChatCope, CopeContext, tasks
from cope_graph.errors import InputError, ModelCallError
from tests.integration_tests.talking import (
    SETTINGS,
    Talker,
    cascade,
    models,
    sent,
    turn,
)
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

SYSTEM = ("system", "You are a painter.")
FIRST, SECOND = "Name a colour.", "And another one?"

WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke"])


@pytest.fixture
def server() -> Iterator[Talker]:
    with Talker() as server:
        yield server


@WAYS
async def test_options_of_a_first_choice_are_not_those_of_the_second(way: str) -> None:
    def chooses(_: Body) -> Reply:
        return Reply(["Answer: B"])

    with OpenAIServer(chooses) as server:
        task = tasks.choice()
        app = cascade(server, task=task).compile(checkpointer=InMemorySaver())
        outs, ends = [], []
        for question, options in ((FIRST, ["crimson", "azure"]), (SECOND, ["ochre", "umber"])):
            ends.append(server.count)
            outs.append(await turn(app, way, [("user", question)], "t", options=options))
        later = [sent(request.body) for request in server.requests[ends[1] :]]
    assert [out["answer"] for out in outs] == ["azure", "umber"]
    assert all(said[:-1] == [("user", FIRST), ("assistant", "Answer: B")] for said in later)
    assert all("ochre" in said[-1][1] and "azure" not in said[-1][1] for said in later)


def _message(reply: AIMessage) -> dict[str, Any]:
    return {"messages": reply}


@WAYS
async def test_a_chat_model_takes_part_in_a_conversation(server: Talker, way: str) -> None:
    small, large = models(server)
    model = ChatCope(small=small, large=large, task=tasks.open_ended(), defaults=SETTINGS[3])
    graph: Any = StateGraph(MessagesState)
    graph.add_node("talk", RunnableLambda(itemgetter("messages")) | model | _message)
    app = graph.add_edge(START, "talk").compile(checkpointer=InMemorySaver())
    first = await turn(app, way, [SYSTEM, ("user", FIRST)], "t")
    before = server.count
    second = await turn(app, way, [("user", SECOND)], "t")
    later = server.bodies[before:]
    answer = first["messages"][-1].text
    assert {body["model"] for body in later} == {"small", "large"}
    for body in later:
        assert sent(body)[:-1] == [SYSTEM, ("user", FIRST), ("assistant", answer)]
    assert [m.type for m in second["messages"]] == ["system", "human", "ai", "human", "ai"]


@WAYS
@pytest.mark.parametrize(
    "last",
    [
        AIMessage("Red."),
        SystemMessage("Be brief."),
        ToolMessage("Found.", tool_call_id="c1"),
    ],
    ids=lambda message: message.type,
)
async def test_a_turn_that_does_not_end_with_a_question_is_refused_unasked(
    server: Talker, way: str, last: AnyMessage
) -> None:
    app = cascade(server, 1).compile(checkpointer=InMemorySaver())
    await turn(app, way, [("user", FIRST)], "t")
    before = server.count
    given: Any = [("user", SECOND), last]
    with pytest.raises(InputError, match="The last message must be the user's question: pass"):
        await turn(app, way, given, "t")
    assert server.count == before


@WAYS
async def test_what_is_hidden_is_hidden_alike_in_earlier_turns_which_keep_their_places(
    server: Talker, way: str
) -> None:
    def find(text: str) -> list[str]:
        return ["Zora"] * ("Zora" in text)

    told: list[Any] = [
        SystemMessage("You paint for Zora."),
        HumanMessage("Zora wants a colour."),
        AIMessage("Zora may like blue."),
        HumanMessage("Which one did Zora like?"),
    ]
    defaults = CopeContext(n=2, tau1=1, tau2=1)
    await turn(cascade(server, defaults=defaults, redact=find).compile(), way, told)
    shown = [(("system", "user", "assistant")[i], m.text) for i, m in enumerate(told[:-1])]
    by_large = [sent(body) for body in server.bodies if body["model"] == "large"]
    (stand_in,) = {said[0][1].removeprefix("You paint for ")[:-1] for said in by_large}
    assert stand_in.startswith("[")
    hidden = [(role, text.replace("Zora", stand_in)) for role, text in shown]
    assert [said[:-1] for said in by_large] == [hidden] * 2
    by_small = [sent(body) for body in server.bodies if body["model"] == "small"]
    assert [said[:-1] for said in by_small] == [shown] * len(by_small)


@WAYS
@pytest.mark.parametrize("last_resort", ["answer", "abstain"])
async def test_a_turn_without_an_answer_leaves_its_question_and_nothing_else(
    way: str, last_resort: Literal["answer", "abstain"]
) -> None:
    fails = last_resort == "answer"

    def replies(body: Body) -> Reply:
        if FIRST not in body["messages"][-1]["content"]:
            return Reply(["Blue."])
        return Reply([" "] if fails else ["Hm."], logprobs=[-0.9])  # 0.41 is below tau1

    defaults = CopeContext(n=2, tau1=0.5, stages=(1,), last_resort=last_resort)
    with OpenAIServer(replies) as server:
        app = cascade(server, defaults=defaults).compile(checkpointer=InMemorySaver())
        if fails:
            with pytest.raises(ModelCallError, match="the reply is empty"):
                await turn(app, way, [("user", FIRST)], "t")
        else:
            assert (await turn(app, way, [("user", FIRST)], "t"))["answer"] is None
        before = server.count
        out = await turn(app, way, [("user", SECOND)], "t")
        later = [sent(request.body) for request in server.requests[before:]]
    assert [said[:-1] for said in later] == [[("user", FIRST)]] * 3
    assert (out["answer"], len(out["visits"]), out["ledger"]["requests"]) == ("Blue.", 1, 3)
    assert out["failures"] == []
    assert [message.type for message in out["messages"]] == ["human", "human", "ai"]
