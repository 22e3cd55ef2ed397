"""Cascades over recorded answers: by hand, and on the record (needs its folder in `COPE_DATA`)."""

from __future__ import annotations

import gzip
import json
import os
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from benchmarks.recorded_answers import (
    LARGE,
    Prices,
    five_cheapest,
    read_prices,
    records_of,
    size_of,
)
from benchmarks.recorded_cascades import SETS, cells, compared
from benchmarks.recorded_votes import tables
from cope_graph.evaluation.replaying.summary import Method
from cope_graph.money.prices import Price

FIVE = ("a-7b", "b-7B-it", "C-8B", "d-8b@host", "e-9b")
PRICES = Prices({"a-7b": (0, 1), "open 4.1b-8b (t)": (1, 1), "open 8.1b-21b (t)": (2, 2),
                 LARGE: (10, 10), "gpt-4-0613": (30, 60)})  # fmt: skip


def answered(item: int, answers: str, large: str = "g") -> dict[str, Any]:
    """Let five models give a letter each, `g` being right, at one token a reply."""
    models = {m: [a, int(a == "g"), 1] for m, a in zip(FIVE, answers, strict=True)}
    return {"id": f"q/{item}", "models": {**models, LARGE: [large, int(large == "g"), 1]}}


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    for part in ("benchmarks", "recorded"):
        (folder / part).mkdir(exist_ok=True)
    asked = [json.dumps({"id": row["id"], "prompt_tokens": 9}) for row in rows]
    (folder / "benchmarks" / "gsm.jsonl").write_text("\n".join(asked), "utf-8")
    with gzip.open(folder / "recorded" / "gsm_greedy_answers.jsonl.gz", "wt") as file:
        file.write("\n".join(map(json.dumps, rows)))
    return folder


def by_name(folder: Path, rows: list[dict[str, Any]]) -> dict[str, Method]:
    _, methods = compared(write(folder, rows), "gsm", PRICES, seed=0)
    return {method.name: method for method in methods}


@pytest.mark.parametrize(
    ("name", "size"),
    [("Qwen2.5-7B-Instruct", 7), ("gemma-2-9b-it@together", 9), ("Mixtral-8x7B", None),
     ("gpt-4o", None), ("Phi-3.5-mini", None), ("opt-1.3b", 1.3)],
)  # fmt: skip
def test_a_size_is_read_from_the_name_and_no_mixture_has_one(name: str, size: float | None) -> None:
    assert size_of(name) == size


def test_a_model_has_its_own_price_before_that_of_its_class() -> None:
    assert PRICES.of("a-7b") == Price.of(0, 1)
    assert (PRICES.of("b-7B-it"), PRICES.of("e-9b")) == (Price.of(1, 1), Price.of(2, 2))
    with pytest.raises(LookupError, match="big-70b has no price"):
        PRICES.of("big-70b")


def test_the_voters_are_the_cheapest_whatever_they_answer() -> None:
    rows = [answered(1, "ggggg"), answered(2, "xxxxx")]
    rows[0]["models"]["free-7b"] = ["g", 1, 1]  # it did not answer every item
    for row in rows:
        row["models"]["tiny-1b"] = row["models"]["f-9b"] = ["g", 1, 1]
    assert five_cheapest(rows, PRICES) == FIVE
    swapped = [answered(1, "xxxxx"), answered(2, "ggggg")]
    assert five_cheapest(swapped, PRICES) == FIVE


def test_equal_answers_are_in_one_class_across_models_and_none_is_in_no_class() -> None:
    row = answered(1, "gxggg")
    row["models"]["C-8B"][0] = None
    records = records_of("q", [{"id": "q/1", "prompt_tokens": 9}], [row], FIVE)
    samples = [one["stages"][0]["samples"][0] for one in records]
    assert [one["group"] for one in samples] == [0, 0, 1, None, 0, 0]
    assert [one["right"] for one in samples] == [True, True, False, False, True, True]


