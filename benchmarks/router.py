"""Does an entry router pay? Recorded answers, routed by cross-fitting.

    python -m benchmarks.router --data DIR --markdown

DIR holds benchmarks/ and recorded/; prices.json stands there or in the folder above. The cascade:
five open models of 4 to 9 B answer once each (stage 1, five samples), and where no four of them
agree gpt-4o answers (stage 3). There is no stage 2 in these records, and nothing is asked of any
model.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.table import table
from cope_graph.routing.evidence import crossed, interval
from cope_graph.routing.proving import fit_router, fitted
from cope_graph.routing.records import RoutingRecord

SMALL = (
    "Meta-Llama-3-8B-Instruct",
    "Meta-Llama-3.1-8B-Instruct",
    "Phi-3.5-mini-instruct",
    "Qwen2-7B-Instruct",
    "gemma-2-9b-it",
)
LARGE = "gpt-4o-2024-08-06"
USD_SMALL = "open 4.1b-8b (together)"
AGREE = 4  # of five: more than the paper's 0.75
A_TOKEN = 4  # characters, where a record has no count of tokens
GPT4_TURBO, MIXTRAL = (10.0, 30.0), (0.6, 0.6)  # USD per million tokens, list prices of 2024


@dataclass(frozen=True)
class Recorded:
    """One question, and whether each way to answer it was right."""

    record: RoutingRecord
    small_right: bool
    large_right: bool


def main() -> None:
    """Route every set and print the table."""
    args = _arguments()
    prices = json.loads((_prices_file(args.data)).read_text())["prices"]
    if args.usd_small is not None:
        prices[USD_SMALL] = [args.usd_small, args.usd_small]
    read = {name: [*_agreement(args.data, name, prices)] for name in ("gsm", "math_l5", "crux")}
    sets = {
        "GSM8K": read["gsm"],
        "MATH level 5": read["math_l5"],
        "CRUXEval": read["crux"],
        "GSM8K + MATH level 5": read["gsm"] + read["math_l5"],
        "all three": [one for some in read.values() for one in some],
        "GSM8K, Mixtral, GPT-4, ideal gate": [*_pair(args.data)],
    }
    head = [
        "questions",
        "n",
        "accepted",
        "stage 1",
        "large alone",
        "routed",
        "saved, 95 % interval",
    ]
    head += ["begin at 3", "right, stage 1", "right, routed", "right, large alone"]
    head += ["Brier (base)", "calibration error", "pays"]
    rows = [_row(name, recorded, args.seed) for name, recorded in sets.items()]
    print(table([head, *rows], markdown=args.markdown))
    print("\nUSD a thousand questions; `stage 1`: every run begins there.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with recorded/")
    parser.add_argument("--seed", type=int, default=0, help="of folds and resamples")
    parser.add_argument("--usd-small", type=float, help="a million tokens of the five models")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


def _prices_file(data: Path) -> Path:
    """Find the list of prices: beside the data, or in the folder above."""
    own = data / "prices.json"
    return own if own.exists() else data.parent / "prices.json"


def _read(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines()]


def _agreement(data: Path, name: str, prices: dict[str, list[float]]) -> Iterator[Recorded]:
    """Let five models agree, else ask the large one."""
    asked = {one["id"]: one for one in _read(data / "benchmarks" / f"{name}.jsonl")}
    for answered in _read(data / "recorded" / f"{name}_greedy_answers.jsonl.gz"):
        question, models = asked[answered["id"]], answered["models"]
        given, five = question["prompt_tokens"], [models[model] for model in SMALL]
        votes = Counter(answer for answer, _, _ in five if answer is not None)
        answer, count = votes.most_common(1)[0] if votes else (None, 0)
        usd1 = sum(_usd(prices[USD_SMALL], given, written) for _, _, written in five)
        yield Recorded(
            RoutingRecord(
                question["question"],
                count >= AGREE,
                usd1,
                usd_stage3=_usd(prices[LARGE], given, models[LARGE][2]),
            ),
            small_right=any(right for one, right, _ in five if one == answer),
            large_right=bool(models[LARGE][1]),
        )


def _pair(data: Path) -> Iterator[Recorded]:
    """Ask Mixtral once, and GPT-4 where that was wrong: a gate that no real one is better than."""
    for one in _read(data / "recorded" / "gsm8k_routellm_mixtral_gpt4.jsonl.gz"):
        given = len(one["question"]) / A_TOKEN
        usd1 = _usd(MIXTRAL, given, len(one["small_text"]) / A_TOKEN)
        usd3 = _usd(GPT4_TURBO, given, len(one["large_text"]) / A_TOKEN)
        accepted = bool(one["small_ok"])
        record = RoutingRecord(one["question"], accepted, usd1, usd_stage3=usd3)
        yield Recorded(record, small_right=accepted, large_right=bool(one["large_ok"]))


def _usd(price: Sequence[float], given: float, written: float) -> float:
    return (price[0] * given + price[1] * written) / 1e6


def _row(name: str, recorded: Sequence[Recorded], seed: int) -> list[str]:
    records = [one.record for one in recorded]
    shown = fit_router(records, seed=seed).evidence
    found = crossed(records, partial(fitted, seed=seed), seed)
    large = fmean(float(one.usd_stage3 or 0) for one in records)
    usd = [1000 * one for one in (shown.usd_before, large, shown.usd_after)]
    saved = 1000 * shown.saved, 1000 * shown.low, 1000 * shown.high
    before = [_right(one, 1) for one in recorded]
    after = [_right(one, start) for one, start in zip(recorded, found.starts, strict=True)]
    return [
        name,
        str(len(records)),
        f"{fmean(one.accepted for one in records):.3f}",
        *(f"{one:.3f}" for one in usd),
        f"{saved[0]:.3f} ({saved[1]:.3f} to {saved[2]:.3f}), {shown.saved / shown.usd_before:.1%}",
        f"{shown.starts[2] / len(records):.3f}",
        f"{fmean(before):.3f}",
        f"{fmean(after):.3f} {_apart(before, after, seed)}",
        f"{fmean(one.large_right for one in recorded):.3f}",
        f"{shown.brier:.3f} ({shown.brier_base:.3f})",
        f"{shown.calibration_error:.3f}",
        "yes" if shown.pays else "no",
    ]


def _right(one: Recorded, start: int) -> bool:
    return one.small_right if start == 1 and one.record.accepted else one.large_right


def _apart(before: Sequence[bool], after: Sequence[bool], seed: int) -> str:
    low, high = interval([b - a for a, b in zip(before, after, strict=True)], seed)
    return f"({low:+.3f} to {high:+.3f})"


if __name__ == "__main__":
    main()
