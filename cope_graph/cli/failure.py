"""How an error shows: one sentence, and as JSON where that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from pydantic import ValidationError
from rich.console import Console

from cope_graph.cli.screen import show_bill
from cope_graph.context import describe
from cope_graph.errors import CopeError, UnknownPriceError

EXPECTED: Final = (CopeError, ValidationError, OSError)
_PRICES: Final = "On the command line: --small-price INPUT,OUTPUT --large-price INPUT,OUTPUT."


def sentence(error: Exception) -> str:
    """Say what is wrong, and the fix."""
    if isinstance(error, ValidationError):
        return describe(error)
    return f"{error} {_PRICES}" if isinstance(error, UnknownPriceError) else str(error)


@contextmanager
def reported(console: Console, *, as_json: bool) -> Iterator[None]:
    """Show the bill of an error, and with --json the error as JSON on stdout; raise it on."""
    try:
        yield
    except EXPECTED as error:
        ledger = error.ledger if isinstance(error, CopeError) else None
        if ledger and ledger["requests"]:
            show_bill(console, ledger)
        if as_json:
            told = {"error": sentence(error), "type": type(error).__name__, "ledger": ledger}
            typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        raise
