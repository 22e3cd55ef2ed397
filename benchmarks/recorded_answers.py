"""Recorded answers of many models as records of runs, which a replay reads like those of a bench.

The models were asked once each, at temperature 0. Every one but the large one is a voter; equal
answers are equal keys, as the record has them.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from cope_graph import CopeContext
from cope_graph.evaluation.arms import VOTER
from cope_graph.evaluation.record_file import header_of
from cope_graph.evaluation.records import Records, Row, SampleRecord
from cope_graph.money.lines import LedgerLine
from cope_graph.money.prices import Price
from cope_graph.state import Stage

LARGE: Final = "gpt-4o-2024-08-06"
SMALLEST, BIGGEST = 7, 10
"""Billions of weights of the models that count as small here: one class of hardware."""
VOTERS: Final = 5

_SIZE: Final = re.compile(r"(?<![\dx.])(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)
_CLASS: Final = re.compile(r"open ([\d.]+)b-([\d.]+)b ")


@dataclass(frozen=True)
class Prices:
    """A list of prices in USD per million tokens, input and output.

    Attributes:
        listed: By model, or by class of open models: `"open 4.1b-8b (together)"`.
    """

    listed: Mapping[str, Sequence[float]]

    def of(self, model: str) -> Price:
        """Give a model's own price, else that of its class by the size in its name.

        Raises:
            LookupError: There is neither.
        """
        if model in self.listed:
            return Price.of(*self.listed[model])
        size = size_of(model)
        for name, price in self.listed.items():
            bounds = _CLASS.match(name)
            if bounds and size and float(bounds[1]) <= size <= float(bounds[2]):
                return Price.of(*price)
        msg = f"{model} has no price, nor has its class: give --prices FILE with one."
        raise LookupError(msg)


def size_of(model: str) -> float | None:
    """Read the billions of weights in a name; `None` where it says none, or of which there are."""
    found = _SIZE.search(model)
    return float(found[1]) if found else None


def read(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines, compressed or not."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines()]


def read_prices(data: Path, given: Path | None) -> Prices:
    """Read the list of prices: the file given, else the one beside the data or a folder above."""
    beside = data / "prices.json"
    path = given or (beside if beside.exists() else data.parent / "prices.json")
    return Prices(json.loads(path.read_text("utf-8"))["prices"])


def five_cheapest(answered: Sequence[Mapping[str, Any]], prices: Prices) -> tuple[str, ...]:
    """Choose the voters by a rule that looks at no answer.

    Open models of 7 to 10 B, by the size in their names, that answered every item; the five with
    the lowest price (input and output added), in this order; at the same price by name.
    """
    everywhere = set.intersection(*(set(one["models"]) for one in answered))
    small = [
        model
        for model in everywhere
        if (size := size_of(model)) is not None and SMALLEST <= size <= BIGGEST
    ]

    def cost(model: str) -> tuple[Any, str]:
        price = prices.of(model)
        return price.input + price.output, model.casefold()

    return tuple(sorted(small, key=cost)[:VOTERS])


def records_of(
    name: str,
    asked: Iterable[Mapping[str, Any]],
    answered: Sequence[Mapping[str, Any]],
    models: Sequence[str],
    large: str = LARGE,
) -> Records:
    """Make records of the large model alone and of every voter.

    Args:
        name: Of the data.
        asked: The questions: `id`, `prompt_tokens`.
        answered: The answers: `id`, `models` of `[answer, right, output tokens]`.
        models: The voters, in order.
        large: The large model.
    """
    prompts = {one["id"]: one["prompt_tokens"] for one in asked}
    arms = {"plan_free": large, **{f"{VOTER}{model}": model for model in models}}
    rows = []
    for one in answered:
        groups: dict[str, int] = {}  # equal numbers are equal answers across the rows of an item
        for arm, model in arms.items():
            answer, right, written = one["models"][model]
            sample = sample_of(answer, right, groups)
            line = line_of("large_execute", 3, model, prompts[one["id"]], written)
            rows.append(row_of(one["id"], arm, {3: [sample]}, [line]))
    sides = {"large": large, **{arm: model for arm, model in arms.items() if arm != "plan_free"}}
    return as_records(name, rows, sides, len(answered), 1)


def as_records(
    name: str, rows: Sequence[Row], models: Mapping[str, str], items: int, n: int
) -> Records:
    """Put rows under a header."""
    data = {"name": name, "sha256": "", "items": items}
    settings = CopeContext(small_plan="none", stages=(1, 3), n=n)
    header = header_of("bench", "math", models, settings, data=cast("Any", data))
    return Records(header, tuple(rows), name)


def sample_of(answer: str | None, right: Any, groups: dict[str, int]) -> SampleRecord:
    """Make a sample, its class numbered by who came first; `groups` learns it."""
    group = None if answer is None else groups.setdefault(answer, len(groups))
    is_right = answer is not None and bool(right)
    return {"answer": answer, "group": group, "right": is_right, "finish": "stop"}


def row_of(
    item: str, arm: str, stages: Mapping[int, Sequence[SampleRecord]], lines: list[LedgerLine]
) -> Row:
    """Make the row of a run whose stages vote; a replay counts the votes itself."""
    return {
        "item": item,
        "arm": arm,
        "stages": [
            {
                "stage": cast("Stage", stage),
                "n": len(samples),
                "confidence": None,
                "votes": len(samples) > 1,
                "passes": None,
                "accepted": False,
                "answer": samples[0]["answer"],
                "right": samples[0]["right"],
                "seconds": 0.0,
                "samples": list(samples),
            }
            for stage, samples in stages.items()
        ],
        "lines": lines,
        "failures": [],
        "error": None,
    }


def line_of(node: str, stage: int, model: str, given: float, written: float) -> LedgerLine:
    """Make the bill of one reply, its price still open."""
    return {
        "node": node,
        "stage": stage,
        "role": "execute",
        "model": model,
        "samples": 1,
        "input_tokens": round(given),
        "output_tokens": round(written),
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "seconds": 0.0,
        "gpu_seconds": 0.0,
        "status": "estimated",
        "usd": None,
        "usd_upper": None,
        "tokens_upper": None,
        "error": None,
    }
