"""Votes of one model's recorded samples, at every threshold, before a large model or alone.

No tokens of these samples were recorded: a token is taken for four characters.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from benchmarks.recorded_answers import (
    LARGE,
    Prices,
    as_records,
    line_of,
    read,
    row_of,
    sample_of,
)
from cope_graph.evaluation.records import Records, Row, SampleRecord
from cope_graph.evaluation.replaying.cells import NONE, interval, number, percent
from cope_graph.evaluation.replaying.figures import known, share_of
from cope_graph.evaluation.replaying.health import health_of
from cope_graph.evaluation.replaying.intervals import DIFFERENCES, mean_interval
from cope_graph.evaluation.replaying.outcomes import Outcome
from cope_graph.evaluation.replaying.replay import replay
from cope_graph.evaluation.replaying.sweep import Sweep, levels, sweep

HEAD: Final = (
    "samples",
    "accepted above",
    "accepted, %",
    "right of those, %",
    "cascade right, %",
    "less the large model's, points",
    "share of its cost",
    "AUROC",
    "ECE",
    "Brier",
)
_A_TOKEN: Final = 4  # characters
_SIZES: Final = (4, 8, 10)
_OWN_TAU: Final = 0.75  # the paper's; it stands in the table in place of a level that does the same
_SAMPLES, _LARGE = ("plan_free", 1, False), ("plan_free", 3, False)
Rows: TypeAlias = Sequence[Sequence[str]]


def tables(data: Path, prices: Prices, *, seed: int) -> Iterator[tuple[str, Rows]]:
    """Give a title and a table of each recorded model."""
    for title, records_in in _READERS.items():
        records = records_in(data)
        models = records.header["models"]
        # Without a large model there is nothing to compare the cost with.
        given = {side: prices.of(models[side]) for side in models if "large" in models}
        yield title, [HEAD, *_rows(records, given, seed)]


def _rows(records: Records, given: Mapping[str, Any], seed: int) -> Iterator[Sequence[str]]:
    most = min(len(row["stages"][0]["samples"]) for row in records)
    run = replay(records, n=most, prices=given)
    for n in (size for size in _SIZES if size <= most):
        outcomes = run.at(n)
        first, last = outcomes[_SAMPLES], outcomes.get(_LARGE)
        taus = levels(first, _OWN_TAU, strict=True)
        over = None if last is None else sweep((first, last), taus, (0.0,), strict=True)
        for index, tau in enumerate(taus):
            behind = _cascade(over, last, index, seed)
            yield (str(n), f"{tau:.3g}", *_gate(first, tau, behind))


def _gate(first: Outcome, tau: float, behind: Sequence[str]) -> Sequence[str]:
    health = health_of(1, first.confidence, first.right, tau, strict=True)
    return (
        percent(health.accept_rate),
        percent(health.accuracy_accepted),
        *behind,
        number(health.auroc, 3),
        number(health.ece, 3),
        number(health.brier, 3),
    )


def _cascade(over: Sweep | None, last: Outcome | None, index: int, seed: int) -> Sequence[str]:
    if over is None or last is None:
        return NONE, NONE, NONE
    right = over.right([(index, 0)])[:, 0].astype(float)
    share = share_of(known(over.usd[index, 0]), known(last.bill.usd.sum(axis=1).mean()))
    behind = right - np.where(last.answered, last.right, 0.0)
    difference = mean_interval(behind, seed=seed, span=DIFFERENCES)
    accuracy = mean_interval(right, seed=seed)
    return interval(accuracy), interval(difference, sign="+"), number(share, 3)


def crux(data: Path) -> Records:
    """Read CodeLlama-7B's predictions of outputs, and gpt-4o's answers to the same items."""
    asked = {one["id"]: one["prompt_tokens"] for one in read(data / "benchmarks" / "crux.jsonl")}
    folder = data / "recorded"
    large = {one["id"]: one["models"] for one in read(folder / "crux_greedy_answers.jsonl.gz")}
    rows = []
    for one in read(folder / "crux_codellama7b_k10.jsonl.gz"):
        texts, answer = one["samples_output"], large[one["id"]][LARGE]
        small = _samples(map(_literal, texts), one["ok_output"])
        prompt = asked[one["id"]]
        rows.append(_row(one["id"], small, texts, prompt, (*answer, prompt)))
    return _records("crux_codellama7b_k10", rows, {"small": "CodeLlama-7B", "large": LARGE})


def humaneval(data: Path) -> Records:
    """Read CodeGen-16B's programs, alike where they pass the same of its own tests, and GPT-4's."""
    rows = []
    for one in read(data / "recorded" / "humaneval_codegen16b_k10_gpt4.jsonl.gz"):
        # Programs that pass none of their own model's tests have no answer that could agree.
        keys = (str(bits) if any(bits) else None for bits in one["small_generated"])
        prompt = len(one["small_prompt"]) / _A_TOKEN
        large = ("", one["large_ok"], len(one["large_code"]) / _A_TOKEN, prompt)
        small = _samples(keys, one["small_ok"])
        rows.append(_row(one["id"], small, one["small_samples"], prompt, large))
    models = {"small": "codegen-16B", "large": "gpt-4-0613"}
    return _records("humaneval_codegen16b_k10_gpt4", rows, models)


def math(data: Path) -> Records:
    """Read the samples of a Qwen2.5-Math model; no large model was asked the same."""
    rows = []
    for one in read(data / "recorded" / "math100_qwen_k8.jsonl.gz"):
        small = _samples((answer or None for answer in one["pred"]), one["ok"])
        prompt = len(one["question"]) / _A_TOKEN
        rows.append(_row(one["id"], small, one["samples"], prompt, None))
    return _records("math100_qwen_k8", rows, {"small": "Qwen2.5-Math"})


_READERS: Final[Mapping[str, Callable[[Path], Records]]] = {
    "CRUXEval, votes of CodeLlama-7B, then gpt-4o": crux,
    "HumanEval, CodeGen-16B's programs by behaviour, then GPT-4": humaneval,
    "MATH, votes of a Qwen2.5-Math model alone": math,
}


def _samples(keys: Iterator[str | None], right: Sequence[Any]) -> list[SampleRecord]:
    groups: dict[str, int] = {}
    return [sample_of(key, ok, groups) for key, ok in zip(keys, right, strict=True)]


def _row(
    item: str,
    small: list[SampleRecord],
    texts: Sequence[str],
    prompt: float,
    large: tuple[str | None, Any, float, float] | None,
) -> Row:
    """Make a row of votes; `large` is its answer, whether that is right, and its tokens."""
    lines = [line_of("small_execute", 1, "small", prompt, len(t) / _A_TOKEN) for t in texts]
    stages = {1: small}
    if large is not None:
        answer, right, written, given = large
        stages[3] = [sample_of(answer, right, {})]
        lines.append(line_of("large_execute", 3, "large", given, written))
    return row_of(item, "plan_free", stages, lines)


def _records(name: str, rows: Sequence[Row], models: Mapping[str, str]) -> Records:
    most = len(rows[0]["stages"][0]["samples"])
    return as_records(name, rows, models, len(rows), most)


def _literal(text: str) -> str:
    """Give a literal's value as text; what is none stands as it was written."""
    try:
        return repr(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text.strip()
