"""A page to look at: a comparison's figures as one HTML file without requests, and as PNGs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph.report.page import render
    from cope_graph.report.write import Written, write_report

__all__ = ["Written", "render", "write_report"]

_HOMES = {"Written": "write", "render": "page", "write_report": "write"}


def __getattr__(name: str) -> object:
    """Import a name when it is first used."""
    if name in _HOMES:
        return getattr(import_module(f"cope_graph.report.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
