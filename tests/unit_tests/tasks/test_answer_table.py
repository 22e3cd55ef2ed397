from __future__ import annotations

import json
from typing import Any

import pytest

from cope_graph.gates.verdict import Question
from cope_graph.tasks import Task, choice, short_answer
from cope_graph.tasks.plain_equality import plain_equal
from tests.unit_tests.tasks.answer_table import (
    CITIES,
    DIFFERENT,
    EQUAL,
    ONE,
    SEVERAL,
    SHORT,
)


def answer_of(task: Task, *replies: str) -> Any:
    """What a task answers when these are all replies of a stage."""
    samples: Any = [{"text": reply, "answer": task.read(reply)} for reply in replies]
    gate: Any = task.gate
    return gate(Question("?"), samples).answer


def test_the_table_is_as_long_as_it_has_to_be() -> None:
    assert len(ONE) + len(SEVERAL) + len(SHORT) >= 80
    assert len(EQUAL) + len(DIFFERENT) >= 80


@pytest.mark.parametrize(("reply", "option"), ONE)
def test_a_reply_names_one_option(reply: str, option: str | None) -> None:
    assert answer_of(choice(CITIES), reply) == option


@pytest.mark.parametrize(("reply", "options"), SEVERAL)
def test_a_reply_names_several_options(reply: str, options: list[str] | None) -> None:
    answer = answer_of(choice(CITIES, several=True), reply)
    assert (None if answer is None else json.loads(answer)) == options


@pytest.mark.parametrize(("reply", "answer"), SHORT)
def test_a_reply_states_a_short_answer(reply: str, answer: str | None) -> None:
    assert answer_of(short_answer(), reply) == answer


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal_answers_are_equal_both_ways(a: str, b: str) -> None:
    assert plain_equal(a, b)
    assert plain_equal(b, a)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_answers_are_different_both_ways(a: str, b: str) -> None:
    assert not plain_equal(a, b)
    assert not plain_equal(b, a)
