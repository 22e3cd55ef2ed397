"""How sure the samples are, and what follows."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph.gates.judging import judge
    from cope_graph.gates.majority import vote
    from cope_graph.gates.meanings import meaning
    from cope_graph.gates.perplexities import perplexity

__all__ = ["judge", "meaning", "perplexity", "vote"]

_HOMES = {
    "judge": "judging",
    "meaning": "meanings",
    "perplexity": "perplexities",
    "vote": "majority",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: the worker that compares answers needs none of them."""
    if name in _HOMES:
        return getattr(import_module(f"cope_graph.gates.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
