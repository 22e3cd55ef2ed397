"""The replay of a quorum on recorded answers: as the package decides, chosen and read apart."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quorum import AIMS, chosen, means, splits
from benchmarks.quorum_answers import UNREAD, price_of, read, recorded
from benchmarks.sequences import ESCALATED, Played, first_quorum, play, sequences
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question
from cope_graph.state import Sample

PRICES = {
    "big": [2.0, 10.0],
    "open 4.1b-8b (together)": [0.2, 0.2],
    "open 8.1b-21b (together)": [0.3, 0.3],
    "open 41.1b-80b (together)": [0.9, 0.9],
}


def sample(answer: int) -> Sample:
    read_as = None if answer == UNREAD else str(answer)
    return {"text": "", "answer": read_as, "finish": "stop", "goal": None, "id": None}


def by_the_package(answers: list[int], quorum: int) -> tuple[int, int]:
    """Draw one after another as the graph does: the winner's place, and how many were asked."""
    n, gate = len(answers), vote(str.__eq__)
    limit = Threshold(quorum / n, strict=False, quorum=quorum)
    for drawn in range(1, n + 1):
        verdict = gate(Question("q"), [sample(answer) for answer in answers[:drawn]])
        missing = range(drawn, n)
        decision, accepted = decide(verdict, limit, n=n, missing=missing, onward="hand_over")
        if decision != "undecided":
            assert accepted is (decision == "accept")
            winner = verdict.winner if accepted else None
            return (ESCALATED if winner is None else winner), drawn
    msg = "it has to decide"
    raise AssertionError(msg)


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(UNREAD, 2), min_size=n, max_size=n), min_size=1, max_size=8
        )
    ),
    st.integers(1, 5),
)
def test_all_questions_at_once_are_decided_as_the_package_decides_each(
    questions: list[list[int]], quorum: int
) -> None:
    winner, asked = first_quorum(np.array(questions).T, quorum)
    found = [*zip(winner.tolist(), asked.tolist(), strict=True)]
    assert found == [by_the_package(answers, quorum) for answers in questions]


def test_only_those_that_are_asked_are_paid() -> None:
    said = {"a-7B": ["1", 1, 100], "b-7B": ["1", 1, 200], "c-7B": ["2", 0, 300]}
    rows = [{"models": {**said, "big": ["1", 1, 10]}}]
    one = recorded(rows, [100], PRICES)
    assert one.models == ("a-7B", "b-7B", "big", "c-7B")
    agreed = play(one, [0, 1, 3], 2, 2)
    assert agreed.usd.tolist() == pytest.approx([0.2 * (200 + 300) / 1e6])
    assert (agreed.right.tolist(), agreed.accepted.tolist()) == ([True], [True])
    apart = play(one, [0, 3], 2, 2)
    assert apart.usd.tolist() == pytest.approx([(0.2 * (200 + 400) + 2 * 100 + 10 * 10) / 1e6])
    assert apart.accepted.tolist() == [False]


def test_sequences_are_of_cheaper_models_and_the_cheapest_comes_first() -> None:
    tokens = {"a-7B": 300, "b-7B": 9, "c-80B": 900, "big": 1}
    rows = [{"models": {name: ["1", 1, count] for name, count in tokens.items()}}]
    one = recorded(rows, [100], PRICES)
    listed = [*sequences(one, one.models.index("big"), 2, 4)]
    assert [[one.models[index] for index in each] for each in listed] == [["b-7B", "a-7B"]]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Qwen2-7B-Instruct", "open 4.1b-8b (together)"),
        ("gemma-2-9b-it", "open 8.1b-21b (together)"),
        ("Qwen2.5-32B-Instruct", "open 41.1b-80b (together)"),
        ("Phi-3.5-mini-instruct", "open 4.1b-8b (together)"),
        ("big", "big"),
        ("Mixtral-8x7B-Instruct-v0.1", None),
        ("Llama-3.1-405B-Instruct-Turbo", None),
        ("claude-3-haiku-20240307", None),
    ],
)
def test_a_model_costs_its_own_price_or_that_of_its_size(name: str, label: str | None) -> None:
    assert price_of(name, PRICES) == (None if label is None else PRICES[label])


def played(right: list[int], usd: float) -> Played:
    count = len(right)
    return Played(np.array(right, bool), np.full(count, usd), np.ones(count, bool))


def test_the_most_accurate_within_the_limit_is_chosen_and_of_equals_the_cheapest() -> None:
    base, rows = played([1, 1, 1, 1], 1.0), np.arange(4)
    ways = [played([1, 1, 1, 1], 0.6), played([1, 1, 0, 0], 0.4), played([1, 0, 1, 0], 0.3)]
    assert chosen(ways, base, rows, 0.7) == 0
    assert chosen(ways, base, rows, 0.5) == 2
    assert chosen(ways, base, np.array([1]), 0.5) == 1
    with pytest.raises(ValueError, match="no sequence costs at most"):
        chosen(ways, base, rows, 0.1)


def test_each_split_reads_every_question_once_on_the_half_it_was_not_chosen_on() -> None:
    base = played([1] * 10, 1.0)
    parts = splits([played([1] * 10, 0.1)], base, AIMS[0], count=3, seed=1)
    assert len(parts) == 6
    for (one, _), (other, _) in zip(parts[::2], parts[1::2], strict=True):
        assert sorted([*one, *other]) == [*range(10)]
    told = means(parts, base)
    assert told.right.tolist() == [1.0] * 10
    assert told.share == pytest.approx(0.1)


def test_the_recorded_large_model_has_the_published_accuracy() -> None:
    data = Path(os.environ.get("COPE_DATA", ""))
    if not (data / "recorded" / "gsm_greedy_answers.jsonl.gz").exists():
        pytest.skip("COPE_DATA names no folder with recorded/gsm_greedy_answers.jsonl.gz")
    one = read(data, "gsm")
    large = one.models.index("gpt-4o-2024-08-06")
    assert 0.95 < one.right[large].mean() < 0.98
    assert one.answers.shape == one.usd.shape == one.right.shape
