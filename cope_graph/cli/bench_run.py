"""A bench on screen: how far it is, what it has cost, and how it goes on after Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cope_graph.evaluation.bench import Bench, run_bench
from cope_graph.evaluation.records import Row
from cope_graph.money.ledger import plain

_SHOWN: Final = 5


class Spent:
    """What the rows of this bench have cost."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.tokens = 0
        self.usd: Decimal | None = Decimal(0)
        self.runs = 0
        self.errors: Counter[str] = Counter()

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return self.errors.total()

    def add(self, row: Row) -> None:
        """Add a row's bill; one unknown price makes the sum unknown."""
        self.runs += 1
        if row["error"] is not None:
            self.errors[row["error"]] += 1
        for line in row["lines"]:
            self.tokens += line["input_tokens"] + line["output_tokens"]
            price = line["usd"]
            self.usd = None if self.usd is None or price is None else self.usd + Decimal(price)

    def __str__(self) -> str:
        """Say it in a few words."""
        usd = "USD unknown" if self.usd is None else f"{plain(round(self.usd, 6))} USD"
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.tokens:,} tokens, {usd}{failed}"


def draw(bench: Bench, out: Path, console: Console) -> None:
    """Draw a bench's missing rows, with a progress bar.

    Args:
        bench: What to draw.
        out: The file of records.
        console: Where the bar goes.
    """
    total, spent = len(bench.items) * len(bench.all_arms), Spent()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[spent]}[/]"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        runs = progress.add_task("runs", total=total, spent="")

        def on_row(row: Row) -> None:
            spent.add(row)
            progress.update(runs, advance=1, spent=str(spent))

        def on_start(done: int) -> None:
            progress.update(runs, completed=done)

        try:
            asyncio.run(run_bench(bench, out, on_row, on_start))
        except KeyboardInterrupt:
            progress.stop()
            _interrupted(out, spent)
        finally:
            progress.stop()
            if spent.runs:
                console.print(f"[dim]{spent.runs} of {total} runs this time: {spent}[/]")
            for error, count in spent.errors.most_common(_SHOWN):
                console.print(f"[yellow]{count} failed: {escape(error)}[/]")
    if spent.failed:
        console.print("[yellow]The same command tries what failed again.[/]")


def _interrupted(out: Path, spent: Spent) -> NoReturn:
    """Say what is kept, and end at once."""
    typer.echo(
        f"Interrupted. The runs that ended cost {spent}; requests on their way may be billed too. "
        f"The same command goes on from {out}.",
        err=True,
    )
    sys.stdout.flush()
    sys.stderr.flush()
    # The requests are cancelled; tearing llama.cpp down in good order can take many seconds.
    os._exit(130)