def test_where_k_agree_their_answer_stands_and_else_the_large_model_is_asked(
    tmp_path: Path,
) -> None:
    found = by_name(tmp_path, [answered(1, "xxxgg"), answered(2, "gggyx"), answered(3, "xyxyg")])
    majority, four = found["3 of 5 agree"], found["4 of 5 agree"]
    assert majority.accuracy.value == pytest.approx(2 / 3)  # three agree on what is wrong
    assert majority.resolved[3].items == pytest.approx(1 / 3)
    assert (four.accuracy.value, four.resolved[3].items) == (1.0, 1.0)
    assert four.difference is not None
    assert four.difference.value == 0.0


def test_costs_are_those_of_all_who_were_asked(tmp_path: Path) -> None:
    found = by_name(tmp_path, [answered(1, "ggggg"), answered(2, "xygwz")])
    five = 1 + 10 + 10 + 10 + 20  # millionths of a USD: 9 tokens in, 1 out
    assert found["large"].usd == pytest.approx(100e-6)
    assert found["5 of 5 agree"].usd == pytest.approx((five + 100 / 2) * 1e-6)
    assert found["5 of 5 agree"].share == pytest.approx((five + 50) / 100)
    assert found["a-7b alone"].usd == pytest.approx(1e-6)


def test_in_turn_nobody_is_asked_once_the_vote_is_settled_either_way(tmp_path: Path) -> None:
    found = by_name(tmp_path, [answered(1, "gggxx"), answered(2, "xyzgg")])
    turn, once = found["3 of 5 agree, in turn"], found["3 of 5 agree"]
    assert turn.accuracy == once.accuracy
    # Three agree; then four of which no two do, so that the fifth can make no three.
    assert (once.samples, turn.samples) == ((5 + 5 + 1) / 2, (3 + 4 + 1) / 2)
    # Five can agree until one differs: the fourth, and the second.
    assert found["5 of 5 agree, in turn"].samples == (4 + 1 + 2 + 1) / 2


def test_in_turn_gives_the_answers_of_all_at_once_for_no_more(tmp_path: Path) -> None:
    every = product("gxy", repeat=5)
    rows = [answered(item, "".join(answers)) for item, answers in enumerate(every)]
    found = by_name(tmp_path, rows)
    pairs = [
        (one, found[f"{name}, in turn"]) for name, one in found.items() if name.endswith("agree")
    ]
    assert len(pairs) == 8
    for once, turn in pairs:
        assert turn.resolved[3] == once.resolved[3]
        assert (turn.usd or 0) <= (once.usd or 0) + 1e-15
        assert turn.samples <= once.samples


@pytest.fixture
def data() -> Path:
    folder = Path(os.environ.get("COPE_DATA", ""))
    if not (folder / "recorded" / "gsm_greedy_answers.jsonl.gz").is_file():
        pytest.skip("COPE_DATA names no folder with recorded/gsm_greedy_answers.jsonl.gz")
    return folder


@pytest.mark.parametrize("name", SETS)
def test_on_the_record_five_that_agree_lose_little_and_the_table_repeats(
    data: Path, name: str
) -> None:
    prices = read_prices(data, None)
    voters, methods = compared(data, name, prices, seed=0)
    found = {method.name: method for method in methods}
    five = found["5 of 5 agree"]
    assert len(voters) == 5
    assert found["large"].share == 1.0
    assert five.difference is not None
    assert five.difference.low > -0.05
    assert [*map(cells, compared(data, name, prices, seed=0)[1])] == [*map(cells, methods)]


def test_on_the_record_a_gate_that_accepts_nothing_is_the_large_model(data: Path) -> None:
    for _, (head, *rows) in tables(data, read_prices(data, None), seed=0):
        last = dict(zip(head, rows[-1], strict=True))
        assert last["accepted, %"] == "0.0"
        assert last["less the large model's, points"] in {"-", "+0.0 [+0.0, +0.0]"}
