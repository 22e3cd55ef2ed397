"""From a run to its record: classes by number, answers as digests, and no text that is private."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.errors import ModelCallError
from cope_graph.evaluation.rows import Look, Told, failed_row, row_of, said_of
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.state import Failure, Sample, Visit
from cope_graph.tasks import MATH_PROMPTS, Task
from tests.scripted import ScriptedChat, says

CANARY = "zebra"


def sample(answer: str | None, **changes: Any) -> Sample:
    made: Sample = {
        "text": f"{CANARY}: {answer}",
        "answer": answer,
        "finish": "stop",
        "goal": None,
        "id": "1",
    }
    return {**made, **changes}  # type: ignore[typeddict-item]


def visit(votes: list[list[int]], **changes: Any) -> Visit:
    made: Visit = {
        "stage": 1,
        "model": "s",
        "samples": 3,
        "confidence": 0.5,
        "threshold": 0.5,
        "decision": "escalate",
        "accepted": False,
        "reason": f"{CANARY} agrees",
        "answer": "7",
        "votes": [{"answer": CANARY, "count": len(v), "members": v} for v in votes],
        "input_tokens": 1,
        "output_tokens": 1,
        "usd": None,
    }
    return {**made, **changes}  # type: ignore[typeddict-item]


def out(failures: list[Failure] | None = None) -> dict[str, Any]:
    return {"ledger": {"lines": []}, "failures": failures or []}


def record(looks: list[Look], told: Told, **options: Any) -> dict[str, Any]:
    return {**row_of("a", "cope", looks, out(), told, question=CANARY, **options)}


def told(task: str = "math", **options: Any) -> Told:
    return Told(task, lambda answer: answer == "7", **options)


def test_classes_are_numbered_in_the_order_of_their_first_members() -> None:
    answers = ["8", "7", None, "7", "9", "7"]
    look = Look(visit([[1, 3, 5], [0], [4]]), [sample(one) for one in answers], 1.0, 6)
    stage = record([look], told())["stages"][0]
    assert [one["group"] for one in stage["samples"]] == [0, 1, None, 1, 2, 1]
    assert [one["right"] for one in stage["samples"]] == [False, True, False, True, False, True]
    assert (stage["votes"], stage["n"], stage["right"]) == (True, 6, True)


@given(st.lists(st.sampled_from("abcd") | st.none(), min_size=1, max_size=12))
def test_equal_numbers_are_equal_answers_of_a_real_vote(answers: list[str | None]) -> None:
    samples = [sample(one) for one in answers]
    verdict = tasks.short_answer().gate(Question("?"), samples)  # type: ignore[operator]
    votes = [[*one.members] for one in verdict.classes]
    look = Look(visit(votes, answer=verdict.answer), samples, 1.0, len(samples))
    groups = [one["group"] for one in record([look], told())["stages"][0]["samples"]]
    order = [one for one in dict.fromkeys(answers) if one is not None]
    assert groups == [None if one is None else order.index(one) for one in answers]


def test_groups_across_rows_stand_in_place_of_its_own() -> None:
    look = Look(visit([[0]]), [sample("7")], 1.0, 1)
    assert record([look], told(), groups=[4])["stages"][0]["samples"][0]["group"] == 4


def test_seconds_of_a_stage_are_those_since_the_stage_before() -> None:
    looks = [Look(visit([[0]], stage=i), [sample("7")], 0.1 + i, 1) for i in (1, 2, 3)]
    assert [one["seconds"] for one in record(looks, told())["stages"]] == [1.1, 1.0, 1.0]


def test_a_gate_that_does_not_vote_gives_no_classes() -> None:
    def first(_question: Question, samples: Any) -> Verdict:
        return Verdict(0.5, 0, samples[0]["answer"], "because")

    task = Task("own", MATH_PROMPTS, tasks.math().read, first)
    small = ScriptedChat(model_name="s", replies=[says("7"), says("7")])
    large = ScriptedChat(model_name="l", replies=[says("9")])
    settings = CopeContext(n=2, complete=True, small_plan="none", stages=(1, 3))
    ask: Any = {"messages": [("user", "?")]}
    state = create_cope(small, large, task=task, defaults=settings).compile().invoke(ask)
    drawn = state["visits"][0]
    look = Look(drawn, [sample("7"), sample("7")], 1.0, 2)
    stage = record([look], told("own"))["stages"][0]
    assert (stage["votes"], stage["passes"], stage["confidence"]) == (False, None, 0.5)
    assert [one["group"] for one in stage["samples"]] == [None, None]


def test_a_gate_that_knows_says_whether_it_passes() -> None:
    look = Look(visit([], answer=None, passes=False), [sample(None)], 1.0, 1)
    stage = record([look], told("code"))["stages"][0]
    assert (stage["passes"], stage["votes"], stage["right"]) == (False, False, False)


def test_a_lost_sample_keeps_its_reason_and_a_scored_one_its_figures() -> None:
    log_probs = {"tokens": 3, "mean": -0.1, "tail": -0.1, "window": -0.2}
    samples = [sample(None, error="timeout"), sample("7", log_probs=log_probs)]
    made = record([Look(visit([[1]]), samples, 1.0, 2)], told())["stages"][0]["samples"]
    assert made[0]["error"] == "timeout"
    assert made[1]["log_probs"] == log_probs


FIGURES = ["7", "-3/4", r"\frac{\sqrt{2}}{2}", "5 cm", "x=3", "1,024", "A"]
WORDS = ["Paris", r"\text{John}", "sqrt(2)", "def f(x): return x", "7" * 65, "日本語です"]


@pytest.mark.parametrize("answer", FIGURES)
def test_a_figure_stands_as_it_is(answer: str) -> None:
    assert told("math").answer(answer) == told("choice").answer(answer) == answer


@pytest.mark.parametrize("answer", WORDS)
def test_words_stand_as_a_digest_unless_texts_are_asked_for(answer: str) -> None:
    digest = told("math").answer(answer)
    assert digest is not None
    assert digest.startswith("sha256:")
    assert len(digest) == len("sha256:") + 16
    assert told("math", texts=True).answer(answer) == answer
    assert told("math").answer(None) is None


@pytest.mark.parametrize("task", ["short_answer", "structured", "code", "open_ended", "own"])
def test_answers_of_other_tasks_are_digests_always(task: str) -> None:
    assert str(told(task).answer("7")).startswith("sha256:")


REFUSED: Failure = {
    "node": "large_plan",
    "stage": 2,
    "side": "large",
    "model": "l",
    "kind": "rate_limited",
    "message": f"The server said {CANARY}.",
    "requests": 2,
}


def test_nothing_private_stands_in_a_record_without_texts() -> None:
    look = Look(visit([[0]], answer=CANARY), [sample(CANARY)], 1.0, 1)
    made = row_of("a", "cope", [look], out([REFUSED]), told(), question=CANARY)
    assert CANARY not in json.dumps(made)
    assert made["failures"] == ["2 requests of large_plan to the large model: rate limited."]
    whole = row_of("a", "cope", [look], out([REFUSED]), told(texts=True), question=CANARY)
    assert whole["question"] == CANARY
    assert whole["stages"][0]["samples"][0]["text"] == f"{CANARY}: {CANARY}"
    assert whole["failures"] == [REFUSED["message"]]


def test_an_error_is_told_in_words_of_our_own() -> None:
    error = ModelCallError(f"The server said {CANARY}.")
    error.failures = [REFUSED]
    made = failed_row("a", "cope", error, texts=False)
    assert CANARY not in json.dumps(made)
    assert made["error"] == said_of(REFUSED, texts=False)
    assert failed_row("a", "cope", error, texts=True)["error"] == str(error)
    assert failed_row("a", "cope", ModelCallError("It broke."), texts=False)["error"] == "It broke."
