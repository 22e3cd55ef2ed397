"""A gate that asks a model: when, with what money, and what the model may see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from cope_graph import PLAN_FREE, Budget, CopeContext, Price, create_cope, tasks
from cope_graph.errors import BudgetError, UnknownPriceError
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.models.bound import bind
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.stages.worst import worst_rest
from tests.scripted import ScriptedChat

ASK: dict[str, Any] = {"messages": [("system", "Be brief."), ("user", "Ask zoe@x.org: why?")]}
THREE = PLAN_FREE.model_copy(update={"n": 3, "tau1": 0.5})
SCHEMA = {"type": "object"}

both = pytest.mark.parametrize("is_async", [False, True])


def prompts(question: Question, samples: Sequence[Any]) -> list[str]:
    return [f"Judge of {question.text}: {[s['text'] for s in samples]}"]


def verdict(question: Question, samples: Sequence[Any], said: Sequence[str | None]) -> Verdict:
    assert question.text
    if not said or said[0] is None:
        return Verdict(None, 0, samples[0]["answer"], "nothing was said")
    return Verdict(float(said[0]), 1, samples[1]["answer"], "it was judged")


def task_of(judge: ScriptedChat | None, max_tokens: int | None = None) -> tasks.Task:
    gate = AskingGate(judge, prompts, verdict, SCHEMA, max_tokens)
    return replace(tasks.open_ended(), gate=gate, log_probs=False)


def run(graph: Any, is_async: bool, **options: Any) -> dict[str, Any]:
    call = graph.ainvoke(ASK, **options) if is_async else None
    out: dict[str, Any] = graph.invoke(ASK, **options) if call is None else asyncio.run(call)
    return out


@both
def test_the_judge_is_asked_once_a_stage_and_stands_on_the_bill(*, is_async: bool) -> None:
    small = ScriptedChat(model_name="small", replies=["a", "b", "c"])
    judge = ScriptedChat(model_name="judge", replies=["0.9"])
    large = ScriptedChat(model_name="large", replies=[])
    prices = {"small": "0,0", "large": "1,1", "judge": "3,5"}
    graph = create_cope(small, large, task=task_of(judge), defaults=THREE, prices=prices).compile()

    out = run(graph, is_async)

    assert (out["answer"], out["stage"], out["confidence"]) == ("b", 1, 0.9)
    assert [call["temperature"] for call in judge.calls] == [0.0]
    assert [m.text for m in judge.calls[0]["messages"][:-1]] == ["Be brief."]
    line = next(it for it in out["ledger"]["lines"] if it["role"] == "judge")
    assert (line["node"], line["stage"], line["model"]) == ("confidence_gate", 1, "judge")
    assert Decimal(line["usd"] or 0) == Decimal(10 * 3 + 2 * 5) / 1_000_000
    assert out["ledger"]["by_role"]["judge"]["usd"] == out["ledger"]["usd"]


@both
def test_the_large_model_judges_and_its_own_answer_is_not_judged(*, is_async: bool) -> None:
    small = ScriptedChat(model_name="small", replies=["a", "b", "c"])
    large = ScriptedChat(model_name="large", replies=["0.4", "L"])
    graph = create_cope(small, large, task=task_of(None), defaults=THREE).compile()

    out = run(graph, is_async)

    assert (out["answer"], out["stage"], out["reason"]) == ("L", 3, "the large model answered")
    assert out["visits"][0]["reason"] == "it was judged; > 0.5 is not met"
    assert [line["role"] for line in out["ledger"]["lines"]] == ["execute", "judge", "execute"]


@both
def test_waves_are_judged_when_they_are_all_there(*, is_async: bool) -> None:
    small = ScriptedChat(model_name="small", replies=["a", "b", "c"])
    judge = ScriptedChat(model_name="judge", replies=["0.9"])
    defaults = THREE.model_copy(update={"wave": 1})
    graph = create_cope(small, small, task=task_of(judge), defaults=defaults).compile()

    out = run(graph, is_async)

    assert [visit["decision"] for visit in out["visits"]] == ["undecided", "undecided", "accept"]
    assert len(judge.calls) == 1
    assert judge.prompts[0].endswith("['a', 'b', 'c']")


@both
def test_a_judge_that_fails_accepts_nothing(*, is_async: bool) -> None:
    small = ScriptedChat(model_name="small", replies=["a", "b", "c"])
    judge = ScriptedChat(model_name="judge", replies=[])
    large = ScriptedChat(model_name="large", replies=["L"])
    defaults = THREE.model_copy(update={"retries": 0})
    graph = create_cope(small, large, task=task_of(judge), defaults=defaults).compile()

    out = run(graph, is_async)

    assert (out["answer"], out["stage"]) == ("L", 3)
    assert [(it["side"], it["node"]) for it in out["failures"]] == [("judge", "confidence_gate")]


@both
def test_a_judge_sees_nothing_that_is_redacted(*, is_async: bool) -> None:
    small = ScriptedChat(model_name="small", replies=["zoe@x.org", "ZOE@x.org", "max@x.org"])
    judge = ScriptedChat(model_name="judge", replies=["0.9"])
    find = re.compile(r"\S+@x\.org", re.IGNORECASE).findall
    graph = create_cope(small, small, task=task_of(judge), defaults=THREE, redact=find).compile()

    out = run(graph, is_async)

    assert out["answer"] == "ZOE@x.org"
    assert "@x.org" not in judge.prompts[0].casefold()


def test_a_budget_needs_the_judges_price_and_its_longest_reply() -> None:
    small = ScriptedChat(model_name="small", replies=[], max_tokens=5)
    judge = ScriptedChat(model_name="judge", replies=[])
    prices = {"small": "0,0", "large": "1,1"}

    with pytest.raises(UnknownPriceError, match="The judge model judge has no known price"):
        create_cope(
            small,
            small,
            task=task_of(judge, 9),
            prices=prices,
            defaults=THREE,
            budget=Budget(usd="1"),
        )
    with pytest.raises(BudgetError, match=r"gates.judge\(max_tokens=...\)"):
        create_cope(small, small, task=task_of(judge), defaults=THREE, budget=Budget(tokens=999))


@both
def test_a_shared_budget_holds_for_the_judge(*, is_async: bool) -> None:
    small = ScriptedChat(model_name="small", replies=["a", "b", "c"], max_tokens=5)
    judge = ScriptedChat(model_name="judge", replies=["0.9"])
    prices = {"small": Price.of("0", "0"), "judge": Price.of("0", "1000000")}
    alone = PLAN_FREE.model_copy(update={"n": 3, "tau1": 0.5, "stages": (1,)})
    parts: dict[str, Any] = {"task": task_of(judge, 7), "prices": prices, "defaults": alone}

    poor = create_cope(small, small, budget=Budget(usd="6.99"), **parts).compile()
    assert run(poor, is_async)["stopped_by"] == "budget"
    assert judge.calls == []

    small = ScriptedChat(model_name="small", replies=["a", "b", "c"], max_tokens=5)
    rich = create_cope(small, small, budget=Budget(usd="7.01"), **parts).compile()
    assert run(rich, is_async)["answer"] == "b"


@both
def test_a_run_out_of_money_for_its_judge_ends_with_the_best_there_is(*, is_async: bool) -> None:
    small = ScriptedChat(model_name="small", replies=["a", "b", "c"], max_tokens=5)
    judge = ScriptedChat(model_name="judge", replies=["0.9"])
    prices = {"small": Price.of("0", "0"), "judge": Price.of("0", "1000000")}
    alone = CopeContext(n=3, small_plan="none", stages=(1,), budget_usd=Decimal("6.5"))
    task = task_of(judge, 7)
    graph = create_cope(small, small, task=task, prices=prices, defaults=alone).compile()

    out = run(graph, is_async)

    assert (out["answer"], out["accepted"], out["stopped_by"]) == ("a", False, "budget")
    assert judge.calls == []


def test_a_judgement_that_came_is_not_paid_again_after_a_crash() -> None:
    small = ScriptedChat(model_name="small", replies=["a", "b", "c"])
    judge = ScriptedChat(model_name="judge", replies=["0.9"])
    crashes = [True]

    def once_broken(question: Question, samples: Sequence[Any], said: Sequence[str | None]) -> Any:
        if crashes.pop():
            msg = "the process died"
            raise ValueError(msg)
        crashes.append(False)
        return verdict(question, samples, said)

    crashes.insert(0, False)
    gate = AskingGate(judge, prompts, once_broken, SCHEMA)
    task = replace(tasks.open_ended(), gate=gate, log_probs=False)
    graph: Any = create_cope(small, small, task=task, defaults=THREE).compile(
        checkpointer=InMemorySaver()
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    with pytest.raises(ValueError, match="died"):
        graph.invoke(ASK, config, durability="sync")

    out = graph.invoke(None, config, durability="sync")

    assert (out["answer"], len(judge.calls), len(small.calls)) == ("b", 1, 1)
    assert out["ledger"]["by_role"]["judge"]["requests"] == 1


def test_the_worst_case_of_a_run_bounds_its_judges_of_every_stage_to_come() -> None:
    small = ScriptedChat(model_name="small", replies=[], max_tokens=5)
    judge = ScriptedChat(model_name="judge", replies=[])
    prices = {name: Price.of("0", "0") for name in ("small", "large")}
    prices["judge"] = Price.of("1000000", "1000000")
    cascade = Cascade(
        small=bind(small, "small", prices),
        large=bind(small, "large", prices),
        judge=bind(judge, "judge", prices),
        task=task_of(judge, 7),
        defaults=CopeContext(n=3),
    )
    state: Any = {**FRESH, "run": "r", "messages": [HumanMessage("Why?")], "stage": 1}
    asked = Run(cascade, state, cascade.defaults)

    def worst(node: str, stage: Any) -> int:
        tokens = worst_rest(asked, node, stage).usd
        assert tokens is not None
        return int(tokens)

    longest = "Judge of Why?: ['aaaaa', 'aaaaa', 'aaaaa']"
    assert worst("small_plan", 1) == worst("confidence_gate", 1) == 2 * worst("confidence_gate", 2)
    assert worst("confidence_gate", 2) >= 7 + len(longest)
    assert worst("large_execute", 3) == 0
