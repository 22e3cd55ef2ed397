"""What becomes of runs whose models fail, and of runs that share a budget.

    python -m benchmarks.reliability [--markdown] [--only faults|budgets]

The first table has the faults of `tests.integration_tests.faults`. Each is met by the small model,
by the large one or by both, in six ways to run a graph: invoke, ainvoke, stream, astream, and batch
and abatch of two runs. In the second 1, 32 and 256 runs spend from one budget at once. The models
are real `ChatOpenAI` clients of a loopback server that counts true tokens; `test_fault_matrix.py`
and `test_shared_budgets.py` assert what the tables show. It takes about two minutes on two cores.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain

os.environ["LANGSMITH_TRACING"] = "false"

from benchmarks.table import table
from tests.integration_tests.budget_runs import (
    ONE,
    TEN,
    Length,
    Outcome,
    Plan,
    Unit,
    Way,
    spend,
)
from tests.integration_tests.fault_matrix import GRACE_S, WAYS, Found, find_all
from tests.integration_tests.faults import FAULTS, Fault, Side
from tests.integration_tests.loops import Run, event_loop

SIDES: tuple[Side, ...] = ("small", "large", "both")
UNITS: tuple[Unit, ...] = ("usd", "tokens")
LENGTHS: tuple[Length, ...] = ("longest", "short")
ROUTES: tuple[Way, ...] = ("ainvoke", "threads")
SIZES = ((1, ONE), (32, TEN), (256, TEN))

FAULT_HEAD = ["fault", *chain(*([f"{side} down", "s"] for side in SIDES)), "of s", "true ledgers"]
BUDGET_HEAD = [
    "budget in",
    "replies",
    "run by",
    "runs",
    "cost / budget",
    "charged / budget",
    "finished",
    "floor",
]

Looked = Mapping[Side, Mapping[str, Found]]


def look(fault: Fault, run: Run) -> Looked:
    """Let a fault befall each model it is for."""
    return {side: find_all(fault, side, run) for side in fault.ends}


def fault_row(fault: Fault, looked: Looked) -> list[str]:
    """Write what became of a fault's runs."""
    cells = []
    for side in SIDES:
        found = looked.get(side, {}).values()
        ends = sorted(set().union(*(case.ends for case in found)))
        cells += ["; ".join(ends), f"{max(case.seconds for case in found):.2f}" if found else ""]
    cases = every(looked)
    true = sum(case.is_true for case in cases)
    return [fault.title, *cells, f"{fault.deadline_s:g}", f"{true}/{len(cases)}"]


def every(looked: Looked) -> list[Found]:
    """List all cases of a fault."""
    return [case for found in looked.values() for case in found.values()]


def summary(pairs: Iterable[tuple[Fault, Looked]]) -> str:
    """Say in a few words how all of it went."""
    cases = [(fault, case) for fault, looked in pairs for case in every(looked)]
    runs = sum(len(case.results) for _, case in cases)
    untyped = sum(len(case.untyped) for _, case in cases)
    empty = sum(len(case.empty) for _, case in cases)
    late = sum(case.seconds > fault.deadline_s + GRACE_S for fault, case in cases)
    true = sum(case.is_true for _, case in cases)
    return (
        f"{len(cases) // len(WAYS)} cells, each run in {len(WAYS)} ways, {runs} runs in all: "
        f"{runs - untyped - empty} ended in an answer or a typed error, {empty} were empty "
        f"successes; {late} ways took more than {GRACE_S:g} s beyond their deadline; {true} of "
        f"{len(cases)} had a true ledger."
    )


def plans() -> Iterator[tuple[str, Plan]]:
    """List who spends."""
    for unit in UNITS:
        for length in LENGTHS:
            for way in ROUTES:
                for runs, affords in SIZES:
                    yield length, Plan(runs, way, length, affords, unit)
    for way in ROUTES:
        yield "longest, budget entered", Plan(256, way, entered=True)
    for length in LENGTHS:
        for way in ROUTES:
            yield f"{length}, 1 in 5 reset", Plan(32, way, length, breaks=True)


def budget_row(replies: str, outcome: Outcome) -> list[str]:
    """Write what became of runs on one budget."""
    plan = outcome.plan
    shares = [f"{share(spent, outcome.limit)}" for spent in (outcome.true, outcome.spent)]
    done = [str(outcome.finished), "-" if plan.breaks else str(outcome.floor)]
    return [
        "USD" if plan.unit == "usd" else plan.unit,
        replies,
        plan.way,
        str(plan.runs),
        *shares,
        *done,
    ]


def share(spent: Decimal, limit: Decimal) -> str:
    """Write a share with three digits, rounded up."""
    return f"{(spent / limit).quantize(Decimal('0.001'), 'ROUND_UP')}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Runs whose models fail or share a budget.")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--only", choices=("faults", "budgets"))
    args = parser.parse_args()
    logging.getLogger("cope_graph").setLevel(logging.ERROR)  # failures are what is asked for
    with event_loop() as run:
        if args.only != "budgets":
            looked = [(fault, look(fault, run)) for fault in FAULTS]
            rows = [fault_row(fault, of_fault) for fault, of_fault in looked]
            print(table([FAULT_HEAD, *rows], markdown=args.markdown, texts=6), end="\n\n")
            print(summary(looked), end="\n\n")
        if args.only != "faults":
            rows = [budget_row(replies, spend(plan, run)) for replies, plan in plans()]
            print(table([BUDGET_HEAD, *rows], markdown=args.markdown, texts=3))


if __name__ == "__main__":
    main()
