"""`cope replay`: the tables of a bench from its records, at other thresholds, n and prices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cope_graph.cli.failure import reported
from cope_graph.errors import InputError
from cope_graph.evaluation.records import read_records
from cope_graph.evaluation.replaying.summarising import summarise
from cope_graph.evaluation.replaying.summary import Summary
from cope_graph.evaluation.replaying.tables import as_json, markdown, show_summary
from cope_graph.money.prices import given_prices

_PRICE = "USD per million tokens: INPUT,OUTPUT; or per GPU hour: 1.20/h. Unset: as billed."


def replay(  # noqa: PLR0913 - one parameter an option is how typer reads them
    records: Annotated[Path, typer.Argument(help="Records of `cope bench`.")],
    *,
    tau1: Annotated[float | None, typer.Option(help="What if stage 1 had this threshold.")] = None,
    tau2: Annotated[float | None, typer.Option(help="What if stage 2 had this threshold.")] = None,
    strict: Annotated[
        bool | None,
        typer.Option("--strict/--at-tau", help="Accept above a threshold only, or at it too."),
    ] = None,
    n: Annotated[int | None, typer.Option(help="What if stages 1 and 2 drew so many.")] = None,
    order: Annotated[
        str | None, typer.Option(help="Stages in another order as a method of its own: 2,1,3.")
    ] = None,
    voters: Annotated[
        str | None,
        typer.Option(
            help="Who votes in the agreement of several models, in order, comma between; 'small' "
            "for the small model. Unset: all."
        ),
    ] = None,
    arms: Annotated[
        str | None,
        typer.Option(
            help="Which arms to look at, comma between: an item is compared where each has a run. "
            "Unset: all."
        ),
    ] = None,
    small_price: Annotated[str | None, typer.Option(help=_PRICE)] = None,
    large_price: Annotated[str | None, typer.Option(help=_PRICE)] = None,
    baseline: Annotated[str, typer.Option(help="The method that costs are a share of.")] = "large",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the intervals' resamples.")] = 0,
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Show the settings that no other beats.")
    ] = False,
    grid: Annotated[
        bool, typer.Option("--grid", help="Show accuracy and cost over both thresholds.")
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the tables as Markdown.")
    ] = False,
    in_json: Annotated[
        bool, typer.Option("--json", help="Print every figure as JSON, frontier and grid too.")
    ] = False,
) -> None:
    """Compare all methods from records alone: no model is asked."""
    # Errors go to stderr; with --json they are JSON on stdout, as everywhere.
    with reported(Console(stderr=True, highlight=False, emoji=False), as_json=in_json):
        if as_markdown and in_json:
            msg = "--markdown and --json are two forms of the same: give one of them."
            raise InputError(msg)
        summary = summarise(
            read_records(records),
            arms=None if arms is None else names(arms),
            tau1=tau1,
            tau2=tau2,
            strict=strict,
            n=n,
            prices=given_prices({"small": small_price, "large": large_price}) or None,
            voters=None if voters is None else names(voters),
            order=None if order is None else _stages(order),
            baseline=baseline,
            seed=seed,
        )
    show(summary, as_markdown=as_markdown, in_json=in_json, frontier=frontier, grid=grid)


def show(
    summary: Summary,
    *,
    as_markdown: bool,
    in_json: bool,
    frontier: bool = False,
    grid: bool = False,
) -> None:
    """Print a summary on stdout.

    Args:
        summary: What to print.
        as_markdown: As Markdown.
        in_json: As JSON, with frontier and grid; else for the terminal.
        frontier: Whether to show the settings that no other beats.
        grid: Whether to show accuracy and cost over both thresholds.
    """
    if in_json:
        typer.echo(json.dumps(as_json(summary), ensure_ascii=False, allow_nan=False, indent=2))
    elif as_markdown:
        typer.echo(markdown(summary, frontier=frontier, grid=grid), nl=False)
    else:
        console = Console(highlight=False, emoji=False)
        show_summary(console, summary, frontier=frontier, grid=grid)


def names(text: str) -> tuple[str, ...]:
    """Read names with a comma between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _stages(text: str) -> tuple[int, ...]:
    """Read an order of stages; whether there is such an order is the replay's to say."""
    try:
        return tuple(int(stage) for stage in text.split(","))
    except ValueError as error:
        msg = f"The order {text!r:.60} is not made of stages: write it as 2,1,3."
        raise InputError(msg) from error
