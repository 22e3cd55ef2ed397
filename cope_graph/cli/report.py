"""`cope report`: a comparison as a page to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from cope_graph.cli.replay import names
from cope_graph.evaluation.records import Header, read_records
from cope_graph.evaluation.replaying.summarising import summarise
from cope_graph.money.prices import given_prices
from cope_graph.report.needed import check_packages

_PRICE = "USD per million tokens: INPUT,OUTPUT; or per GPU hour: 1.20/h. Unset: as billed."


def report(  # noqa: PLR0913 - one parameter an option is how typer reads them
    records: Annotated[Path, typer.Argument(help="Records of `cope bench`.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="A folder, or a page that ends in .html; unset: a folder named after the records.",
        ),
    ] = None,
    tau1: Annotated[float | None, typer.Option(help="What if stage 1 had this threshold.")] = None,
    tau2: Annotated[float | None, typer.Option(help="What if stage 2 had this threshold.")] = None,
    n: Annotated[int | None, typer.Option(help="What if stages 1 and 2 drew so many.")] = None,
    arms: Annotated[
        str | None,
        typer.Option(
            help="Which arms to look at, comma between: an item is compared where each has a run. "
            "Unset: all."
        ),
    ] = None,
    small_price: Annotated[str | None, typer.Option(help=_PRICE)] = None,
    large_price: Annotated[str | None, typer.Option(help=_PRICE)] = None,
    baseline: Annotated[
        str, typer.Option(help="The method that savings are measured against.")
    ] = "large",
    title: Annotated[str | None, typer.Option(help="The page's title.")] = None,
) -> None:
    """Draw what records say: one HTML page that needs no network, and its drawings as PNG."""
    check_packages()
    from cope_graph.report.write import write_report  # noqa: PLC0415 - of an extra

    read = read_records(records)
    prices = given_prices({"small": small_price, "large": large_price})
    summary = summarise(
        read,
        arms=None if arms is None else names(arms),
        tau1=tau1,
        tau2=tau2,
        n=n,
        prices=prices or None,
        baseline=baseline,
    )
    if title is not None:
        summary = replace(summary, title=title)
    target = out or Path(f"{records.stem}-report")
    written = write_report(summary, target, made=_made(read.header, records))
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for word in summary.words:
        console.print(f"{word.level}: {escape(word.text)}")
    console.print(f"{escape(str(written.page))} and {len(written.images)} PNGs beside it")


def _made(header: Header, records: Path) -> dict[str, str]:
    """Say by what, when and on which bytes the records were made."""
    data = header["data"]
    made = {
        "records": records.name,
        "recorded by": f"cope-graph {header['package']}, {header['made_by']}",
        "recorded": header["date"],
    }
    return made if data is None else {**made, "sha256 of the data": data["sha256"]}
