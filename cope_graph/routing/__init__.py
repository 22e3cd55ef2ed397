"""The entry router: where a run begins, when recorded runs show that beginning later pays."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph.routing.evidence import Evidence
    from cope_graph.routing.expected import Costs
    from cope_graph.routing.predictor import Predictor
    from cope_graph.routing.proving import fit_router, proven
    from cope_graph.routing.records import RoutingRecord
    from cope_graph.routing.router import Router

__all__ = ["Costs", "Evidence", "Predictor", "Router", "RoutingRecord", "fit_router", "proven"]

_HOMES = {
    "Costs": "expected",
    "Evidence": "evidence",
    "Predictor": "predictor",
    "Router": "router",
    "RoutingRecord": "records",
    "fit_router": "proving",
    "proven": "proving",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a graph without a router needs none of them."""
    if name in _HOMES:
        return getattr(import_module(f"cope_graph.routing.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
