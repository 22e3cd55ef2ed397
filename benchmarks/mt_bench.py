"""Two-turn conversations with the embedded pair: what perplexity as the gate would escalate.

    python -m benchmarks.mt_bench --data DIR --records FILE [--limit 40] [--n 4] [--markdown]

DIR holds mt_bench.jsonl (MT-bench: `id`, `category` and two `turns` a line). Each question is a
thread with a checkpointer; stage 1 draws n samples, and since no confidence exceeds tau1 = 1 the
large model answers too. So the records hold both sides of every turn, and the tables replay other
thresholds. No texts are in them; `--answers FILE` keeps the replies for a reader's eyes. A killed
run goes on after the last question that was done.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from langgraph.checkpoint.memory import InMemorySaver

from benchmarks import mt_bench_tables
from cope_graph import CopeContext, create_cope, tasks
from cope_graph.errors import NoAnswerError
from cope_graph.models.pair import LARGE, SMALL
from cope_graph.state import Sample

SYSTEM: Final = "Answer in at most 100 words."
"""Given in the first turn alone; most replies then end before the cap, and a cut one is none."""
MAX_TOKENS: Final = 220

Row = dict[str, Any]


def main() -> None:
    """Run what is missing, then print the tables."""
    args = _arguments()
    questions = _questions(args.data / "mt_bench.jsonl")[: args.limit]
    wanted = {"n": args.n, "seed": args.seed}
    records = _records(args.records, wanted)
    settings = CopeContext(
        n=args.n, tau1=1, stages=(1, 3), small_plan="none", max_answer_tokens=MAX_TOKENS
    )
    graph = create_cope(SMALL, LARGE, task=tasks.open_ended(), defaults=settings)
    app: Any = graph.compile(checkpointer=InMemorySaver())
    todo = [row for row in questions if row["id"] not in records]
    if todo:  # load both models
        app.invoke({"messages": [("user", "Hello!")]}, {"configurable": {"thread_id": "warm"}})
    for number, row in enumerate(todo, 1):
        turns, replies = _talk(app, row, args.seed)
        kept = {"id": row["id"], "category": row["category"], **wanted, "turns": turns}
        records[row["id"]] = kept
        _append(args.records, kept)
        if args.answers:
            _append(args.answers, {"id": row["id"], "replies": replies})
        print(f"{number}/{len(todo)} {row['id']}", flush=True)
    done = [records[row["id"]] for row in questions if row["id"] in records]
    facts = mt_bench_tables.facts(done)
    print("\n" + mt_bench_tables.tables(facts, markdown=args.markdown))
    if args.json:
        args.json.write_text(json.dumps({**wanted, **facts}, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with mt_bench.jsonl")
    parser.add_argument("--limit", type=int, default=40, help="questions, spread over categories")
    parser.add_argument("--n", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--records", type=Path, default=Path("mt_bench.records.jsonl"))
    parser.add_argument("--answers", type=Path, help="also keep the replies, in this file")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def _questions(path: Path) -> list[Row]:
    """Read the questions, one of each category in turn, so that any first part is a fair mix."""
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
    seen: Counter[str] = Counter()
    order = []
    for row in rows:
        order.append(seen[row["category"]])
        seen[row["category"]] += 1
    return [rows[i] for i in sorted(range(len(rows)), key=lambda i: order[i])]


def _records(path: Path, wanted: Row) -> dict[str, Row]:
    """Read what an earlier run with the same settings has done, by question."""
    lines = path.read_text("utf-8").split("\n") if path.exists() else []
    rows = [json.loads(line) for line in lines if line]
    return {row["id"]: row for row in rows if wanted.items() <= row.items()}


def _append(path: Path, row: Row) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _talk(app: Any, row: Row, seed: int) -> tuple[list[Row], list[Row]]:
    """Have one conversation; a turn without an answer ends it, for the next one has no context."""
    turns, replies = [], []
    for number, text in enumerate(row["turns"], 1):
        said = [("user", text)] if number > 1 else [("system", SYSTEM), ("user", text)]
        turn, reply = _turn(app, row["id"], said, seed)
        turns.append(turn)
        replies.append(reply)
        if reply["answer"] is None:
            break
    return turns, replies


def _turn(app: Any, thread: str, said: list[tuple[str, str]], seed: int) -> tuple[Row, Row]:
    started = time.perf_counter()
    config = {"configurable": {"thread_id": thread}}
    out: Row = {"answer": None, "stage": None, "visits": []}
    samples: list[Sample] = []
    lines: list[Row] = []
    try:
        for update in app.stream(
            {"messages": said}, config, context={"seed": seed}, stream_mode="updates"
        ):
            for node, change in update.items():
                out |= {key: change[key] for key in out if key in change}
                lines = change.get("ledger", {}).get("lines", lines)
                if node == "small_execute":
                    samples = change["samples"]
    except NoAnswerError as error:
        out |= {"answer": None, "stage": None}
        lines = [dict(line) for line in error.ledger["lines"]] if error.ledger else lines
    return {
        "samples": [
            {"answered": one["answer"] is not None, "finish": one["finish"], **_scores(one)}
            for one in samples
        ],
        "small": _tokens(lines, stage=1),
        "large": _tokens(lines, stage=3),
        "answered_by": out["stage"],
        "seconds": round(time.perf_counter() - started, 2),
    }, {"answer": out["answer"], "small": [visit["answer"] for visit in out["visits"][:1]]}


def _scores(sample: Sample) -> dict[str, float]:
    scores = sample.get("log_probs")
    return {key: round(value, 6) for key, value in scores.items()} if scores else {}  # type: ignore[call-overload]


def _tokens(lines: list[Row], *, stage: int) -> Row:
    there = [line for line in lines if line["stage"] == stage]
    names = ("input_tokens", "output_tokens", "seconds")
    return {name: round(sum(line[name] for line in there), 2) for name in names}


if __name__ == "__main__":
    main()
