"""Data sets to bench: rows of a file, of LangSmith or of the Hub, made into items."""

from __future__ import annotations

from cope_graph.evaluation.datasets.items import Item, data_of
from cope_graph.evaluation.datasets.loading import Loaded, load, own_items

__all__ = ["Item", "Loaded", "data_of", "load", "own_items"]
