"""Conversations of several turns with one loopback server for both models."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.state import Stage
from cope_graph.tasks import Task
from tests.integration_tests.savers import Saver, asaver, saver
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

SETTINGS: Final[dict[Stage, CopeContext]] = {
    1: CopeContext(n=2, tau1=0.5, tau2=1),
    2: CopeContext(n=2, tau1=1, tau2=0.5),
    3: CopeContext(n=2, tau1=1, tau2=1),
}
"""With these a run of `Talker`'s words ends in the stage that is named."""


class Talker(OpenAIServer):
    """Says another sentence each time, the later ones of a request with more certainty."""

    def __init__(self) -> None:
        """Prepare."""
        self.said: list[str] = []
        self._numbers = itertools.count(1)
        super().__init__(self._reply)

    def _reply(self, body: Body) -> Reply:
        texts = [f"Sentence {next(self._numbers):04d}." for _ in range(body.get("n") or 1)]
        self.said += texts
        return Reply(texts, logprobs=[-0.4 / (i + 1) for i in range(len(texts))])

    @property
    def bodies(self) -> list[Body]:
        """All requests so far."""
        return [request.body for request in self.requests]


def models(server: OpenAIServer) -> tuple[Any, Any]:
    """Make the small and the large model."""
    own = {"default_headers": {"Connection": "close"}}  # a kept one belongs to one event loop
    return chat(server, "small", **own), chat(server, "large", **own)


def cascade(
    server: OpenAIServer, stage: Stage = 3, task: Task | None = None, **options: Any
) -> Any:
    """Make a graph, not compiled, whose runs end in a stage."""
    options = {"defaults": SETTINGS[stage], **options}
    return create_cope(*models(server), task=task or tasks.open_ended(), **options)


def sent(body: Body) -> list[tuple[str, str]]:
    """List role and text of the messages of a request."""
    return [(message["role"], message["content"]) for message in body["messages"]]


def asker(body: Body) -> tuple[str, str]:
    """Name the model of a request, and what it is to write."""
    prompt = body["messages"][-1]["content"]
    if "<candidate>" in prompt:
        return body["model"], "judgement"
    return body["model"], "plan" if "Do not write the reply" in prompt else "reply"


async def turn(
    app: Any, way: str, said: Sequence[Any], thread: str | None = None, **inputs: Any
) -> dict[str, Any]:
    """Take one turn, on a thread where it is named."""
    config = {"configurable": {"thread_id": thread}} if thread else {}
    given = {"messages": said, **inputs}
    out = await app.ainvoke(given, config) if way == "ainvoke" else app.invoke(given, config)
    return dict(out)


@asynccontextmanager
async def opened(where: InMemorySaver | str, way: str) -> AsyncIterator[Saver]:
    """Open what keeps the threads: a database anew each time, as another process would."""
    if isinstance(where, InMemorySaver):
        yield where
    elif way == "ainvoke":
        async with asaver(where) as asynchronous:
            yield asynchronous
    else:
        with saver(where) as synchronous:
            yield synchronous
