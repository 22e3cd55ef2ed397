"""Recorded runs that are made up: short questions stage 1 accepts, long ones it mostly does not."""

from __future__ import annotations

import random
from typing import Any

from cope_graph.routing.records import RoutingRecord

EASY, HARD = "Add 2 and 3.", "Prove it.\nThen, for all integers, find " + "(x + y) / z, " * 12


def records(
    n: int = 120, *, easy: float = 0.9, hard: float = 0.1, **usd: Any
) -> list[RoutingRecord]:
    """Half easy, half hard; `easy` and `hard` are the shares that stage 1 accepts."""
    lot, cost1, cost3 = random.Random(1), usd.get("usd1", 0.004), usd.get("usd3", 0.01)  # noqa: S311 - no secret
    return [one(lot, i, easy, hard, cost1, cost3, usd.get("usd2")) for i in range(n)]


def one(
    lot: random.Random, i: int, easy: float, hard: float, usd1: float, usd3: float, usd2: Any
) -> RoutingRecord:
    is_hard = i % 2 == 1
    accepted = lot.random() < (hard if is_hard else easy)
    text = f"{HARD if is_hard else EASY} {i}"
    if accepted:
        return RoutingRecord(text, accepted, usd1)
    if usd2 is None:
        return RoutingRecord(text, accepted, usd1, usd_stage3=usd3)
    second = lot.random() < 0.5
    third = None if second else usd3
    return RoutingRecord(text, accepted, usd1, usd2, second, third)


def by_length(question: str) -> float:
    """Know the easy ones by their length, as a user's own predictor might."""
    return 0.9 if len(question) < 40 else 0.1
