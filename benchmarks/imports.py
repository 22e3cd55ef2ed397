"""CPU of importing the package, above that of importing LangGraph.

    python -m benchmarks.imports [--runs 15] [--markdown] [--json FILE]

Each import runs in a fresh process; what counts is that process's CPU time around the statement.
The statements run in turn, and the medians are reported.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import table

BASE = "import langgraph.graph"
STATEMENTS = (
    BASE,
    "import cope_graph",
    "import langgraph.graph; import cope_graph",
    "from cope_graph import create_cope, tasks",
    "from cope_graph import create_cope, tasks; tasks.math()",
)
HEAVY = (
    *("torch", "transformers", "langchain_openai", "openai", "langchain", "sympy", "math_verify"),
    *("xllamacpp", "genai_prices", "typer", "rich", "httpx", "langsmith", "langgraph"),
)
HEAD = ["statement", "heavy modules it loads", "CPU s", "above langgraph.graph"]
PROBE = """
import json, sys, time
started = time.process_time()
exec(sys.argv[1])
spent = time.process_time() - started
print(json.dumps({"cpu_s": spent, "modules": sorted({m.partition(".")[0] for m in sys.modules})}))
"""


@dataclass(frozen=True)
class Row:
    """One statement."""

    statement: str
    heavy: list[str]
    cpu_s: float
    above_s: float


def probe(statement: str) -> dict[str, Any]:
    """Run a statement in a fresh process; give its CPU seconds and the top modules loaded."""
    done = subprocess.run(  # noqa: S603 - our own code, no shell
        [sys.executable, "-c", PROBE, statement], check=True, capture_output=True, text=True
    )
    given: dict[str, Any] = json.loads(done.stdout)
    return given


def measure(runs: int) -> list[Row]:
    """Run every statement in turn; the first round, which may compile files, does not count."""
    rounds = [[probe(statement) for statement in STATEMENTS] for _ in range(1 + runs)]
    medians = [
        median(probed["cpu_s"] for probed in column) for column in zip(*rounds[1:], strict=True)
    ]
    loaded = [[name for name in HEAVY if name in probed["modules"]] for probed in rounds[0]]
    return [
        Row(statement, heavy, seconds, seconds - medians[0])
        for statement, heavy, seconds in zip(STATEMENTS, loaded, medians, strict=True)
    ]


def cells(row: Row) -> list[str]:
    """Write a row of the table."""
    heavy = ", ".join(row.heavy) or "none"
    return [f"`{row.statement}`", heavy, f"{row.cpu_s:.3f}", f"{row.above_s:+.3f}"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="CPU of importing the package.")
    parser.add_argument("--runs", type=int, default=15, help="processes per statement")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = measure(args.runs)
    print(table([HEAD, *map(cells, rows)], markdown=args.markdown, texts=2))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
