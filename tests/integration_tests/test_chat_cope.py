"""ChatCope in the places where a chat model stands, and who counts its tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import add_usage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from cope_graph import ChatCope, CopeContext, tasks
from cope_graph.errors import InputError, ModelNameError
from tests.integration_tests.word_models import (
    EASY,
    FINAL_WORDS,
    HARD,
    billed_usage,
    pair,
    use,
    word_server,
)
from tests.loopback.langsmith_collector import LangSmithCollector
from tests.loopback.openai_server import OpenAIServer

EASY_WORDS = "Sample words. The answer is 7."
FACTS = {
    "route",
    "answer",
    "stage",
    "confidence",
    "accepted",
    "reason",
    "degraded",
    "stopped_by",
    "failures",
    "ledger",
    "p_correct",
}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with word_server() as server:
        yield server


@pytest.fixture
def model(server: OpenAIServer) -> ChatCope:
    return cope(server)


def cope(server: OpenAIServer, **options: Any) -> ChatCope:
    small, large = pair(server)
    return ChatCope(small=small, large=large, task=tasks.math(), **options)


async def answers(model: Runnable[Any, Any], questions: list[Any], way: str) -> list[Any]:
    """Ask in one of the ways of a Runnable."""
    match way:
        case "invoke":
            return [model.invoke(each) for each in questions]
        case "ainvoke":
            return [await model.ainvoke(each) for each in questions]
        case "batch":
            return model.batch(questions)
        case "abatch":
            return await model.abatch(questions)
        case "stream":
            return [[*model.stream(each)][-1] for each in questions]
        case _:
            return [[part async for part in model.astream(each)][-1] for each in questions]


CALLS = pytest.mark.parametrize("way", ["invoke", "ainvoke", "batch", "abatch"])
WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke", "batch", "abatch", "stream", "astream"])


@WAYS
async def test_the_reply_is_the_winning_sample_with_its_facts(
    model: ChatCope, server: OpenAIServer, way: str
) -> None:
    easy, hard = await answers(model, [EASY, HARD], way)
    assert isinstance(easy, AIMessage)
    assert (easy.text, hard.text) == (EASY_WORDS, FINAL_WORDS)
    facts, last = (message.response_metadata["cope"] for message in (easy, hard))
    assert set(facts) == FACTS
    assert [(f["degraded"], f["stopped_by"], f["failures"]) for f in (facts, last)] == [
        (False, None, [])
    ] * 2
    assert (facts["answer"], facts["stage"], facts["confidence"]) == ("7", 1, 1.0)
    assert (last["answer"], last["stage"], last["confidence"]) == ("42", 3, None)
    assert (facts["ledger"]["requests"], last["ledger"]["requests"]) == (9, 12)
    billed = billed_usage(server).values()
    for kind in ("input_tokens", "output_tokens"):
        spent = facts["ledger"][kind] + last["ledger"][kind]
        assert spent == sum(usage[kind] for usage in billed)


def test_names_are_read_when_the_model_is_built(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = use(server, monkeypatch)
    named = ChatCope(small=small, large=large, task=tasks.math())
    monkeypatch.undo()
    assert named.invoke(HARD).text == FINAL_WORDS
    with pytest.raises(ModelNameError):
        ChatCope(small="no-such-model", large=large, task=tasks.math())


@WAYS
async def test_in_a_chain(model: ChatCope, server: OpenAIServer, way: str) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])
    chain = prompt | model | StrOutputParser()
    questions = [{"question": EASY}, {"question": HARD}]
    assert await answers(chain, questions, way) == [EASY_WORDS, FINAL_WORDS]
    assert {each.body["messages"][0]["content"] for each in server.requests} == {"Be brief."}


def parent(model: ChatCope, saver: InMemorySaver) -> Any:
    """A graph with one node that asks two questions side by side."""

    def node(_: MessagesState) -> dict[str, Any]:
        return {"messages": model.batch([EASY, HARD])}

    async def anode(_: MessagesState) -> dict[str, Any]:
        return {"messages": await asyncio.gather(model.ainvoke(EASY), model.ainvoke(HARD))}

    both = RunnableLambda(node, afunc=anode, name="both")
    graph = StateGraph(MessagesState).add_node("both", both).add_edge(START, "both")
    return graph.compile(checkpointer=saver)


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_two_side_by_side_in_a_node_leave_the_parents_checkpoints_alone(
    model: ChatCope, way: str
) -> None:
    saver = InMemorySaver()
    graph = parent(model, saver)
    config: Any = {"configurable": {"thread_id": "one"}}
    for _ in range(2):
        given = {"messages": [("user", "Go on.")]}
        out = await (
            graph.ainvoke(given, config) if way == "ainvoke" else _now(graph, given, config)
        )
        assert [message.text for message in out["messages"][-2:]] == [EASY_WORDS, FINAL_WORDS]
    assert len(out["messages"]) == 6
    kept = list(saver.list(None))
    assert {each.config["configurable"]["checkpoint_ns"] for each in kept} == {""}
    channels = {name for each in kept for name in each.checkpoint["channel_values"]}
    assert channels <= {"__start__", "messages", "branch:to:both"}


async def _now(graph: Any, given: Any, config: Any) -> Any:
    return graph.invoke(given, config)


def test_a_parents_message_stream_shows_its_answers_alone(model: ChatCope) -> None:
    graph = parent(model, InMemorySaver())
    config: Any = {"configurable": {"thread_id": "one"}}
    given = {"messages": [("user", "Go on.")]}
    parts = list(graph.stream(given, config, stream_mode="messages"))
    assert sorted(message.text for message, _ in parts) == sorted([EASY_WORDS, FINAL_WORDS])


@CALLS
async def test_usage_callbacks_count_each_token_once(
    model: ChatCope, server: OpenAIServer, way: str
) -> None:
    with get_usage_metadata_callback() as counted:
        replies = await answers(model, [EASY, HARD], way)
    assert [reply.usage_metadata for reply in replies] == [None, None]
    assert set(counted.usage_metadata) == {"small", "large"}
    assert counted.usage_metadata == billed_usage(server)


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_usage_is_counted_once_from_inside_a_graph(
    model: ChatCope, server: OpenAIServer, way: str
) -> None:
    graph = parent(model, InMemorySaver())
    config: Any = {"configurable": {"thread_id": "one"}}
    given = {"messages": [("user", "Go on.")]}
    with get_usage_metadata_callback() as counted:
        await (graph.ainvoke(given, config) if way == "ainvoke" else _now(graph, given, config))
    assert counted.usage_metadata == billed_usage(server)


@CALLS
async def test_traces_count_each_token_once(
    model: ChatCope, server: OpenAIServer, way: str
) -> None:
    with LangSmithCollector() as collector:
        with collector.tracing():
            await answers(model, [EASY, HARD], way)
        runs = collector.runs()
    roots = [each for each in runs if not each.get("parent_run_id")]
    assert [each["name"] for each in roots] == ["ChatCope"] * 2
    below = [
        each["name"] for root in roots for each in runs if each.get("parent_run_id") == root["id"]
    ]
    assert below == ["cope"] * 2
    sums: dict[str, Any] = {}
    for each in runs:
        metadata = each["extra"]["metadata"]
        if usage := metadata.get("usage_metadata"):
            name = metadata["ls_model_name"]
            sums[name] = dict(add_usage(sums.get(name), usage))
    assert sums == billed_usage(server)


class Starts(BaseCallbackHandler):
    """Notes the tags and metadata of every run that starts."""

    run_inline = True

    def __init__(self) -> None:
        self.seen: list[tuple[list[str], dict[str, Any]]] = []

    def on_chain_start(self, *_: Any, **run: Any) -> None:
        self.seen.append((run["tags"], run["metadata"]))

    def on_chat_model_start(self, *_: Any, **run: Any) -> None:
        self.seen.append((run["tags"], run["metadata"]))


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_tags_and_metadata_reach_every_run_inside(model: ChatCope, way: str) -> None:
    starts = Starts()
    config: Any = {"callbacks": [starts], "tags": ["mine"], "metadata": {"tenant": "a"}}
    if way == "ainvoke":
        await model.ainvoke(EASY, config)
    else:
        model.invoke(EASY, config)
    assert len(starts.seen) > 9
    assert all("mine" in tags for tags, _ in starts.seen)
    assert all(metadata.get("tenant") == "a" for _, metadata in starts.seen)


def test_a_models_own_tags_stay_its_own(server: OpenAIServer) -> None:
    starts = Starts()
    cope(server, tags=["own"]).invoke(EASY, {"callbacks": [starts]})
    assert ["own" in tags for tags, _ in starts.seen].count(True) == 1


@pytest.mark.parametrize("options", [{"stop": ["x"]}, {"temperature": 0.1}, {"n": 2}], ids=str)
async def test_options_it_cannot_pass_on_are_refused_by_name(
    model: ChatCope, server: OpenAIServer, options: dict[str, Any]
) -> None:
    (name,) = options
    with pytest.raises(InputError, match=rf"does not take {name}"):
        model.invoke(EASY, **options)
    with pytest.raises(InputError, match=rf"does not take {name}"):
        await model.bind(**options).ainvoke(EASY)
    assert server.count == 0


def test_an_empty_question_is_refused_before_any_model_is_asked(
    model: ChatCope, server: OpenAIServer
) -> None:
    with pytest.raises(InputError, match="The question is empty"):
        model.invoke(" ")
    assert server.count == 0


def test_an_abstention_says_so_and_is_no_empty_reply(server: OpenAIServer) -> None:
    settings = CopeContext(stages=(1,), last_resort="abstain")
    reply = cope(server, defaults=settings).invoke(HARD)
    facts = reply.response_metadata["cope"]
    assert (reply.text, facts["answer"], facts["accepted"]) == (facts["reason"], None, False)
    assert facts["reason"].startswith("abstained")


def test_a_global_cache_neither_mixes_models_up_nor_repeats_a_bill(server: OpenAIServer) -> None:
    set_llm_cache(InMemoryCache())
    try:
        eight, two = cope(server), cope(server, defaults=CopeContext(n=2))
        ledgers = [m.invoke(EASY).response_metadata["cope"]["ledger"] for m in (eight, two, two)]
    finally:
        set_llm_cache(None)
    assert [ledger["requests"] for ledger in ledgers] == [9, 3, 3]
    assert server.count == 15
