"""What stopping early saves on recorded samples, and how often the lossy kind decides otherwise.

    python -m benchmarks.early_stopping --data DIR --markdown

DIR holds recorded/ with crux_codellama7b_k10, math100_qwen_k8 and humaneval_codegen16b_k10_gpt4.
Samples come in their recorded order, and the package's own `decide` says when to stop. The bound
beside it is counted without the package: with need = the least count above tau n, a draw is decided
when a count has reached need, or when the largest and what is to come fall short of it.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, pi, sin
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from benchmarks.table import table
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import AnswerClass, Question, Verdict
from cope_graph.gates.waves import NOTHING_SEEN, next_wave
from cope_graph.state import Sample

Answers = Sequence[str | None]

_TAUS: Final = (0.5, 0.75)
_GATE: Final = vote(str.__eq__)
_RATES: Final = [k / 200 for k in range(201)]


@dataclass(frozen=True)
class Stopped:
    """Where a draw ended.

    Attributes:
        drawn: Samples.
        requests: Waves.
        outcome: The decision, and the answer if it was accepted.
    """

    drawn: int
    requests: int
    outcome: tuple[str, str | None]


def main() -> None:
    """Stop all recorded draws and print the tables."""
    args = _arguments()
    sets = {name: _read(args.data, *where) for name, where in _SETS.items()}
    sets["all agree, n = 8"] = [["1"] * 8]
    head = ["samples", "tau", "questions", "n", "accepted", "exact saves", "bound", "requests"]
    for guard in args.guards:
        head += [f"guard {guard:g} saves", "equal"]
    rows = [_row(name, tau, sets[name], args.guards) for name in sets for tau in _TAUS]
    pooled = [one for name in _SETS for one in sets[name]]
    rows += [_row("all recorded", tau, pooled, args.guards) for tau in _TAUS]
    print(table([head, *rows], markdown=args.markdown), end="\n\n")
    head = ["the others", "n", "tau", "guard", "saves", "otherwise", "at worst", "at rate"]
    rows = [
        _errors(n, tau, guard, rival=rival)
        for rival in (False, True)
        for n in (8, 10, 16)
        for tau in _TAUS
        for guard in args.guards
    ]
    print(table([head, *rows], markdown=args.markdown))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with recorded/")
    parser.add_argument("--guards", type=float, nargs="+", default=[0.99, 0.98, 0.97])
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


def _column(name: str) -> Callable[[dict[str, Any]], list[str | None]]:
    return lambda item: [answer or None for answer in item[name]]


def _behaviour(item: dict[str, Any]) -> list[str | None]:
    """Let programs agree that pass the same of the asserts made up for them; `[]` without any."""
    return ["".join(map(str, bits)) for bits in item["small_generated"] if bits]


_SETS: Final = {
    "CRUX outputs, CodeLlama-7B": ("crux_codellama7b_k10", _column("samples_output")),
    "CRUX inputs, CodeLlama-7B": ("crux_codellama7b_k10", _column("samples_input")),
    "MATH, Qwen2.5-Math": ("math100_qwen_k8", _column("pred")),
    "HumanEval, CodeGen-16B": ("humaneval_codegen16b_k10_gpt4", _behaviour),
}


def _read(
    data: Path, name: str, answers: Callable[[dict[str, Any]], list[str | None]]
) -> list[list[str | None]]:
    with gzip.open(data / "recorded" / f"{name}.jsonl.gz", "rt") as file:
        read = [answers(json.loads(line)) for line in file]
    return [one for one in read if one]


def _row(name: str, tau: float, items: Sequence[Answers], guards: Sequence[float]) -> list[str]:
    full = [_outcome(one, Threshold(tau)) for one in items]
    exact = [stopped(one, Threshold(tau)) for one in items]
    row = [
        name,
        f"{tau:g}",
        str(len(items)),
        "/".join(map(str, sorted({len(one) for one in items}))),
        f"{fmean(answer is not None for _, answer in full):.3f}",
        _saved([one.drawn for one in exact], items),
        _saved([bound(one, tau) for one in items], items),
        f"{fmean(one.requests for one in exact):.1f}",
    ]
    for guard in guards:
        lossy = [stopped(one, Threshold(tau), guard) for one in items]
        equal = fmean(one.outcome == other for one, other in zip(lossy, full, strict=True))
        row += [_saved([one.drawn for one in lossy], items), f"{equal:.3f}"]
    return row


def _saved(drawn: Sequence[int], items: Sequence[Answers]) -> str:
    return f"{1 - sum(drawn) / sum(map(len, items)):.3f}"


def stopped(answers: Answers, threshold: Threshold, guard: float = 1.0) -> Stopped:
    """Draw recorded answers, as few at a time as could decide."""
    n, drawn, requests = len(answers), 0, 0
    verdict = NOTHING_SEEN
    while True:
        drawn += next_wave(
            verdict,
            threshold,
            n=n,
            missing=range(drawn, n),
            onward="hand_over",
            guard=guard,
        )
        requests += 1
        verdict = _GATE(Question(""), [_sample(answer) for answer in answers[:drawn]])
        decision, accepted = decide(
            verdict,
            threshold,
            n=n,
            missing=range(drawn, n),
            onward="hand_over",
            guard=guard,
        )
        if decision != "undecided":
            return Stopped(drawn, requests, (decision, verdict.answer if accepted else None))


def _outcome(answers: Answers, threshold: Threshold) -> tuple[str, str | None]:
    """Decide on the full draw."""
    verdict = _GATE(Question(""), [_sample(answer) for answer in answers])
    decision, accepted = decide(verdict, threshold, n=len(answers), missing=(), onward="hand_over")
    return decision, verdict.answer if accepted else None


def bound(answers: Answers, tau: float) -> int:
    """Count the samples after which the decision cannot change (tau of 0.5 at least)."""
    n, counts = len(answers), Counter[str]()
    need = next(count for count in range(n + 2) if Fraction(count, n) > Fraction(tau))
    for drawn, answer in enumerate(answers, 1):
        counts.update([answer] if answer is not None else [])
        top = max(counts.values(), default=0)
        if top >= need or top + n - drawn < need:
            return drawn
    return n


def _sample(answer: str | None) -> Sample:
    return {"text": "", "answer": answer, "finish": "stop", "goal": None, "id": None}


def _errors(n: int, tau: float, guard: float, *, rival: bool) -> list[str]:
    """Give what a draw saves and how often it decides otherwise, by how often a sample agrees."""
    stops = _stops(n, Threshold(tau), guard, rival=rival)
    by_rate = [_at(rate, n, Threshold(tau), stops, rival=rival) for rate in _RATES]
    # Jeffreys' prior: equal weights in q = sin^2(pi u / 2).
    prior = [_at(_jeffreys(k), n, Threshold(tau), stops, rival=rival) for k in range(500)]
    worst = max(range(len(_RATES)), key=lambda k: by_rate[k][1])
    return [
        "agree with each other" if rival else "have no answer",
        str(n),
        f"{tau:g}",
        f"{guard:g}",
        f"{fmean(saved for saved, _ in prior):.3f}",
        f"{fmean(wrong for _, wrong in prior):.4f}",
        f"{by_rate[worst][1]:.3f}",
        f"{_RATES[worst]:.2f}",
    ]


Stops = dict[tuple[int, int], tuple[str, int]]
"""By samples drawn and those that agree: the decision there, and the ways to get there."""


def _stops(n: int, threshold: Threshold, guard: float, *, rival: bool) -> Stops:
    ways, stops = {0: 1}, Stops()
    for drawn in range(1, n + 1):
        fresh = Counter[int]()
        for hits, count in ways.items():
            fresh[hits] += count
            fresh[hits + 1] += count
        ways = {}
        for hits, count in fresh.items():
            verdict = _counted(hits, drawn - hits if rival else 0)
            decision, _ = decide(
                verdict,
                threshold,
                n=n,
                missing=range(drawn, n),
                onward="hand_over",
                guard=guard,
            )
            if decision == "undecided":
                ways[hits] = count
            else:
                stops[drawn, hits] = decision, count
    return stops


def _counted(*counts: int) -> Verdict:
    """Make the verdict on counts of answers; with tau of 0.5 or more their order says nothing."""
    found = sorted(filter(None, counts), reverse=True)
    classes, start = [], 0
    for count in found:
        classes.append(AnswerClass("", tuple(range(start, start + count))))
        start += count
    return Verdict(None, 0, "" if found else None, "", tuple(classes), by_share=True)


def _at(
    rate: float, n: int, threshold: Threshold, stops: Stops, *, rival: bool
) -> tuple[float, float]:
    """Give the share of samples saved and of decisions that differ, at one rate of agreement."""
    saved = wrong = 0.0
    for (drawn, hits), (decision, ways) in stops.items():
        left = n - drawn
        chance = ways * rate**hits * (1 - rate) ** (drawn - hits)
        accepts = sum(
            comb(left, more) * rate**more * (1 - rate) ** (left - more)
            for more in range(left + 1)
            if threshold.passed(hits + more, n) or (rival and threshold.passed(n - hits - more, n))
        )
        saved += chance * left / n
        wrong += chance * (1 - accepts if decision == "accept" else accepts)
    return saved, wrong


def _jeffreys(k: int) -> float:
    return sin(pi * (k + 0.5) / 1000) ** 2


if __name__ == "__main__":
    main()
