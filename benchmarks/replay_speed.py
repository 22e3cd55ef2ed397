"""How fast records are replayed: made-up votes, a grid of thresholds with intervals, on one core.

    python -m benchmarks.replay_speed --markdown

Every row is timed in this process; the best of the repeats counts. The bootstrap draws 2,000 times.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.table import table
from cope_graph.context import CopeContext
from cope_graph.evaluation.record_file import header_of
from cope_graph.evaluation.records import Records, Row, SampleRecord, StageRecord, read_records
from cope_graph.money.lines import LedgerLine, Role
from cope_graph.state import Stage

STAGES: dict[str, tuple[Stage, ...]] = {
    "plan_free": (1, 3),
    "cope": (1, 2, 3),
    "no_goal": (2, 3),
    "own_plan": (3,),
    "guideline": (1, 2, 3),
}


def main() -> None:
    """Time each step and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--thresholds", type=int, default=20, help="of each stage")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    one_core()
    with tempfile.TemporaryDirectory() as folder:
        print(table([("step", "seconds"), *timed(args, Path(folder))], markdown=args.markdown))


def timed(args: argparse.Namespace, folder: Path) -> list[tuple[str, str]]:
    """Time each step.

    Args:
        args: The sizes.
        folder: For a file.
    """
    import numpy as np  # noqa: PLC0415 - after its threads are limited

    from cope_graph.evaluation.replaying.replay import replay  # noqa: PLC0415
    from cope_graph.evaluation.replaying.summarising import summarise  # noqa: PLC0415
    from cope_graph.evaluation.replaying.sweep import sweep  # noqa: PLC0415

    n = args.samples
    records = made_up(args.items, n)
    run = replay(records, n=n)
    taus = [*np.linspace(0, 1, args.thresholds, endpoint=False)]

    def grid() -> int:
        found = run.at(n, ["cope"])
        over = sweep([found["cope", s, False] for s in (1, 2, 3)], taus, taus, strict=True)
        cells = [*np.ndindex(len(taus), len(taus))]
        low, high = over.intervals(cells, seed=0)
        assert (low <= over.accuracy.ravel() + 1e-9).all()
        assert (over.accuracy.ravel() <= high + 1e-9).all()
        return len(cells)

    size = f"{args.items:,} items x {n} samples"
    file = folder / "r.jsonl"
    file.write_text("\n".join(map(json.dumps, [records.header, *records])) + "\n", "utf-8")
    steps: list[tuple[str, Callable[[], object]]] = [
        (f"file of {file.stat().st_size / 1e6:.0f} MB to rows", lambda: read_records(file)),
        (f"rows of 5 arms to arrays, {size}", lambda: replay(records, n=n)),
        (f"grid of {args.thresholds} x {args.thresholds} thresholds with intervals", grid),
        ("rows to arrays to grid", lambda: (replay(records, n=n), grid())),
        ("the whole summary: all methods, health, grid, frontier", lambda: summarise(records)),
    ]
    return [(name, f"{best(step, args.repeats):.2f}") for name, step in steps]


def one_core() -> None:
    """Keep this process, and NumPy's threads, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def best(step: Callable[[], object], repeats: int) -> float:
    """Give the seconds of the fastest of some runs."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        step()
        taken.append(time.perf_counter() - began)
    return min(taken)


def made_up(items: int, n: int) -> Records:
    """Make records of items of all grades of difficulty."""
    lots = random.Random(8)  # noqa: S311 - repeatable
    header = header_of("bench", "math", {"small": "s", "large": "l"}, CopeContext(n=n))
    hardness = {f"item {i}": lots.random() for i in range(items)}
    rows = tuple(
        _row(lots, item, arm, n, hard) for item, hard in hardness.items() for arm in STAGES
    )
    return Records(header, rows)


def _row(lots: random.Random, item: str, arm: str, n: int, hard: float) -> Row:
    return {
        "item": item,
        "arm": arm,
        "stages": [_stage(lots, stage, n, hard) for stage in STAGES[arm]],
        "lines": [line for stage in STAGES[arm] for line in _lines(arm, stage, n)],
        "failures": [],
        "error": None,
    }


def _stage(lots: random.Random, stage: Stage, n: int, hard: float) -> StageRecord:
    drawn = 1 if stage == 3 else n
    answers = [0 if lots.random() > hard else 1 + int(4 * lots.random()) for _ in range(drawn)]
    order = {answer: group for group, answer in enumerate(dict.fromkeys(answers))}
    count, winner = max((answers.count(a), -order[a]) for a in order)
    answer = next(a for a, group in order.items() if group == -winner)
    samples: list[SampleRecord] = [
        {"answer": str(a), "group": order[a], "right": a == 0, "finish": "stop"} for a in answers
    ]
    return {
        "stage": stage,
        "n": drawn,
        "confidence": None if stage == 3 else count / drawn,
        "votes": stage != 3,
        "passes": None,
        "accepted": stage == 3,
        "answer": str(answer),
        "right": answer == 0,
        "seconds": 1.0,
        "samples": samples,
    }


def _lines(arm: str, stage: Stage, n: int) -> Iterator[LedgerLine]:
    side = "large" if stage == 3 else "small"
    if stage == 2 or arm == "own_plan":
        yield _line("large_plan", stage, "plan")
    if stage == 1 and arm != "plan_free":
        yield from (_line("small_plan", stage, "plan") for _ in range(n))
    yield from (_line(f"{side}_execute", stage, "execute") for _ in range(1 if stage == 3 else n))


def _line(node: str, stage: Stage, role: Role) -> LedgerLine:
    usd = "0.0021" if node.startswith("large") else "0.00002"
    figures: dict[str, Any] = {"cached_tokens": 0, "reasoning_tokens": 0, "gpu_seconds": 0.0}
    line: LedgerLine = {
        "node": node,
        "stage": stage,
        "role": role,
        "model": node[0],
        "samples": 1,
        "input_tokens": 120,
        "output_tokens": 180,
        "seconds": 0.5,
        "status": "reported",
        "usd": usd,
        "usd_upper": usd,
        "tokens_upper": 300,
        "error": None,
        **figures,  # type: ignore[typeddict-item]
    }
    return line


if __name__ == "__main__":
    main()
