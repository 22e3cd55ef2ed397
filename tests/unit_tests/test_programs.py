"""Runs in which some samples are programs: what is asked, and how they vote."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.errors import NoAnswerError
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.programs import ASK, FAILS, WANTED, Cope, prints, solver


def test_programs_vote_beside_words_by_value(run: Runner) -> None:
    cope = Cope(
        solver([says("7"), says("1/2")], [prints("0.5"), prints("0.50"), prints(".5")]),
        3,
        n=5,
        tau1=0.5,
    )
    out = cope(run)
    assert (out["answer"], out["stage"], out["confidence"]) == ("1/2", 1, 0.8)
    assert out["reason"] == "4 of 5 samples agree; > 0.5 is met"
    assert out["visits"][0]["programs"] == {"printed": 3}
    assert out["messages"][-1].text == says("1/2")
    assert sorted(cope.kinds) == [("program", 3), ("words", 2)]


def test_an_answer_of_a_program_says_what_it_printed(both: Runner) -> None:
    out = Cope(solver([], [prints("0.5")] * 4), 4, n=4)(both)
    assert (out["answer"], out["accepted"]) == ("0.5", True)
    assert out["messages"][-1].text == f"{prints('0.5')}\n\nThe program prints: 0.5"


def test_a_program_without_an_answer_counts_in_n_and_never_wins(both: Runner) -> None:
    programs = [prints("7"), FAILS, FAILS, "no code", f"cut:{prints(7)}"]
    out = Cope(solver([says("7")], programs), 5, n=6, tau1=0.5)(both)
    look = out["visits"][0]
    assert (look["confidence"], look["decision"], out["stage"]) == (2 / 6, "hand_over", 3)
    assert look["programs"] == {"failed": 2, "no_code": 2, "printed": 1}
    assert look["reason"] == (
        "2 of 6 samples agree, 4 of 5 programs gave no answer (2 failed, 2 no code); "
        "> 0.5 is not met"
    )
    assert "programs" not in out["visits"][-1]


def test_what_a_program_says_in_words_is_no_answer(both: Runner) -> None:
    out = Cope(solver([], [f"{FAILS}\nThe answer is 7."] * 2), 2, n=2)(both)
    assert (out["visits"][0]["answer"], out["answer"]) == (None, "9")


def test_programs_that_all_fail_are_no_answer_of_an_only_stage(both: Runner) -> None:
    with pytest.raises(NoAnswerError) as caught:
        Cope(solver([], [FAILS] * 2), 2, n=2, stages=(1,))(both)
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == 1


def test_no_programs_are_the_prompts_of_the_paper() -> None:
    prompts = []
    for task in (tasks.math(), tasks.math(programs=0)):
        goals = [f"Find {i}." for i in range(8)]
        small = ScriptedChat(
            model_name="s", replies=[*goals, *map(says, "12345678"), *[says("7")] * 8]
        )
        large = ScriptedChat(model_name="l", replies=["First, add."])
        app: Any = create_cope(small, large, task=task).compile()
        out = app.invoke(ASK)
        assert (out["stage"], "programs" in out["visits"][0]) == (2, False)
        prompts.append(sorted(small.prompts))
    assert prompts[0] == prompts[1]
    assert len(prompts[0]) == 10
    assert not any(WANTED in prompt for prompt in prompts[0])


@pytest.mark.parametrize("programs", [1, 3, 4])
def test_both_stages_of_the_small_model_have_them_with_their_plans(
    both: Runner, programs: int
) -> None:
    goals = [f"Find {i}." for i in range(4)]
    words = 4 - programs
    small = solver(
        [*goals, *["?"] * words, *[says("7")] * words], [FAILS] * programs + [prints(7)] * programs
    )
    cope = Cope(small, programs, start=CopeContext(), n=4, large=("First, add.",), seed=5)
    out = cope(both)
    assert (out["answer"], out["stage"], out["confidence"]) == ("7", 2, 1.0)
    first = [("words", 1)] * words + [("program", 1)] * programs
    second = [("words", words)] * (words > 0) + [("program", programs)]
    assert sorted(cope.kinds[1:5]) == sorted(first)
    assert sorted(cope.kinds[5:]) == sorted(second)
    calls = cope.small[0].calls[5:]
    assert all("First, add." in str(call["messages"][-1].content) for call in calls)
    assert sorted(call["seed"] for call in calls) == sorted({5, 5 + words} if words else {5})
    assert not any(WANTED in prompt for prompt in cope.large.prompts)


def test_each_goal_keeps_its_sample(both: Runner) -> None:
    goals = [f"Find {i}." for i in range(4)]
    small = solver([*goals, "?", "?"], [FAILS] * 2)
    cope = Cope(small, 2, start=CopeContext(), n=4, stages=(1, 3), max_answer_tokens=50)
    cope(both)
    asked = cope.small[0].prompts[1:]
    with_program = {goal: any(goal in text and WANTED in text for text in asked) for goal in goals}
    assert list(with_program.values()) == [False, False, True, True]
    assert all(sum(goal in text for text in asked) == 1 for goal in goals)


def test_waves_draw_words_first_and_share_requests(both: Runner) -> None:
    cope = Cope(solver(["?"] * 3, [FAILS] * 5), 5, wave=4, tau1=0.4)
    cope(both)
    assert sorted(cope.kinds[:2]) == [("program", 1), ("words", 3)]
    assert cope.kinds[2:] == [("program", 4)]


def test_a_question_that_words_agree_on_needs_no_program(both: Runner) -> None:
    cope = Cope(solver([says("7")] * 5, []), 3, early_stop="exact", tau1=0.5)
    out = cope(both)
    assert (out["answer"], out["accepted"], cope.sandbox.programs) == ("7", True, [])
    assert {kind for kind, _ in cope.kinds} == {"words"}


ANSWERS = st.sampled_from(["1", "2", None])


@settings(max_examples=60, deadline=None)
@given(st.lists(ANSWERS, min_size=4, max_size=4), st.integers(0, 4), st.sampled_from([0.25, 0.5]))
def test_stopping_early_decides_as_the_full_draw(
    answers: list[str | None], programs: int, tau: float
) -> None:
    words = [says(answer) if answer else "?" for answer in answers[: 4 - programs]]
    code = [prints(answer) if answer else FAILS for answer in answers[4 - programs :]]
    outs = []
    for early_stop in ("off", "exact"):
        cope = Cope(solver(words, code), programs, n=4, tau1=tau, early_stop=early_stop)
        outs.append(cope.graph.compile().invoke(ASK))
    full, early = outs
    assert (early["answer"], early["stage"]) == (full["answer"], full["stage"])
    assert early["accepted"] == full["accepted"]


def test_voters_share_the_programs_and_the_later_ones_have_more(both: Runner) -> None:
    models = [
        solver([says("7")], [FAILS], "a"),
        solver([says("7")], [FAILS], "b"),
        solver([], [FAILS, FAILS], "c"),
    ]
    cope = Cope(models, 4, n=6, tau1=0.5)
    out = cope(both)
    each = [("program", 1), ("words", 1)]
    assert [*sorted(cope.kinds[:2]), *sorted(cope.kinds[2:4])] == [*each, *each]
    assert cope.kinds[4:] == [("program", 2)]
    assert out["visits"][-2]["programs"] == {"failed": 4}


def test_a_quorum_of_two_kinds_of_two_models_is_met(both: Runner) -> None:
    models = [solver([says("7")], [], "a"), solver([], [prints("7.0")], "b")]
    cope = Cope(models, 1, quorum=2)
    out = cope(both)
    assert (out["answer"], out["reason"]) == ("7", "2 of 2 samples agree; a quorum of 2 is met")
    assert cope.kinds == [("words", 1), ("program", 1)]
