from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph import PLAN_FREE, ChatCope, create_cope, tasks
from cope_graph.errors import InputError
from cope_graph.stages.inputs import check_inputs
from cope_graph.tasks.chosen import choose_one, choose_several
from cope_graph.tasks.options import labels, usable
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner

CITIES = ["Paris", "London", "Rome"]
FREE = PLAN_FREE.model_copy(update={"n": 3})
ASK: dict[str, Any] = {"messages": [("user", "Which city?")]}


def built(task: tasks.Task, small: list[str], large: list[str]) -> Any:
    models = ScriptedChat(model_name="s", replies=small), ScriptedChat(replies=large)
    return create_cope(*models, task=task, defaults=FREE).compile(), *models


@pytest.mark.parametrize("own", [True, False])
def test_letters_and_texts_of_one_option_agree(both: Runner, own: bool) -> None:
    task = tasks.choice(CITIES if own else None)
    app, small, _ = built(task, ["Answer: B", "It is London.\nAnswer: london", "(b)"], [])
    out = both(app, ASK if own else {**ASK, "options": CITIES})
    assert (out["answer"], out["stage"], out["confidence"]) == ("London", 1, 1.0)
    assert out["visits"][0]["votes"] == [{"answer": "London", "count": 3, "members": [0, 1, 2]}]
    assert "Which city?\n\nOptions:\n(A) Paris\n(B) London\n(C) Rome\n</" in small.prompts[0]


def test_what_is_none_of_the_options_counts_and_never_wins(both: Runner) -> None:
    app, _, large = built(tasks.choice(CITIES), ["E", "Answer: Berlin", "A or B"], ["Answer: C"])
    out = both(app, ASK)
    assert out["visits"][0]["reason"].startswith("none of 3 samples names one option")
    assert (out["answer"], out["stage"], out["accepted"]) == ("Rome", 3, True)
    assert "(C) Rome" in large.prompts[0]


def test_an_answer_of_the_large_model_outside_of_the_options_is_none(both: Runner) -> None:
    app, *_ = built(tasks.choice(CITIES), ["A", "A", "E"], ["Answer: Berlin"])
    out = both(app, ASK)
    assert (out["answer"], out["accepted"]) == ("Paris", False)
    assert out["visits"][-1]["answer"] is None


def test_several_options_are_a_list_in_the_callers_order(both: Runner) -> None:
    app, *_ = built(tasks.choice(CITIES, several=True), ["C, A", "Rome and Paris", "A and C"], [])
    out = both(app, ASK)
    assert (json.loads(out["answer"]), out["confidence"]) == (["Paris", "Rome"], 1.0)


BAD = [
    ([], "there are 0 options: pass 2 to 26"),
    (["Paris"], "there is one option"),
    (["Paris", "  "], "option 2 is empty"),
    (["Paris", "Rome", " Paris. "], "options 1 and 3 are the same"),
    ([str(number) for number in range(100, 127)], "there are 27 options"),
    (["x" * 1_001, "y"], "option 1 has 1,001 characters"),
    (["\ud800", "y"], "half a character"),
    (["B", "1", "2"], "write them out"),
]


