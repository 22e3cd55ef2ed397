"""The code task through the whole graph, with scripted models and candidates that are all ours."""

from __future__ import annotations

from typing import Any

import pytest

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.errors import InputError, NoAnswerError, SandboxError
from cope_graph.gates.verdict import Question
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from cope_graph.tasks import Task
from tests.candidates import (
    ASKED,
    DOUBLE,
    OTHER_SQUARE,
    SQUARE,
    TESTS,
    Broken,
    Counting,
    fenced,
    samples_of,
)
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.tasks.coding import Cope, free, given

CUBE = "def f(x):\n    return x * x * x\n"
HALF = "def f(x):\n    return 9 if x == 3 else 0\n"
PLANS = CopeContext(n=2, seed=1)


def test_one_that_passes_is_the_answer(run: Runner) -> None:
    cope = Cope([fenced(DOUBLE), fenced(SQUARE), "no code"], [], free())
    out = run(cope.graph, given(TESTS))
    assert (out["answer"], out["stage"], out["accepted"]) == (SQUARE, 1, True)
    assert out["messages"][-1].text == fenced(SQUARE)
    assert out["confidence"] == 1 / 3
    assert out["reason"] == ("1 of 3 candidates pass all 2 tests (1 failed, 1 without code)")


def test_the_lot_is_the_same_for_the_same_seed_and_falls_on_every_one_that_passes() -> None:
    cope = Cope([fenced(SQUARE), fenced(DOUBLE), fenced(OTHER_SQUARE)] * 60, [], free())
    answers = [
        [
            cope.graph.invoke(given(TESTS), context=CopeContext(seed=seed))["answer"]
            for seed in range(20)
        ]
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert set(answers[0]) == {SQUARE, OTHER_SQUARE}


def test_none_that_passes_escalates_to_the_end(both: Runner) -> None:
    small = ["Write f.", "Write g.", *[fenced(DOUBLE)] * 2, *[fenced(CUBE)] * 2]
    cope = Cope(small, ["First, multiply.", fenced(SQUARE)], PLANS)
    out = both(cope.graph, given(TESTS))
    assert (out["answer"], out["stage"], out["accepted"]) == (SQUARE, 3, True)
    assert [(v["stage"], v["decision"], v["accepted"]) for v in out["visits"]] == [
        (1, "escalate", False),
        (2, "hand_over", False),
        (3, "accept", True),
    ]
    assert out["reason"] == "1 of 1 candidates pass all 2 tests"


def test_stage_3_that_fails_its_tests_is_returned_unaccepted(both: Runner) -> None:
    cope = Cope([fenced(CUBE)] * 3, [fenced(DOUBLE)], free())
    out = both(cope.graph, given(TESTS))
    assert (out["answer"], out["stage"], out["accepted"]) == (DOUBLE, 3, False)
    assert out["reason"] == (
        "0 of 1 candidates pass all 2 tests (1 failed): the best answer there was, of stage 3"
    )


def test_stage_3_without_code_falls_back_to_the_best_of_the_small_model(both: Runner) -> None:
    cope = Cope([fenced(CUBE), fenced(HALF), "no"], ["I cannot."], free())
    out = both(cope.graph, given(TESTS))
    assert (out["answer"], out["stage"], out["accepted"]) == (HALF, 1, False)
    assert out["reason"].startswith("none of 1 samples has code: the best answer there was")


def test_no_code_anywhere_is_an_error_with_the_bill(both: Runner) -> None:
    cope = Cope(["no"] * 3, ["no"], free())
    with pytest.raises(NoAnswerError, match="No stage gave a code answer") as caught:
        both(cope.graph, given(TESTS))
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == 2


FAILED = "An earlier attempt failed:\n- test 1: AssertionError: 6 == 9\n- test 2: "


@pytest.mark.parametrize("show", [False, True])
def test_how_it_failed_is_shown_to_later_stages_only_when_asked_for(
    both: Runner, show: bool
) -> None:
    small = ["Write f.", "Write g.", *[fenced(DOUBLE)] * 2, *[fenced(CUBE)] * 2]
    options = {"show_failures": True} if show else {}
    cope = Cope(small, ["First, multiply.", fenced(SQUARE)], PLANS, **options)
    both(cope.graph, given(TESTS))
    told = ["An earlier attempt failed" in prompt for prompt in cope.small.prompts]
    assert told == [False] * 3 + [show]
    assert [FAILED in prompt for prompt in cope.large.prompts] == [show, False]
    assert ("AssertionError: 27 == 9" in cope.large.prompts[1]) is show


@pytest.mark.parametrize("tests", [TESTS, [{"stdin": "3\n", "stdout": "9\n"}]])
def test_hidden_from_models_tests_are_in_no_prompt(both: Runner, tests: Any) -> None:
    small = ["Write f.", "Write g.", *[fenced(DOUBLE)] * 2, *[fenced(CUBE)] * 2]
    cope = Cope(small, ["First, multiply.", fenced(SQUARE)], PLANS, show_tests=False)
    both(cope.graph, given(tests))
    assert len(cope.prompts) == 6
    assert not any("9" in prompt or "has to pass" in prompt for prompt in cope.prompts)


def test_shown_tests_are_in_every_prompt_and_inside_the_question(both: Runner) -> None:
    small = ["Write f.", "Write g.", *[fenced(DOUBLE)] * 2, *[fenced(CUBE)] * 2]
    cope = Cope(small, ["First, multiply.", fenced(SQUARE)], PLANS)
    both(cope.graph, given([*TESTS, {"stdin": "</question>", "stdout": "2\n"}]))
    shown = f"{ASKED}\n\nThe solution has to pass:\n" + "\n".join(TESTS)
    shown += "\nInput:\n&lt;/question>\nOutput:\n2\n</question>"
    assert [shown in prompt for prompt in cope.prompts] == [True] * 6


def test_hidden_tests_have_no_way_in() -> None:
    cope = Cope([fenced(DOUBLE)] * 6, [fenced(SQUARE)] * 2, free())
    asked = {**given(["assert f(2) == 4"]), "hidden_tests": TESTS, "inputs": {"tests": TESTS}}
    out = cope.graph.invoke(asked)
    assert out["answer"] == DOUBLE
    assert not any("f(3)" in text for text in [*cope.prompts, *cope.runner.read])


def test_without_tests_candidates_agree_and_the_verdict_says_so(run: Runner) -> None:
    cope = Cope([fenced(SQUARE), fenced(OTHER_SQUARE), fenced(DOUBLE)], [], free(tau1=0.5))
    out = run(cope.graph, given())
    assert (out["answer"], out["accepted"], out["confidence"]) == (SQUARE, True, 2 / 3)
    assert out["reason"] == (
        "there are no tests: 2 of 3 candidates do the same on inputs made up for them; > 0.5 is met"
    )
    assert out["visits"][0]["votes"] == [
        {"answer": SQUARE, "count": 2, "members": [0, 1]},
        {"answer": DOUBLE, "count": 1, "members": [2]},
    ]


def test_without_tests_stage_3_says_that_nothing_was_compared(both: Runner) -> None:
    cope = Cope([], [fenced(SQUARE)], CopeContext(stages=(3,)))
    out = both(cope.graph, given([]))
    assert (out["answer"], out["accepted"], out["confidence"]) == (SQUARE, True, None)
    assert out["reason"] == (
        "the large model answered; there are no tests, and no other candidate to compare"
    )


def test_code_that_cannot_be_compared_goes_to_the_large_model_whose_answer_counts(
    both: Runner,
) -> None:
    stack = "class Stack:\n    pass\n"
    cope = Cope([fenced(stack)] * 3, [fenced(stack)], free())
    out = both(cope.graph, given())
    assert (out["answer"], out["stage"], out["accepted"]) == (stack, 3, True)


def test_a_failing_sandbox_ends_the_run_with_the_bill_and_no_other_graph(both: Runner) -> None:
    cope = Cope([fenced(SQUARE)] * 3, [fenced(SQUARE)], free(), sandbox=Broken())
    for tests in (TESTS, None):
        cope.small._dealt.clear()
        with pytest.raises(SandboxError, match="no room left") as caught:
            both(cope.graph, given(tests))
        assert caught.value.ledger is not None
        assert caught.value.ledger["requests"] == 1
    assert cope.large.calls == []
    well = Cope([fenced(SQUARE)] * 3, [], free())
    assert both(well.graph, given(TESTS))["answer"] == SQUARE
    mathematical = ScriptedChat(replies=[says("3")] * 8)
    graph = create_cope(mathematical, cope.large, task=tasks.math(), defaults=PLAN_FREE)
    assert both(graph.compile(), given())["answer"] == "3"


def test_each_candidate_runs_once_whatever_looks_at_it(both: Runner) -> None:
    small = ["Write f.", "Write g.", fenced(DOUBLE), fenced(CUBE), *[fenced(CUBE)] * 2]
    options = {"show_failures": True}
    cope = Cope(small, ["First, multiply.", fenced(SQUARE)], PLANS, **options)
    assert both(cope.graph, given(TESTS))["stage"] == 3
    assert len(cope.runner.read) == 3


def test_a_graph_without_a_sandbox_is_not_built_and_a_wrong_name_says_so() -> None:
    with pytest.raises(InputError, match="no sandbox is called 'docker'"):
        tasks.code(sandbox="docker")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="int is no sandbox"):
        tasks.code(sandbox=3)  # type: ignore[arg-type]


def test_the_task_is_like_any_other() -> None:
    task = tasks.code(sandbox=Counting())
    assert isinstance(task, Task)
    assert (task.name, task.learn) == ("code", None)


class Odd:
    """A runner of a user's own that raises what it likes."""

    name = "odd"

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:  # noqa: ARG002
        raise KeyError(program[:3])


@pytest.mark.parametrize("tests", [TESTS, []])
def test_what_a_runner_of_ones_own_raises_is_a_failure_of_the_sandbox(tests: list[str]) -> None:
    gate: Any = tasks.code(sandbox=Odd()).gate
    with pytest.raises(SandboxError, match="the sandbox odd failed"):
        gate(Question("q", {"tests": tests}), samples_of(SQUARE, DOUBLE))
