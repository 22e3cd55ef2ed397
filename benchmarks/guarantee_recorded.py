"""Recorded answers of many models: quorums calibrated on one part, read on the other."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from cope_graph.calibration import Alone, Thresholds, VoterTable, calibrate
from cope_graph.calibration.calibrating import SPLIT
from cope_graph.calibration.certify import losses
from cope_graph.calibration.choose import cut_to
from cope_graph.calibration.ladder import Ladder

LARGE = "gpt-4o-2024-08-06"
SETS = {"gsm": "GSM8K", "crux": "CRUXEval", "math_l5": "MATH level 5"}
SPEND = {"gsm": 0.12, "crux": 0.65, "math_l5": 0.6}
"""The share of gpt-4o's cost that `max_usd` asks for."""
SMALL, BIG = "open 4.1b-8b (together)", "open 41.1b-80b (together)"
FIVE = {
    "Meta-Llama-3-8B-Instruct": "Meta-Llama-3-8B-Instruct",
    "Meta-Llama-3.1-8B-Instruct": "Meta-Llama-3.1-8B-Instruct",
    "Phi-3.5-mini-instruct": SMALL,
    "Qwen2-7B-Instruct": SMALL,
    "gemma-2-9b-it": "open 8.1b-21b (together)",
}
"""The bar and its list prices: five small models answer; where no four agree gpt-4o does."""
POOL = {
    "Qwen2.5-7B-Instruct": "Qwen2.5-7B-Instruct",
    "Meta-Llama-3.1-8B-Instruct": "Meta-Llama-3.1-8B-Instruct",
    "Qwen2-7B-Instruct": SMALL,
    "Phi-3.5-mini-instruct": SMALL,
    "gemma-2-9b-it": "open 8.1b-21b (together)",
    "gpt-4o-mini-2024-07-18": "gpt-4o-mini-2024-07-18",
    "Meta-Llama-3.1-70B-Instruct": "Meta-Llama-3.1-70B-Instruct",
    "Qwen2.5-72B-Instruct": "Qwen2.5-72B-Instruct",
    "Qwen2-72B-Instruct": BIG,
    "Meta-Llama-3-70B-Instruct": BIG,
}
"""Who may vote where they are recorded, cheapest first, and under which list price."""
MAX_LOSS, CONFIDENCE = 0.02, 0.9
CHOOSE = 0.8
"""Share of the items that choose where nothing is certified."""


@cache
def recorded(data: Path, name: str) -> tuple[VoterTable, np.ndarray, np.ndarray]:
    """Read a set: voters, and whether the bar's answer is right and what it costs."""
    prices = json.loads(_prices(data).read_text())["prices"]
    asked = {one["id"]: one for one in _read(data / "benchmarks" / f"{name}.jsonl")}
    rows = _read(data / "recorded" / f"{name}_greedy_answers.jsonl.gz")
    given = np.array([asked[row["id"]]["prompt_tokens"] for row in rows])

    def usd(model: str, price: str) -> np.ndarray:
        written = np.array([row["models"][model][2] for row in rows])
        paid: np.ndarray = (prices[price][0] * given + prices[price][1] * written) / 1e6
        return paid

    def right(model: str) -> np.ndarray:
        return np.array([bool(row["models"][model][1]) for row in rows])

    alone = Alone(tuple(row["id"] for row in rows), right(LARGE), usd(LARGE, LARGE))
    pool = [model for model in POOL if all(model in row["models"] for row in rows)]
    table = VoterTable(
        tuple(pool),
        LARGE,
        alone,
        _groups(rows, pool),
        np.array([right(model) for model in pool]).T,
        np.array([usd(model, POOL[model]) for model in pool]).T,
    )
    spent = sum(usd(model, price) for model, price in FIVE.items())
    five = _groups(rows, tuple(FIVE)), np.array([right(model) for model in FIVE]).T
    return table, *_bar(*five, alone, spent)


def _bar(
    groups: np.ndarray, right: np.ndarray, alone: Alone, spent: Any
) -> tuple[np.ndarray, np.ndarray]:
    counts = ((groups[:, :, None] == groups[:, None, :]) & (groups[:, :, None] >= 0)).sum(axis=2)
    leader = counts.argmax(axis=1)
    passed = counts.max(axis=1) >= 4
    answer = right[np.arange(len(right)), leader]
    return np.where(passed, answer, alone.right), spent + np.where(passed, 0.0, alone.usd)


