"""Recorded greedy answers of many models on one set of questions, with what each answer cost."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

UNREAD: Final = -1
"""Stands for a reply without an answer that can be read."""

_CLASSES: Final = (
    (8.0, "open 4.1b-8b (together)"),
    (21.0, "open 8.1b-21b (together)"),
    (80.0, "open 41.1b-80b (together)"),
)
"""Open models without a price of their own: up to so many billion parameters, the price of the
class; a size between two classes takes the dearer one."""
_SIZES: Final = {
    "Phi-3-mini-4k-instruct": 3.8,
    "Phi-3.5-mini-instruct": 3.8,
    "Mistral-Nemo-Instruct-2407": 12.2,
}
"""Billions of parameters, where the name does not say."""
_SIZE: Final = re.compile(r"(?<![0-9x.])(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Recorded:
    """What models answered.

    Attributes:
        models: Their names: those with a price that answered every question.
        answers: Numbers of equal answers, `UNREAD` without one; (models, questions).
        right: Whether they are right; (models, questions).
        usd: What they cost; (models, questions).
    """

    models: tuple[str, ...]
    answers: Ints
    right: Bools
    usd: Floats


def read(data: Path, name: str) -> Recorded:
    """Read a set of the folder: `benchmarks/NAME.jsonl`, `recorded/NAME_greedy_answers.jsonl.gz`.

    The prices stand in `prices.json` there, or in the folder above.
    """
    own = data / "prices.json"
    prices = json.loads((own if own.exists() else data.parent / "prices.json").read_text())
    lines = (data / "benchmarks" / f"{name}.jsonl").read_text().splitlines()
    asked = {one["id"]: one["prompt_tokens"] for one in map(json.loads, lines)}
    packed = (data / "recorded" / f"{name}_greedy_answers.jsonl.gz").read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    return recorded(rows, [asked[row["id"]] for row in rows], prices["prices"])


def recorded(
    rows: Sequence[Mapping[str, Any]],
    prompt_tokens: Sequence[int],
    prices: Mapping[str, Sequence[float]],
) -> Recorded:
    """Put rows into arrays.

    Args:
        rows: Each with `models`: name to answer, whether it is right, and completion tokens.
        prompt_tokens: Of each row's question.
        prices: USD per million tokens, in and out.
    """
    names = sorted(set[str]().union(*(row["models"] for row in rows)))
    priced = {
        name: price
        for name in names
        if all(name in row["models"] for row in rows)
        and (price := price_of(name, prices)) is not None
    }
    numbers: dict[str, int] = {}

    def number(answer: str | None) -> int:
        return UNREAD if answer is None else numbers.setdefault(answer, len(numbers))

    said = [[row["models"][name] for row in rows] for name in priced]
    given = np.array(prompt_tokens, dtype=float)
    written = np.array([[one[2] for one in line] for line in said], dtype=float)
    rates = np.array(list(priced.values()), dtype=float)
    return Recorded(
        models=tuple(priced),
        answers=np.array([[number(one[0]) for one in line] for line in said]),
        right=np.array([[bool(one[1]) for one in line] for line in said]),
        usd=(rates[:, :1] * given + rates[:, 1:] * written) / 1e6,
    )


def price_of(name: str, prices: Mapping[str, Sequence[float]]) -> Sequence[float] | None:
    """Find a model's price: its own, else that of open models of its size; `None` without one."""
    if name in prices:
        return prices[name]
    found = _SIZE.search(name)
    size = _SIZES.get(name) or (float(found[1]) if found else None)
    if size is None:
        return None
    return next((prices[label] for most, label in _CLASSES if size <= most), None)
