"""`redact=` from end to end, with a server of its own for each model.

What is private is in the question, in earlier turns, in the small model's goals, and comes back in
the large model's plan and answer: the large model's server never gets it.
"""

from __future__ import annotations

import itertools
import json
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from langchain.agents.middleware import PIIMiddleware
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import ChatCope, CopeContext, create_cope, tasks
from cope_graph.errors import InputError
from cope_graph.redact import Redact
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body

NAME, MAIL, OTHER, BADGE = "Zo\u00eb Quill", "zoe.quill@example.org", "max@example.org", "B-4711"
STAND_IN = re.compile(r"\[[A-Z]+_\d+\]")

find_names = re.compile(f"{NAME}|{BADGE}").findall

RULES: dict[str, tuple[Redact, list[str]]] = {
    "LangChain's rule": (PIIMiddleware("email"), [MAIL, OTHER]),
    "a function": (find_names, [NAME, BADGE]),
    "both": ([PIIMiddleware("email", strategy="hash"), find_names], [MAIL, OTHER, NAME, BADGE]),
    # What it finds holds one of our tags, which a prompt spells in another way.
    "greedy": (re.compile(r"\S+@\S+").findall, [MAIL, OTHER]),
}

CALL = {"name": "mail", "id": "c1", "args": {"to": MAIL, "cc": [OTHER], "badge": BADGE}}
TALK: list[AnyMessage] = [
    SystemMessage(f"You help {NAME} (badge {BADGE})."),
    HumanMessage(f"I am {NAME}, {MAIL}.", name="Quill"),
    AIMessage(f"Hello {NAME}, I write to {OTHER}.", tool_calls=[CALL], name="Quill"),
    ToolMessage(f"Sent to {OTHER} for {NAME}.", tool_call_id="c1", artifact={"to": MAIL}),
    HumanMessage(f"{NAME} (badge {BADGE}) owes <goal>{MAIL} and {OTHER} 6 * 7 each?"),
]


@dataclass(frozen=True)
class Pair:
    """Two models, each on a server of its own."""

    small: OpenAIServer
    large: OpenAIServer

    def graph(self, redact: Redact, saver: Any = None) -> Any:
        return create_cope(
            *self.models(), task=tasks.math(), defaults=CopeContext(n=2), redact=redact
        ).compile(checkpointer=saver)

    def models(self) -> tuple[Any, Any]:
        own = {"default_headers": {"Connection": "close"}}  # a kept one belongs to one event loop
        return chat(self.small, "small", **own), chat(self.large, "large", **own)


def sent_to(server: OpenAIServer) -> str:
    """Give all that a server was sent, in one text."""
    sent = [(request.body, dict(request.headers)) for request in server.requests]
    return json.dumps(sent, ensure_ascii=False)


@pytest.fixture
def pair() -> Iterator[Pair]:
    numbers = itertools.count(1)

    def small(body: Body) -> list[str]:
        told = f"Find what {NAME} ({MAIL}, {OTHER}, {BADGE}) owes. The answer is "
        return [f"{told}{next(numbers)}." for _ in range(body.get("n") or 1)]

    def large(body: Body) -> list[str]:
        seen = dict.fromkeys(STAND_IN.findall(json.dumps(body, ensure_ascii=False)))
        return [f"First, ask {' and '.join(seen)}. The answer is 42."]

    with OpenAIServer(small) as one, OpenAIServer(large) as other:
        yield Pair(one, other)


async def run(graph: Any, way: str, config: Any = None) -> tuple[dict[str, Any], str]:
    """Run a graph; give its output, and what it streamed of stage 3."""
    # Without ids: a thread takes a message that it knows for the same one.
    fresh = [message.model_copy(update={"id": None}) for message in TALK]
    given, modes = {"messages": fresh}, ["messages", "values"]
    match way:
        case "invoke":
            return graph.invoke(given, config), ""
        case "ainvoke":
            return await graph.ainvoke(given, config), ""
        case "batch":
            return graph.batch([given, given], config)[1], ""
        case "abatch":
            return (await graph.abatch([given, given], config))[1], ""
        case "stream":
            parts = list(graph.stream(given, config, stream_mode=modes))
        case _:
            parts = [part async for part in graph.astream(given, config, stream_mode=modes)]
    tokens = [value[0].text for mode, value in parts if mode == "messages"]
    return [value for mode, value in parts if mode == "values"][-1], "".join(tokens)


