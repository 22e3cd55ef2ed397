"""The cascade on recorded runs, by hand and on the record (needs its folder in `COPE_DATA`)."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mint import Episode, Outcome, Pair, cascade, outcome, pairs_of

WON, LOST = Episode(success=True, usd=1.0), Episode(success=False, usd=2.0)
LARGE = Episode(success=True, usd=10.0)
FREE = (0.0, 0.0)


def run(task: str, model: str, *, success: int, turns: int = 5, family: str = "f") -> list[Any]:
    return [family, task, model, turns, success, 3, 1_000_000, 500_000, "task_success", []]


def test_the_large_model_runs_where_the_task_failed_and_both_are_paid() -> None:
    assert cascade(Pair(WON, LARGE)) == (WON, False)
    assert cascade(Pair(LOST, LARGE)) == (Episode(success=True, usd=12.0), True)
    assert cascade(Pair(LOST, LOST)) == (Episode(success=False, usd=4.0), True)


def test_costs_are_added_before_they_are_divided() -> None:
    pairs = [Pair(WON, LARGE), Pair(LOST, Episode(success=False, usd=30.0))]
    assert outcome([cascade(pair)[0] for pair in pairs], pairs) == Outcome(0.5, 33 / 40)


def test_runs_of_both_models_on_a_task_are_put_together() -> None:
    runs = [
        run("a", "small", success=1),
        run("a", "small", success=0, turns=3),
        run("a", "large", success=0),
        run("b", "small", success=1),
        run("a", "other", success=1),
        run("a", "large", success=1, family="g"),
    ]
    pairs = pairs_of(runs, ("small", (2.0, 4.0)), ("large", (10.0, 20.0)), 5)
    small, large = Episode(success=True, usd=4.0), Episode(success=False, usd=20.0)
    assert pairs == {"f": [Pair(small, large)]}
    (pair,) = pairs_of(runs, ("small", FREE), ("large", FREE), 3)["f"]
    assert not pair.small.success


@pytest.mark.parametrize(
    ("small", "price"),
    [("Meta-Llama-3-8B-Instruct", (0.03, 0.06)), ("CodeActAgent-Mistral-7b-v0.1", (0.2, 0.2))],
)
def test_the_record_says_the_same_when_it_is_counted_without_the_gate(
    small: str, price: tuple[float, float]
) -> None:
    path = Path(os.environ.get("COPE_DATA", "")) / "recorded" / "mint_runs.jsonl.gz"
    if not path.is_file():
        pytest.skip("COPE_DATA names no folder with recorded/mint_runs.jsonl.gz")
    with gzip.open(path, "rt") as lines:
        runs = [json.loads(line) for line in lines]
    pairs = pairs_of(runs, (small, price), ("gpt-4-0613", (30.0, 60.0)), 5)["alfworld"]
    games = {one[1]: one for one in runs if one[:1] + one[2:4] == ["alfworld", small, 5]}
    larges = {one[1]: one for one in runs if one[:1] + one[2:4] == ["alfworld", "gpt-4-0613", 5]}
    assert games.keys() == larges.keys()
    won = sum(bool(one[4] or larges[task][4]) for task, one in games.items())
    paid = sum(one[6] * price[0] + one[7] * price[1] for one in games.values())
    alone = {task: one[6] * 30 + one[7] * 60 for task, one in larges.items()}
    paid += sum(alone[task] for task, one in games.items() if not one[4])
    ours = outcome([cascade(pair)[0] for pair in pairs], pairs)
    assert ours.success == pytest.approx(won / len(games))
    assert ours.cost == pytest.approx(paid / sum(alone.values()))
