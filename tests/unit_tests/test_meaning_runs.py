"""Open questions through the whole graph: samples that mean the same agree, and what that costs."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings

from cope_graph import PLAN_FREE, create_cope, tasks
from cope_graph.gates import meaning
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.verdict import Gate
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner
from tests.unit_tests.gates.closeness import Angles

ASK: dict[str, Any] = {"messages": [("user", "What causes the tides?")]}
REPLIES = ["The moon.", "It is the moon.", "The wind."]
DEGREES = {"The moon.": 0.0, "It is the moon.": 10.0, "The wind.": 60.0}
TOGETHER, APART = '{"groups": [[1, 2]]}', '{"groups": [[1], [2]]}'


def built(gate: Gate | AskingGate, large: list[str], small: list[str] = REPLIES) -> Any:
    chats = ScriptedChat(model_name="s", replies=small), ScriptedChat(model_name="l", replies=large)
    defaults = PLAN_FREE.model_copy(update={"n": len(small), "tau1": 0.6})
    return create_cope(*chats, task=tasks.open_ended(gate=gate), defaults=defaults).compile()


def test_close_samples_are_accepted_and_no_call_of_embeddings_is_billed(run: Runner) -> None:
    embeddings = Angles(DEGREES)
    out = run(built(meaning(embeddings, free=True), []), ASK)
    assert (out["answer"], out["accepted"], out["stage"]) == ("The moon.", True, 1)
    assert out["messages"][-1].text == "The moon."
    assert out["visits"][0]["votes"] == [
        {"answer": "The moon.", "count": 2, "members": [0, 1]},
        {"answer": "The wind.", "count": 1, "members": [2]},
    ]
    assert out["reason"] == "2 of 3 samples are close in meaning; > 0.6 is met"
    assert embeddings.asked == [REPLIES]
    assert [line["role"] for line in out["ledger"]["lines"]] == ["execute"]


def test_samples_that_are_not_close_go_to_the_large_model(run: Runner) -> None:
    embeddings = Angles({**DEGREES, "It is the moon.": 120.0, "Gravity.": 0.0})
    out = run(built(meaning(embeddings, free=True), ["Gravity."]), ASK)
    assert (out["answer"], out["stage"]) == ("Gravity.", 3)
    assert out["visits"][0]["reason"] == "1 of 3 samples are close in meaning; > 0.6 is not met"


class Down(Embeddings):
    """Embeddings of a server that is away."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise ConnectionError(texts)

    def embed_query(self, text: str) -> list[float]:
        raise ConnectionError(text)


def test_embeddings_that_fail_cost_an_escalation_and_not_the_run(both: Runner) -> None:
    out = both(built(meaning(Down(), free=True), ["Gravity."]), ASK)
    assert (out["answer"], out["stage"]) == ("Gravity.", 3)
    assert out["visits"][0]["confidence"] is None
    assert "their embeddings failed (ConnectionError)" in out["visits"][0]["reason"]


def test_embeddings_are_made_off_the_event_loop() -> None:
    threads = []

    class Watched(Angles):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            threads.append(threading.current_thread())
            return super().embed_documents(texts)

    async def go() -> Any:
        graph = built(meaning(Watched(DEGREES), free=True), [])
        return threading.current_thread(), await graph.ainvoke(ASK)

    loop, _ = asyncio.run(go())
    assert threads
    assert loop not in threads


def test_the_large_model_judges_meaning_on_the_bill(run: Runner) -> None:
    small = ["The moon.", "It is the moon.", "The moon."]
    out = run(built(meaning(), [TOGETHER, TOGETHER], small), ASK)
    assert (out["answer"], out["accepted"], out["stage"]) == ("The moon.", True, 1)
    assert out["reason"] == "3 of 3 samples mean the same to the judge; > 0.6 is met"
    lines = [(line["role"], line["model"]) for line in out["ledger"]["lines"]]
    assert lines == [("execute", "s"), ("judge", "l"), ("judge", "l")]


def test_a_third_model_may_judge(both: Runner) -> None:
    judge = ScriptedChat(model_name="j", replies=[TOGETHER, TOGETHER])
    out = both(built(meaning(judge), [], ["The moon.", "It is the moon."]), ASK)
    assert out["confidence"] == 1.0
    orders = sorted(re.findall(r"<candidate>\n(.*)\n", prompt) for prompt in judge.prompts)
    assert orders == [["It is the moon.", "The moon."], ["The moon.", "It is the moon."]]
    assert [line["model"] for line in out["ledger"]["lines"]] == ["s", "j", "j"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([APART, TOGETHER], "1 of 2 samples mean the same to the judge; > 0.6 is not met"),
        (["Hm.", "Hm."], "the judge gave no usable groups: a reply has no JSON with groups"),
    ],
)
def test_a_judge_that_wavers_or_talks_nonsense_escalates(
    said: list[str], reason: str, both: Runner
) -> None:
    judge = ScriptedChat(model_name="j", replies=said)
    out = both(built(meaning(judge), ["Gravity."], ["The moon.", "The wind."]), ASK)
    assert (out["answer"], out["stage"]) == ("Gravity.", 3)
    assert out["visits"][0]["reason"].startswith(reason)


def test_samples_of_one_text_are_accepted_without_a_judge(run: Runner) -> None:
    out = run(built(meaning(), [], ["The moon."] * 3), ASK)
    assert out["confidence"] == 1.0
    assert [line["role"] for line in out["ledger"]["lines"]] == ["execute"]
