"""`cope`: the command line."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from cope_graph import __version__
from cope_graph.cli.bench import bench
from cope_graph.cli.calibrate import calibrate
from cope_graph.cli.doctor import doctor
from cope_graph.cli.drawing import drawing
from cope_graph.cli.failure import EXPECTED, sentence
from cope_graph.cli.models import models
from cope_graph.cli.replay import replay
from cope_graph.cli.report import report
from cope_graph.cli.solve import solve

app = typer.Typer(
    name="cope",
    help="A large model's answers, paid only where a small one is unsure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(solve)
app.command()(bench)
app.command()(replay)
app.command()(report)
app.command()(calibrate)
app.command("graph")(drawing)
app.add_typer(models, name="models")
app.command()(doctor)


def _version(asked: bool) -> None:  # noqa: FBT001
    if asked:
        typer.echo(f"cope-graph {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Read what holds for every command; `main` looks for --debug itself."""


def main() -> None:
    """Run the command line; an error is one sentence and exit code 2."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(arguments)
    except EXPECTED as error:
        if debug:
            raise
        Console(stderr=True).print(
            f"[bold red]error:[/] {escape(sentence(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
