"""Both families through a real ChatOpenAI and a server: what is sent, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.unit_tests.conftest import EVERY_WAY

OPTIONS = ["Mercury", "Venus", "Mars"]
FRESH = {"default_headers": {"Connection": "close"}}  # a kept one belongs to one event loop


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_choice_goes_through_all_three_stages(way: str) -> None:
    small = ["Decide."] * 2 + ["Answer: A", "Answer: B"] + ["Answer: E", "Venus or Mars"]
    with OpenAIServer({"s": small, "l": ["First, sort.", "Answer: (B) Venus"]}) as server:
        graph = create_cope(
            chat(server, "s", **FRESH),
            chat(server, "l", **FRESH),
            task=tasks.choice(),
            defaults=CopeContext(n=2),
        ).compile()
        given: Any = {"messages": [("user", "Which is the hottest?")], "options": OPTIONS}
        out = EVERY_WAY[way](graph, given)
        sent = [request.body["messages"][-1]["content"] for request in server.requests]
    assert (out["answer"], out["stage"], out["accepted"]) == ("Venus", 3, True)
    assert [visit["confidence"] for visit in out["visits"]] == [0.5, None, None]
    assert all("(A) Mercury\n(B) Venus\n(C) Mars\n</question>" in prompt for prompt in sent)


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_short_answers_agree_across_units(way: str) -> None:
    small = ["Answer: 8,849 m", "It is high.\n**Answer:** 8.849 km", "Answer: 8849 metres"]
    with OpenAIServer({"s": small}) as server:
        graph = create_cope(
            chat(server, "s", **FRESH),
            chat(server, "l", **FRESH),
            task=tasks.short_answer(),
            defaults=PLAN_FREE.model_copy(update={"n": 3}),
        ).compile()
        out = EVERY_WAY[way](graph, {"messages": [("user", "How high is Mount Everest?")]})
    assert (out["answer"], out["stage"], out["confidence"]) == ("8,849 m", 1, 1.0)