def _groups(rows: Sequence[dict[str, Any]], models: Sequence[str]) -> np.ndarray:
    found = []
    for row in rows:
        answers = [row["models"][model][0] for model in models]
        found.append([-1 if answer is None else answers.index(answer) for answer in answers])
    return np.array(found)


Read = tuple[float, float, float, bool]
"""Share right, that less gpt-4o's, cost of gpt-4o's, and whether it was certified."""


def recorded_rows(data: Path, name: str, splits: int, seed: int) -> list[list[str]]:
    """Give a row for the bar, for plain picking, and for each target."""
    table, bar_right, bar_usd = recorded(data, name)
    ladders, size = table.ladders(), len(table.alone.items)
    ways: dict[str, list[Read]] = {}
    for split in range(splits):
        order = [*range(size)]
        Random(f"{seed} {split}").shuffle(order)  # noqa: S311 - no secret
        fit, rest = order[: size // 2], order[size // 2 :]
        bar = _reading(table.alone, rest, bar_right, bar_usd)
        ways.setdefault("four of five small models agree", []).append(bar)
        place, step = _by_eye(ladders, table.alone.right, fit)
        eye = ladders[place].right[step], ladders[place].usd[step]
        ways.setdefault("loss <= 0.02 by eye", []).append(_reading(table.alone, rest, *eye))
        for label, made in _calibrated(_part(table, fit), SPEND[name], split).items():
            ladder = table.ladder([table.voters.index(one) for one in made.schedule.small])
            places = [(one.tau1, one.quorum) for one in ladder.steps]
            at = places.index((made.tau1, made.schedule.quorum))
            played = _reading(table.alone, rest, ladder.right[at], ladder.usd[at])
            ways.setdefault(label, []).append((*played[:3], made.shown.certified))
    return [_row(SETS[name], way, found, size // 2) for way, found in ways.items()]


def _calibrated(part: VoterTable, spend: float, seed: int) -> dict[str, Thresholds]:
    """Calibrate to each target; `spend` is a share of the large model's cost."""
    usd = spend * float(part.alone.usd.mean())
    made = {
        f"max_loss {MAX_LOSS:g}, {split:g} of them choose": calibrate(
            part, max_loss=MAX_LOSS, confidence=CONFIDENCE, split=split, seed=seed
        )
        for split in (0.5, SPLIT)
    }
    label = f"max_usd {spend:g} of gpt-4o's, {CHOOSE:g} of them choose"
    made[label] = calibrate(part, max_usd=usd, split=CHOOSE, seed=seed)
    return {name: one.thresholds for name, one in made.items()}


def _reading(alone: Alone, rest: Sequence[int], right: np.ndarray, usd: np.ndarray) -> Read:
    """Read a way's answers on the part that was not calibrated on."""
    kept = [*rest]
    share, large = float(right[kept].mean()), float(alone.right[kept].mean())
    return share, share - large, float(usd[kept].mean() / alone.usd[kept].mean()), False


def _row(name: str, way: str, found: Sequence[Read], items: int) -> list[str]:
    right, apart, cost, sure = (np.array(part) for part in zip(*found, strict=True))
    certified = f"{sure.mean():.2f}" if way.startswith("max_loss") else "-"
    worst = f"{100 * apart.mean():+.1f} ({100 * apart.min():+.1f} to {100 * apart.max():+.1f})"
    return [name, way, str(items), f"{right.mean():.3f}", worst, f"{cost.mean():.3f}", certified]


def _by_eye(ladders: Sequence[Ladder], large: np.ndarray, fit: Sequence[int]) -> tuple[int, int]:
    """Pick the cheapest step of all whose loss on the same items is small enough."""
    options = []
    for place, ladder in enumerate(ladders):
        part = cut_to(ladder, fit)
        lost, usd = losses(part, large[[*fit]]).mean(axis=1), part.usd.mean(axis=1)
        options += [(usd[i], place, i) for i in range(len(usd)) if lost[i] <= MAX_LOSS]
    _, place, step = min(options)
    return place, step


def _part(table: VoterTable, index: Sequence[int]) -> VoterTable:
    kept = [*index]
    alone = Alone(
        tuple(table.alone.items[i] for i in kept), table.alone.right[kept], table.alone.usd[kept]
    )
    arrays = table.groups[kept], table.right[kept], table.usd[kept]
    return VoterTable(table.voters, table.large, alone, *arrays)


def _prices(data: Path) -> Path:
    own = data / "prices.json"
    return own if own.exists() else data.parent / "prices.json"


def _read(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines()]
