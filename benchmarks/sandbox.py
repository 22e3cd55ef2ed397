"""What a sandbox costs, and whether right programs pass in it.

    python -m benchmarks.sandbox [--runs 40] [--data DIR] [--markdown] [--json FILE]

Contenders run the same small program in turn, in one rotating order: a plain subprocess as anybody
starts it (`sys.executable FILE`), the same interpreter with the sandboxes' own flags, and each
sandbox that holds here. Wall-clock medians, and programs a second by two threads. With `--data`,
each canonical solution of HumanEval and MBPP goes through `judge` in each sandbox, and without one
for comparison: what fails there too is wrong with the data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, cast

from benchmarks.table import table
from cope_graph.errors import SandboxSetupError
from cope_graph.sandbox.boot import FLAGS
from cope_graph.sandbox.choose import SandboxName, code_runner
from cope_graph.sandbox.interpreter import python
from cope_graph.sandbox.runner import CodeRunner
from cope_graph.sandbox.unsafe import UnsafeSubprocess
from cope_graph.sandbox.verdicts import AssertTest, judge

PROGRAM = "print(sum(range(1000)))\n"
PLAIN = "plain subprocess"
BARE = "plain, without site"
SANDBOXES = ("sandlock", "bubblewrap", "wasi")
THREADS = 2
SETS = {"HumanEval": "humaneval.jsonl", "MBPP (sanitized)": "mbpp_sanitized.jsonl"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--data", type=Path, help="folder with benchmarks/humaneval.jsonl, ...")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    runners = _runners()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "program.py")
        file.write_text(PROGRAM, encoding="utf-8")
        costs = _costs(_contenders(runners, file), arguments.runs)
    print(_cost_table(costs, markdown=arguments.markdown))
    solutions = {}
    if arguments.data:
        solutions = _solutions(runners, arguments.data)
        print()
        print(_solution_table(solutions, markdown=arguments.markdown))
    if arguments.json:
        arguments.json.write_text(json.dumps({"costs": costs, "solutions": solutions}, indent=1))


def _runners() -> list[CodeRunner]:
    found = []
    for name in SANDBOXES:
        try:
            found.append(code_runner(cast("SandboxName", name)))
        except SandboxSetupError as error:
            print(error, file=sys.stderr)
    return found


def _contenders(runners: list[CodeRunner], file: Path) -> dict[str, Callable[[], str]]:
    def plain(*command: str) -> Callable[[], str]:
        return lambda: (
            subprocess.run(  # noqa: S603 - our own program
                [*command, str(file)], capture_output=True, text=True, check=True
            ).stdout
        )

    def boxed(runner: CodeRunner) -> Callable[[], str]:
        return lambda: runner.run(PROGRAM).stdout

    return {
        PLAIN: plain(sys.executable),
        BARE: plain(python(), *FLAGS),
        **{runner.name: boxed(runner) for runner in runners},
    }


def _costs(contenders: dict[str, Callable[[], str]], runs: int) -> dict[str, dict[str, float]]:
    for run in contenders.values():
        assert run() == "499500\n"
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, run in contenders.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return {
        name: {"ms": median(seconds[name]) * 1000, "per_second": _throughput(run, runs)}
        for name, run in contenders.items()
    }


def _throughput(run: Callable[[], str], runs: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: run(), range(runs)))
    return runs / (time.perf_counter() - began)


def _cost_table(costs: dict[str, dict[str, float]], *, markdown: bool) -> str:
    rows = [["", "ms a run", "of plain", "of plain without site", f"runs/s, {THREADS} threads"]]
    for name, cost in costs.items():
        ratios = [f"{cost['ms'] / costs[other]['ms']:.2f}" for other in (PLAIN, BARE)]
        rows.append([name, f"{cost['ms']:.1f}", *ratios, f"{cost['per_second']:.0f}"])
    return table(rows, markdown=markdown)


def _solutions(runners: list[CodeRunner], data: Path) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for title, file in SETS.items():
        lines = (data / "benchmarks" / file).read_text(encoding="utf-8").splitlines()
        items = [json.loads(line) for line in lines]
        for runner in [*runners, UnsafeSubprocess()]:
            began = time.perf_counter()
            with ThreadPoolExecutor(THREADS) as pool:
                failed = [
                    name
                    for name in pool.map(lambda item, by=runner: _failure(by, item), items)
                    if name
                ]
            seconds = time.perf_counter() - began
            result[f"{title}, {runner.name}"] = {
                "items": len(items),
                "passed": len(items) - len(failed),
                "failed": failed,
                "per_second": len(items) / seconds,
            }
    return result


def _failure(runner: CodeRunner, item: dict[str, str]) -> str:
    """Judge a canonical solution; return what it failed by, empty if it passed."""
    head, test = item["prompt"], f"{item['test']}\ncheck({item['entry_point']})"
    if "Mbpp" in item["task_id"]:
        # Prompt and solution differ in indentation: a docstring between them would not parse. Its
        # asserts need `math`, and one candidate is called `check` itself: they run without one.
        head = head.split("    '''")[0]
        test = "import math\n" + textwrap.dedent(item["test"].split("\n", 1)[1])
    outcome = judge(runner, head + item["canonical_solution"], [AssertTest(test)])
    if outcome.status == "passed":
        return ""
    return f"{item['task_id']} {outcome.status}: {outcome.failures[0].message}"


def _solution_table(solutions: dict[str, Any], *, markdown: bool) -> str:
    rows = [["canonical solutions", "passed", "of", "%", "runs/s"]]
    for name, one in solutions.items():
        share = f"{100 * one['passed'] / one['items']:.1f}"
        figures = [str(one["passed"]), str(one["items"]), share, f"{one['per_second']:.0f}"]
        rows.append([name, *figures])
    failed = [f"{name}: {what}" for name, one in solutions.items() for what in one["failed"]]
    return "\n".join([table(rows, markdown=markdown), *failed])


if __name__ == "__main__":
    main()
