"""The judge's bookkeeping on recorded judgements: GPT-4's scores of two models on MT-bench.

They are scores of one reply at a time, so a reply has the same score wherever it stands; where a
test swaps positions it adds a liking for the first place of its own. Needs the folder with
`recorded/mt_bench_judgements.jsonl.gz` in `COPE_DATA`.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from cope_graph.gates import judge
from cope_graph.gates.contests import Scores, Tally, tally
from tests.unit_tests.gates.judges import Judge, judged, replied

Item = tuple[str, int]
"""A question's id and its turn."""


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, float]]:
    """Scores by model, one row for each question and turn."""
    path = Path(os.environ.get("COPE_DATA", "")) / "recorded" / "mt_bench_judgements.jsonl.gz"
    if not path.is_file():
        pytest.skip("COPE_DATA names no folder with recorded/mt_bench_judgements.jsonl.gz")
    rows: dict[Item, dict[str, float]] = defaultdict(dict)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            one = json.loads(line)
            rows[one["id"], one["turn"]][one["model"]] = one["score"]
    return [*rows.values()]


@pytest.fixture(scope="module")
def models(recorded: list[dict[str, float]]) -> list[str]:
    names = sorted(recorded[0])
    assert len(names) == 2
    assert all(sorted(row) == names for row in recorded)
    return names


def contests(rows: list[dict[str, float]], one: str, two: str) -> list[tuple[Scores, Scores]]:
    return [((row[one], row[one]), (row[two], row[two])) for row in rows]


def test_wins_ties_and_losses_are_those_of_a_count_by_sign(
    recorded: list[dict[str, float]], models: list[str]
) -> None:
    one, two = models
    ours = tally(contests(recorded, one, two))
    margins = sorted(row[one] - row[two] for row in recorded)
    below = sum(margin < 0 for margin in margins)
    above = len(margins) - sum(margin <= 0 for margin in margins)
    assert ours == Tally(above, margins.count(0), below)
    assert ours.wins + ours.ties + ours.losses == len(recorded)
    assert min(ours.wins, ours.ties, ours.losses) > 0
    assert tally(contests(recorded, two, one)) == Tally(ours.losses, ours.ties, ours.wins)


def by_record(row: dict[str, float], first: int) -> Judge:
    """Make a judge that scores as recorded, and whoever stands first by `first` more."""

    def scores(texts: Sequence[str]) -> list[float]:
        return [min(10, row[text] + (0 if place else first)) for place, text in enumerate(texts)]

    return scores


def outcomes(rows: list[dict[str, float]], order: list[str], first: int) -> Counter[str]:
    """Let the gate judge every row, and count who wins by its words."""
    counts: Counter[str] = Counter()
    for row in rows:
        verdict = judged(judge(), by_record(row, first), replied(*order))
        assert verdict.winner is not None
        tied = verdict.explanation.endswith("tied with 1")
        counts["tie" if tied else order[verdict.winner]] += 1
    return counts


def test_the_gate_counts_as_the_tally_does_whoever_is_shown_first(
    recorded: list[dict[str, float]], models: list[str]
) -> None:
    one, two = models
    ours = tally(contests(recorded, one, two))
    counted = Counter({one: ours.wins, "tie": ours.ties, two: ours.losses})
    assert outcomes(recorded, [one, two], 0) == counted
    assert outcomes(recorded, [two, one], 0) == counted


def test_a_liking_for_the_first_place_costs_wins_and_makes_none(
    recorded: list[dict[str, float]], models: list[str]
) -> None:
    one, two = models
    fair = outcomes(recorded, [one, two], 0)
    for first in (1, 3, 9):
        liking = outcomes(recorded, [one, two], first)
        assert liking == outcomes(recorded, [two, one], first)
        # By another route: who is ahead by more than the liking.
        leads = [row[one] - row[two] for row in recorded]
        assert liking[one] == sum(lead > first for lead in leads)
        assert liking[two] == sum(lead < -first for lead in leads)
        assert liking[one] <= fair[one]
        assert liking[two] <= fair[two]
    assert liking["tie"] > fair["tie"]
