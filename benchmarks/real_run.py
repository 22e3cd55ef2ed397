"""The embedded pair on real questions: what each method gets right, and what it takes.

    python benchmarks/real_run.py --data DIR --items 60 --json benchmarks/results/real_run.json

DIR holds gsm.jsonl (GSM8K) or, for `--task code`, mbpp_sanitized.jsonl; without --data the
package's own 20 word problems are used. Five methods:
small x1, small vote, large, COPE without plans, COPE with plans (the paper's settings). Small x1
and small vote are read off stage 1 of the run without plans (its first sample, its majority);
large alone is run where that run did not call the large model, and is its stage 3 elsewhere
(the same prompt at T = 0). A killed run goes on where it was (--records).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import families
from benchmarks.families import Family
from cope_graph import CopeContext, create_cope
from cope_graph.context import PLAN_FREE
from cope_graph.errors import NoAnswerError
from cope_graph.evaluation.datasets import Item
from cope_graph.models.pair import LARGE, SMALL

Right = Callable[[Item, str | None], bool]
LIMITS: dict[str, Any] = {"max_plan_tokens": 96, "max_answer_tokens": 320}
SETTINGS = {
    "plan-free": PLAN_FREE.model_copy(update=LIMITS),
    "cope": CopeContext(**LIMITS),
    "large": CopeContext(stages=(3,), **LIMITS),
}


@dataclass(frozen=True)
class Outcome:
    """What one method made of one item."""

    right: bool
    stage: int
    tokens: int
    large_tokens: int
    seconds: float


def main() -> None:
    """Run what is missing, then print the table."""
    args = _arguments()
    family = {"math": families.math, "code": families.code}[args.task](args.data)
    items = family.items[: args.items]
    records = _records(args.records)
    apps: dict[str, Any] = {
        name: create_cope(SMALL, LARGE, task=family.task, defaults=settings).compile()
        for name, settings in SETTINGS.items()
    }
    apps["plan-free"].invoke({"messages": [("user", "What is 1 + 1?")]})  # load both models
    apps["large"].invoke({"messages": [("user", "What is 1 + 1?")]})
    for number, item in enumerate(items, 1):
        got = records.setdefault(item.id, {})
        for method in ("plan-free", "cope", "large"):
            alone = method == "large" and got["plan-free"]["stage"] == 3
            if method not in got and not alone:
                got[method] = _run(apps[method], item, family.inputs.get(item.id, {}), args.seed)
                row = {"id": item.id, "method": method, **got[method]}
                with args.records.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        print(f"{number}/{len(items)} {item.id}", flush=True)
    rows = table({item: records[item.id] for item in items}, family)
    print("\n" + markdown(rows))
    if args.json:
        args.json.write_text(
            json.dumps({"items": len(items), "seed": args.seed, "rows": rows}, indent=1)
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--task", choices=("math", "code"), default="math")
    parser.add_argument("--data", type=Path, help="folder with gsm.jsonl or mbpp_sanitized.jsonl")
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--records", type=Path, default=Path("real_run.records.jsonl"))
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _records(path: Path) -> dict[str, dict[str, Any]]:
    """Read what an earlier run has done, by item and method."""
    records: dict[str, dict[str, Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        row = json.loads(line)
        records.setdefault(row.pop("id"), {})[row.pop("method")] = row
    return records


def _run(app: Any, item: Item, inputs: dict[str, Any], seed: int) -> dict[str, Any]:
    """Run one method on one item; keep answers, lines and time, no text."""
    started = time.perf_counter()
    samples: list[str | None] = []
    out: dict[str, Any] = {}
    lines: list[dict[str, Any]] = []
    context = {"seed": seed}
    asked = {"messages": [("user", item.question)], **inputs}
    try:
        for update in app.stream(asked, context=context, stream_mode="updates"):
            for change in update.values():
                out |= {key: change[key] for key in ("answer", "visits", "stage") if key in change}
                lines = change.get("ledger", {}).get("lines", lines)
                if not samples:
                    samples = [sample["answer"] for sample in change.get("samples", ())]
    except NoAnswerError as error:
        out |= {"answer": None, "stage": 3}
        lines = [dict(line) for line in error.ledger["lines"]] if error.ledger else []
    return {
        "answer": out["answer"],
        "stage": out["stage"],
        "visits": [[v["stage"], v["confidence"], v["answer"]] for v in out["visits"]],
        "first": samples[0] if samples else None,
        "lines": [
            [li["node"], li["stage"], li["input_tokens"] + li["output_tokens"], li["seconds"]]
            for li in lines
        ],
        "seconds": time.perf_counter() - started,
    }


def table(records: dict[Item, dict[str, Any]], family: Family) -> list[dict[str, Any]]:
    """Turn records into one row a method."""

    @cache
    def right(item: Item, answer: str | None) -> bool:
        return answer is not None and family.right(item, answer)

    methods: dict[str, Callable[[Item, dict[str, Any], Right], Outcome]] = {
        "small x1": _small_once,
        "small, n = 8": _small_vote,
        "large": _large,
        "COPE without plans": lambda item, got, right: _outcome(item, got["plan-free"], right),
        "COPE": lambda item, got, right: _outcome(item, got["cope"], right),
    }
    rows = []
    for name, read in methods.items():
        outcomes = [read(item, got, right) for item, got in records.items()]
        rows.append({"method": name, **_row(outcomes)})
    return rows


def _row(outcomes: list[Outcome]) -> dict[str, Any]:
    n = len(outcomes)
    by_stage = {}
    for stage in (1, 2, 3):
        there = [outcome for outcome in outcomes if outcome.stage == stage]
        by_stage[stage] = [len(there), sum(outcome.right for outcome in there)]
    return {
        "right": sum(outcome.right for outcome in outcomes),
        "n": n,
        "tokens": round(sum(outcome.tokens for outcome in outcomes) / n),
        "large_tokens": round(sum(outcome.large_tokens for outcome in outcomes) / n),
        "seconds": round(sum(outcome.seconds for outcome in outcomes) / n, 1),
        "by_stage": by_stage,
    }


def _outcome(item: Item, got: dict[str, Any], right: Right) -> Outcome:
    large = sum(line[2] for line in got["lines"] if line[0].startswith("large"))
    tokens = sum(line[2] for line in got["lines"])
    return Outcome(right(item, got["answer"]), got["stage"], tokens, large, got["seconds"])


def _small_vote(item: Item, got: dict[str, Any], right: Right) -> Outcome:
    _, tokens, seconds = _stage(got["plan-free"], 1)
    return Outcome(right(item, got["plan-free"]["visits"][0][2]), 1, tokens, 0, seconds)


def _small_once(item: Item, got: dict[str, Any], right: Right) -> Outcome:
    # One request bought all eight; a single sample's own tokens and time are not in the record.
    _, tokens, seconds = _stage(got["plan-free"], 1)
    return Outcome(right(item, got["plan-free"]["first"]), 1, round(tokens / 8), 0, seconds / 8)


def _large(item: Item, got: dict[str, Any], right: Right) -> Outcome:
    if "large" in got:
        return _outcome(item, got["large"], right)
    _, tokens, seconds = _stage(got["plan-free"], 3)
    answer = got["plan-free"]["visits"][-1][2]
    return Outcome(right(item, answer), 3, tokens, tokens, seconds)


def _stage(got: dict[str, Any], stage: int) -> tuple[int, int, float]:
    lines = [line for line in got["lines"] if line[1] == stage]
    return len(lines), sum(line[2] for line in lines), sum(line[3] for line in lines)


def markdown(rows: list[dict[str, Any]]) -> str:
    """Write the rows as a Markdown table."""
    head = (
        "| method | right | accuracy | tokens / item | of the large model | s / item "
        "| stage 1 | 2 | 3 |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        stages = " | ".join(f"{right}/{n}" if n else "-" for n, right in row["by_stage"].values())
        share = row["right"] / row["n"]
        lines.append(
            f"| {row['method']} | {row['right']}/{row['n']} | {share:.3f} | {row['tokens']:,} "
            f"| {row['large_tokens']:,} | {row['seconds']:.1f} | {stages} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
