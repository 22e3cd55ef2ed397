"""A task of one's own: prompts, a reader, a gate and an input, in a few lines."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import TypedDict

from cope_graph import PLAN_FREE, ChatCope, CopeContext, create_cope
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.tasks import Prompts, Task
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner

PROMPTS = Prompts(
    goal="{question}\nWhat is wanted?",
    guideline="{question}\nHow?",
    execute="{question}\n{plan}Answer in one word after 'Label:'.",
    with_goal="{goal}\n",
    with_guideline="{guideline}\n",
)


class Labels(TypedDict):
    labels: list[str]
    """Those to choose from."""


def read(text: str) -> str | None:
    found = re.search(r"Label: (\w+)", text)
    return found[1] if found else None


def gate(question: Question, samples: Sequence[Any]) -> Verdict:
    """Take the first answer that is one of the labels."""
    allowed = question.inputs.get("labels", [])
    for index, sample in enumerate(samples):
        if sample["answer"] in allowed:
            share = sum(s["answer"] == sample["answer"] for s in samples) / len(samples)
            return Verdict(share, index, sample["answer"], "it is a label", passes=share > 0.5)
    return Verdict(None, None, None, f"none of {allowed} was named", passes=False)


def show(question: Question) -> str:
    return f"{question.text}\nLabels: {', '.join(question.inputs.get('labels', []))}"


TASK = Task("label", PROMPTS, read, gate, inputs=Labels, show=show)
ASK: dict[str, Any] = {"messages": [("user", "It rains.")], "labels": ["good", "bad"]}
FREE = PLAN_FREE.model_copy(update={"n": 3})


def built(small: list[str], large: list[str], task: Task = TASK, **settings: Any) -> Any:
    chats = ScriptedChat(model_name="s", replies=small), ScriptedChat(model_name="l", replies=large)
    defaults = FREE.model_copy(update=settings)
    return create_cope(*chats, task=task, defaults=defaults).compile(), *chats


def test_it_decides_by_its_own_gate_over_what_its_reader_reads(run: Runner) -> None:
    graph, small, _ = built(["Label: ugly", "Label: bad", "Label: bad"], [])
    out = run(graph, ASK)
    assert (out["answer"], out["accepted"], out["confidence"]) == ("bad", True, 2 / 3)
    assert out["reason"] == "it is a label"
    assert out["messages"][-1].text == "Label: bad"
    assert "<question>\nIt rains.\nLabels: good, bad\n</question>" in small.prompts[0]


def test_what_does_not_pass_goes_through_all_stages_with_its_prompts(both: Runner) -> None:
    small = ["Find it.", "Find it.", *["Label: ugly"] * 4]
    graph, chat, large = built(
        small, ["Look up.", "Label: good"], n=2, stages=(1, 2, 3), small_plan="goal"
    )
    out = both(graph, ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == ("good", 3, True)
    assert [v["reason"] for v in out["visits"][:2]] == ["none of ['good', 'bad'] was named"] * 2
    prompts = [*chat.prompts, *large.prompts]
    assert [prompt.endswith("What is wanted?") for prompt in prompts].count(True) == 1
    assert [prompt.endswith("How?") for prompt in prompts].count(True) == 1
    assert "<goal>\nFind it.\n</goal>" in chat.prompts[3]
    assert "<guideline>\nLook up.\n</guideline>" in chat.prompts[3]


def test_an_asynchronous_twin_is_used_by_asynchronous_runs_alone() -> None:
    looked: list[str] = []

    def counted(question: Question, samples: Sequence[Any]) -> Verdict:
        looked.append("gate")
        return gate(question, samples)

    async def twin(question: Question, samples: Sequence[Any]) -> Verdict:
        await asyncio.sleep(0)
        looked.append("agate")
        return gate(question, samples)

    task = replace(TASK, gate=counted, agate=twin)
    small = ["Label: good"] * 3
    graph, _, _ = built(small, [], task, straggler_s=None)
    assert graph.invoke(ASK)["answer"] == "good"
    assert looked == ["gate"]
    graph, _, _ = built(small, [], task, straggler_s=None)
    assert asyncio.run(graph.ainvoke(ASK))["answer"] == "good"
    assert looked == ["gate", "agate"]


def test_what_it_learns_from_a_stage_is_in_the_prompts_of_the_next(both: Runner) -> None:
    def learn(_: Question, samples: Sequence[Any]) -> str:
        return f"Not {' nor '.join(sorted({sample['answer'] for sample in samples}))}."

    replies = ["Label: x", "Label: y", "Label: x"]
    graph, _, large = built(replies, ["Label: bad"], replace(TASK, learn=learn))
    assert both(graph, ASK)["answer"] == "bad"
    assert "Not x nor y.\n</question>" in large.prompts[0]


def test_a_gate_that_gives_a_confidence_is_held_to_the_thresholds(both: Runner) -> None:
    def score(_: Question, samples: Sequence[Any]) -> Verdict:
        return Verdict(0.8, 0, samples[0]["answer"], "a score of 0.8")

    task = replace(TASK, gate=score)
    graph, *_ = built(["Label: a"] * 6, ["Label: b"] * 2, task)
    assert both(graph, ASK, context=CopeContext(tau1=0.75))["stage"] == 1
    out = both(graph, ASK, context=CopeContext(tau1=0.85))
    assert (out["stage"], out["confidence"]) == (3, None)
    assert [visit["reason"] for visit in out["visits"]] == [
        "a score of 0.8; > 0.85 is not met",
        "the large model answered",
    ]


def test_a_gate_that_cannot_tell_escalates_and_says_why(both: Runner) -> None:
    def unsure(_: Question, samples: Sequence[Any]) -> Verdict:
        return Verdict(None, 0, samples[0]["answer"], "the judge is on holiday")

    graph, *_ = built(["Label: a"] * 3, ["Label: b"], replace(TASK, gate=unsure))
    out = both(graph, ASK)
    assert (out["answer"], out["stage"], out["accepted"]) == ("b", 3, True)
    assert out["visits"][0]["reason"].startswith("the judge is on holiday; > 0.75 is not met")
    assert out["reason"] == "the large model answered; the judge is on holiday"


def test_a_vote_over_answers_of_its_own_is_one_line(both: Runner) -> None:
    task = replace(TASK, gate=vote(lambda one, other: one.lower() == other.lower()))
    graph, *_ = built(["Label: Good", "Label: good", "Label: GOOD"], [], task)
    out = both(graph, ASK)
    assert (out["answer"], out["confidence"]) == ("Good", 1.0)


def test_a_gate_that_fails_ends_the_run_with_its_own_error(both: Runner) -> None:
    def fails(_: Question, __: Sequence[Any]) -> Verdict:
        raise LookupError

    graph, *_ = built(["Label: a"] * 3, [], replace(TASK, gate=fails))
    with pytest.raises(LookupError):
        both(graph, ASK)


def test_the_chat_model_takes_it_too(both: Runner) -> None:
    small = ScriptedChat(replies=["Label: good"] * 3)
    task = replace(TASK, gate=vote(str.__eq__), inputs=None)
    model = ChatCope(small=small, large=ScriptedChat(replies=[]), task=task, defaults=FREE)
    reply: Any = both(model, "It rains.")
    assert reply.text == "Label: good"
