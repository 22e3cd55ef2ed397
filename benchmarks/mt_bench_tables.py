"""What the records of `benchmarks.mt_bench` say: thresholds, quantiles, which sample is taken.

The gate of the package looks at the recorded log-probabilities again, so that a replay decides as
a run would.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import inf
from statistics import correlation, fmean, quantiles
from typing import Any, Final, get_args

from benchmarks.table import table
from cope_graph.gates.perplexities import Signal, perplexity
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.state import Sample

TAUS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
PERCENTS: Final = (0, 10, 25, 50, 75, 90, 100)
SIGNALS: Final[tuple[Signal, ...]] = get_args(Signal)
PRICES: Final = {"small": (0.15, 0.60), "large": (2.50, 10.0)}
"""USD per million tokens (input, output): list prices of gpt-4o-mini and gpt-4o, for illustration;
the embedded pair costs nothing."""

Turn = dict[str, Any]


def facts(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Work out all figures of the tables."""
    turns = [turn for record in records for turn in record["turns"]]
    samples = [sample for turn in turns for sample in turn["samples"]]
    return {
        "questions": len(records),
        "turns": len(turns),
        "second_turns": sum(len(record["turns"]) > 1 for record in records),
        "samples": len(samples),
        "cut_samples": sum(not sample["answered"] for sample in samples),
        "not_by_the_large_model": sum(turn["answered_by"] != 3 for turn in turns),
        "seconds": round(sum(turn["seconds"] for turn in turns)),
        "small_tokens": round(fmean(_tokens(turn, "small") for turn in turns)),
        "large_tokens": round(fmean(_tokens(turn, "large") for turn in turns)),
        "thresholds": [_at(signal, tau, turns) for signal in SIGNALS for tau in TAUS],
        "quantiles": [
            _quantiles(signal, number, records) for signal in SIGNALS for number in (1, 2)
        ],
        "agreement": [_agreement(a, b, turns) for a, b in combinations(SIGNALS, 2)],
        "lengths": [_lengths(signal, turns) for signal in SIGNALS],
    }


def tables(found: dict[str, Any], *, markdown: bool) -> str:
    """Lay the figures out."""
    escalated = [
        ["signal", "tau1", "perplexity below", "escalated", "tokens small", "large", "USD / large"],
        *(
            [
                row["signal"],
                f"{row['tau']:g}",
                f"{1 / row['tau']:.2f}",
                f"{row['escalated']} of {found['turns']}",
                f"{found['small_tokens']:,}",
                f"{row['large_tokens']:,}",
                f"{row['usd_of_large']:.2f}",
            ]
            for row in found["thresholds"]
        ),
    ]
    names = ["lowest", *(f"{percent}%" for percent in PERCENTS[1:-1]), "highest"]
    spread = [
        ["signal", "turn", "turns", *names],
        *(
            [row["signal"], str(row["turn"]), str(row["turns"]), *(f"{v:.2f}" for v in row["at"])]
            for row in found["quantiles"]
        ),
    ]
    agree = [
        ["signals", "rank correlation over turns", "same sample chosen"],
        *(
            [row["signals"], f"{row['rank']:.2f}", f"{row['same_winner']} of {row['turns']}"]
            for row in found["agreement"]
        ),
    ]
    lengths = [
        ["signal", "tokens chosen", "of all", "the shortest", "the longest"],
        *(
            [
                row["signal"],
                str(row["chosen_tokens"]),
                str(row["mean_tokens"]),
                f"{row['shortest']} of {row['turns']}",
                f"{row['longest']} of {row['turns']}",
            ]
            for row in found["lengths"]
        ),
    ]
    count = (
        f"{found['questions']} questions, {found['turns']} turns ({found['second_turns']} second "
        f"ones), {found['cut_samples']} of {found['samples']} samples cut, "
        f"{found['not_by_the_large_model']} turns not answered by the large model, "
        f"{found['seconds']} s"
    )
    laid = [table(rows, markdown=markdown, texts=1) for rows in (escalated, spread, agree, lengths)]
    return "\n\n".join([count, *laid])