WAYS = ["invoke", "ainvoke", "batch", "abatch", "stream", "astream"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("way", WAYS)
async def test_what_is_private_never_reaches_the_large_model(
    pair: Pair, rule: str, way: str
) -> None:
    redact, private = RULES[rule]
    out, streamed = await run(pair.graph(redact), way)
    assert out["stage"] == 3
    sent = sent_to(pair.large)
    assert [value for value in private if value in sent] == []
    assert [value for value in (MAIL, OTHER, NAME, BADGE) if value not in sent_to(pair.small)] == []
    assert len(STAND_IN.findall(sent)) >= 2 * len(private)
    # Its plan, as the small model reads it, and its answer say what the stand-ins stand for.
    plan = out["messages"][-1].text
    told = [r.body["messages"][-1]["content"] for r in pair.small.requests if r.body.get("n")]
    assert "<guideline>\nFirst, ask " in told[-1]
    for value in private:
        assert value in plan
        assert value in told[-1].partition("<guideline>")[2]
    assert not STAND_IN.findall(str(out))
    assert not STAND_IN.findall(sent_to(pair.small))
    assert not streamed or streamed.endswith(plan)
    assert not STAND_IN.findall(streamed)
    assert bool(streamed) is ("stream" in way)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("is_async", [False, True])
async def test_a_chat_model_hides_it_too(pair: Pair, rule: str, *, is_async: bool) -> None:
    redact, private = RULES[rule]
    small, large = pair.models()
    model = ChatCope(
        small=small, large=large, task=tasks.math(), defaults=CopeContext(n=2), redact=redact
    )
    reply = await model.ainvoke(TALK) if is_async else model.invoke(TALK)
    assert [value for value in private if value in sent_to(pair.large)] == []
    assert [value for value in private if value not in reply.text] == []
    assert not STAND_IN.findall(str(reply))
    assert reply.response_metadata["cope"]["stage"] == 3


@pytest.mark.parametrize("stages", [(3,), (2, 3), (1, 3)])
@pytest.mark.parametrize("way", ["invoke", "astream"])
async def test_no_shorter_way_shows_it(pair: Pair, way: str, stages: Any) -> None:
    redact, private = RULES["both"]
    small, large = pair.models()
    defaults = CopeContext(n=2, stages=stages, own_plan=True)
    graph = create_cope(small, large, task=tasks.math(), defaults=defaults, redact=redact)
    out, _ = await run(graph.compile(), way)
    assert (out["stage"], pair.large.count) == (3, 2)
    assert [value for value in private if value in sent_to(pair.large)] == []
    assert [value for value in private if value not in out["messages"][-1].text] == []


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_plan_that_a_person_edited_is_looked_through_too(
    pair: Pair, *, is_async: bool
) -> None:
    graph, config = pair.graph(RULES["both"][0], InMemorySaver()), thread()
    graph.invoke({"messages": TALK}, config, interrupt_before=["large_execute"])
    graph.update_state(config, {"guideline": f"First, ask Bob (bob@example.org) and {NAME}."})
    out = await graph.ainvoke(None, config) if is_async else graph.invoke(None, config)
    last = json.dumps(pair.large.requests[-1].body, ensure_ascii=False)
    assert "First, ask Bob ([EMAIL_" in last
    assert "bob@example.org" not in last
    assert NAME not in last
    assert "bob@example.org" in out["messages"][-1].text


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_kept_for_a_resume_holds_no_way_around(pair: Pair, way: str) -> None:
    redact, private = RULES["both"]
    graph, config = pair.graph(redact, InMemorySaver()), thread()
    if "batch" in way:
        config = [thread("a"), thread("b")]
    await run(graph, way, config)
    out, _ = await run(graph, way, config)  # a second turn on the same thread
    assert [value for value in private if value in sent_to(pair.large)] == []
    assert not STAND_IN.findall(out["messages"][-1].text)
    assert len(out["messages"]) == 2 * len(TALK) + 2


def thread(name: str = "t") -> Any:
    return {"configurable": {"thread_id": name}}


def _fails(_: str) -> list[str]:
    raise ValueError(NAME)


def _gives_nothing(_: str) -> Any:
    return None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("broken", [_fails, _gives_nothing])
async def test_a_detector_that_fails_sends_nothing(
    pair: Pair, broken: Callable[[str], list[str]], way: str
) -> None:
    with pytest.raises(
        InputError, match="Nothing was sent to the large model: the redact function"
    ) as error:
        await run(pair.graph([PIIMiddleware("email"), broken]), way)
    assert pair.large.count == 0
    shown = "".join(traceback.format_exception(error.value))
    assert NAME not in shown
    assert error.value.ledger is not None
    assert error.value.ledger["requests"] == pair.small.count // (2 if "batch" in way else 1)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.org/zoe.png"}},
        {"type": "file", "file": {"file_id": "zoe"}},
    ],
)
async def test_what_cannot_be_looked_through_is_not_sent(pair: Pair, part: dict[str, Any]) -> None:
    earlier = HumanMessage([{"type": "text", "text": NAME}, part])
    with pytest.raises(InputError, match="part of type"):
        pair.graph(RULES["both"][0]).invoke({"messages": [earlier, *TALK]})
    assert pair.large.count == 0
