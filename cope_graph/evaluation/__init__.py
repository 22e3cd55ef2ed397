"""What COPE would save: a bench, its records, and every table that they answer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cope_graph.evaluation.bench import Bench, run_bench
    from cope_graph.evaluation.datasets import Item, load
    from cope_graph.evaluation.records import Records, read_records
    from cope_graph.evaluation.replaying.summarising import summarise
    from cope_graph.evaluation.replaying.summary import Summary
    from cope_graph.evaluation.replaying.tables import markdown, show_summary
    from cope_graph.evaluation.scoring import scorer

__all__ = [
    "Bench",
    "Item",
    "Records",
    "Summary",
    "load",
    "markdown",
    "read_records",
    "run_bench",
    "scorer",
    "show_summary",
    "summarise",
]

_HOMES: Final = {
    "Bench": "bench",
    "Item": "datasets",
    "Records": "records",
    "Summary": "replaying.summary",
    "load": "datasets",
    "markdown": "replaying.tables",
    "read_records": "records",
    "run_bench": "bench",
    "scorer": "scoring",
    "show_summary": "replaying.tables",
    "summarise": "replaying.summarising",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: most of them load models or tables."""
    if name in _HOMES:
        return getattr(import_module(f"cope_graph.evaluation.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