def _look(signal: Signal, turn: Turn) -> Verdict:
    """Let the gate look at a turn's samples again."""
    return perplexity(signal)(Question(""), [_sample(one) for one in turn["samples"]])


def _sample(kept: dict[str, Any]) -> Sample:
    text = "kept no text" if kept["answered"] else None
    sample: Sample = {"text": "", "answer": text, "finish": None, "goal": None, "id": None}
    if "mean" in kept:
        names = ("tokens", "mean", "tail", "window")
        sample["log_probs"] = {name: kept[name] for name in names}  # type: ignore[typeddict-item]
    return sample


def _confidence(signal: Signal, turn: Turn) -> float:
    """Give the confidence; below all others where there is none."""
    confidence = _look(signal, turn).confidence
    return -inf if confidence is None else confidence


def _lengths(signal: Signal, turns: Sequence[Turn]) -> dict[str, Any]:
    """Compare the chosen samples' lengths with those of all samples that could be chosen."""
    looks = [(turn["samples"], _look(signal, turn).winner) for turn in turns]
    chosen = [
        (samples[winner]["tokens"], [one["tokens"] for one in samples if one["answered"]])
        for samples, winner in looks
        if winner is not None
    ]
    free = [(own, there) for own, there in chosen if len(set(there)) > 1]
    return {
        "signal": signal,
        "turns": len(free),
        "shortest": sum(own == min(there) for own, there in free),
        "longest": sum(own == max(there) for own, there in free),
        "chosen_tokens": round(fmean(own for own, _ in free)),
        "mean_tokens": round(fmean(fmean(there) for _, there in free)),
    }


def _at(signal: Signal, tau: float, turns: Sequence[Turn]) -> dict[str, Any]:
    """Replay one threshold: the small model is always asked, the large one where it escalates."""
    up = [turn for turn in turns if not _confidence(signal, turn) > tau]
    alone = sum(_usd(turn, "large") for turn in turns)
    usd = sum(_usd(turn, "small") for turn in turns) + sum(_usd(turn, "large") for turn in up)
    return {
        "signal": signal,
        "tau": tau,
        "escalated": len(up),
        "large_tokens": round(sum(_tokens(turn, "large") for turn in up) / len(turns)),
        "usd_of_large": round(usd / alone, 3),
        "usd_per_1000_turns": round(1000 * usd / len(turns), 4),
    }


def _quantiles(signal: Signal, number: int, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Spread out the lowest perplexity of each first, or each second, turn."""
    turns = [record["turns"][number - 1] for record in records if len(record["turns"]) >= number]
    values = sorted(1 / c for turn in turns if (c := _confidence(signal, turn)) > 0)
    steps = [values[0], *quantiles(values, n=20, method="inclusive"), values[-1]]
    at = [round(steps[percent // 5], 4) for percent in PERCENTS]
    return {"signal": signal, "turn": number, "turns": len(values), "at": at}


def _agreement(a: Signal, b: Signal, turns: Sequence[Turn]) -> dict[str, Any]:
    """Say whether two signals order the turns alike, and choose the same sample in each."""
    judged = [turn for turn in turns if any(one["answered"] for one in turn["samples"])]
    left, right = ([_confidence(signal, turn) for turn in judged] for signal in (a, b))
    winners = [(_look(a, turn).winner, _look(b, turn).winner) for turn in judged]
    return {
        "signals": f"{a}, {b}",
        "turns": len(judged),
        "rank": round(correlation(_ranks(left), _ranks(right)), 3),
        "same_winner": sum(one == other for one, other in winners),
    }


def _ranks(values: Sequence[float]) -> list[float]:
    """Give each value its place; equal values share the middle of theirs (Spearman)."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 for value in values]


def _tokens(turn: Turn, side: str) -> int:
    return int(turn[side]["input_tokens"] + turn[side]["output_tokens"])


def _usd(turn: Turn, side: str) -> float:
    read, write = PRICES[side]
    used = turn[side]
    return float(used["input_tokens"] * read + used["output_tokens"] * write) / 1_000_000