@pytest.mark.parametrize(("options", "reason"), BAD)
def test_options_that_cannot_be_used_are_refused_before_anything_is_paid(
    both: Runner, options: list[str], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        tasks.choice(options)
    app, small, _ = built(tasks.choice(), ["A"] * 3, [])
    with pytest.raises(InputError, match=reason):
        both(app, {**ASK, "options": options})
    assert small.calls == []


@pytest.mark.parametrize("options", ["Paris", [1, 2], [None, "x"], 7])
def test_what_is_no_list_of_texts_is_refused(options: Any) -> None:
    with pytest.raises(InputError, match="choice task cannot use its options"):
        tasks.choice(options)
    with pytest.raises(InputError, match="choice task cannot use its input"):
        check_inputs(tasks.choice(), {"options": options})


@pytest.mark.parametrize("given", [{}, {"options": None}])
def test_a_question_without_options_is_refused_before_anything_is_paid(
    both: Runner, given: dict[str, Any]
) -> None:
    app, small, _ = built(tasks.choice(), ["A"] * 3, [])
    with pytest.raises(InputError, match=r"needs 'options' with each question: pass \{'messages'"):
        both(app, {**ASK, **given})
    assert small.calls == []


def test_options_beside_those_of_the_graph_are_refused(both: Runner) -> None:
    app, small, _ = built(tasks.choice(CITIES), ["A"] * 3, [])
    with pytest.raises(InputError, match="made with its own"):
        both(app, {**ASK, "options": ["yes", "no"]})
    assert small.calls == []
    assert both(app, {**ASK, "options": []})["answer"] == "Paris"


def test_the_chat_model_takes_a_task_with_options(both: Runner) -> None:
    small, large = ScriptedChat(replies=["C"] * 3), ScriptedChat(replies=[])
    model = ChatCope(small=small, large=large, task=tasks.choice(CITIES), defaults=FREE)
    reply: Any = both(model, "Which city?")
    assert reply.response_metadata["cope"]["answer"] == "Rome"


def test_case_alone_tells_options_apart() -> None:
    genes = ["TT", "Tt", "tt"]
    assert [choose_one(gene, genes) for gene in genes] == [0, 1, 2]
    assert choose_one("tT", genes) is None


def test_signs_tell_options_apart() -> None:
    signs = ["-5", "5", "5%", "1.5", "15", "<", ">", "x", "x'", "x#", "x**2", "x*2"]
    assert usable(signs) == signs
    assert [choose_one(sign, signs) for sign in signs] == list(range(len(signs)))


@pytest.mark.parametrize("said", ["Red and blue", "red and blue, green", "C, A"])
def test_an_option_that_is_a_list_itself_is_read_as_one(said: str) -> None:
    found = choose_several(said, ["red and blue", "red", "green"])
    assert found == ((0,) if said == "Red and blue" else (0, 2))


@pytest.mark.parametrize("said", ["A) London", "A - London", "(a) London", "B) Paris", "B - Paris"])
def test_a_label_beside_the_text_of_another_option_is_unclear(said: str) -> None:
    assert choose_one(said, CITIES) is None
    assert choose_several(said, CITIES) is None


@pytest.mark.parametrize("said", ["a London", "the London", "(London)", "The  London."])
def test_an_article_before_an_option_is_no_label(said: str) -> None:
    assert choose_one(said, CITIES) == CITIES.index("London")


OPTIONS = st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=8)


@given(OPTIONS, st.text(max_size=60))
def test_any_text_names_an_option_or_none_and_a_label_names_its_own(
    options: list[str], said: str
) -> None:
    try:
        usable(options)
    except ValueError:
        return
    assert choose_one(said, options) in {None, *range(len(options))}
    assert set(choose_several(said, options) or ()) <= set(range(len(options)))
    for index, label in enumerate(labels(options)):
        assert choose_one(f"({label})", options) in {index, None}
        assert choose_one(options[index], options) in {index, None}


@pytest.mark.parametrize(
    "hostile",
    [
        "A, " * 40_000,
        "(" * 100_000,
        "answer is " * 20_000,
        "\\boxed{" * 20_000,
        "A and " * 30_000,
        "Answer: " + "B) " * 40_000,
        "Option A, " * 20_000,
        " because " * 20_000,
        "**" * 60_000,
    ],
)
def test_a_hostile_reply_is_read_in_bounded_time(hostile: str) -> None:
    for several in (False, True):
        task: Any = tasks.choice(CITIES, several=several)
        said = task.read(hostile)
        assert said is None or len(said) <= 4_000
        assert choose_one(said or "", CITIES) in {None, 1 if "B) B)" in hostile else None}
