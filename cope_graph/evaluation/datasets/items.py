"""An item of a data set: a question, what is right, and what an executor must not see."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cope_graph.evaluation.records import Data


@dataclass(frozen=True)
class Item:
    """A question and its answer.

    Attributes:
        id: Its name in records; no two of a data set have one.
        question: What is asked.
        gold: The right answer, `None` where tests decide, or where nobody knows.
        alternatives: The texts of a gold that is a list: any of them is right, unless the task
            asks for all.
        inputs: What the task asks for beside the question, by input key.
        hidden: All else in the row, for scoring alone: no model and no gate sees it.
        place: Where it was read, `file.jsonl:3`, for errors.
    """

    id: str
    question: str
    gold: str | None
    inputs: Mapping[str, Any] = field(default_factory=dict, hash=False)
    hidden: Mapping[str, Any] = field(default_factory=dict, hash=False)
    alternatives: tuple[str, ...] = ()
    place: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Name the item and where it stands."""
        return f"item {self.id!r:.80}" + (f" ({self.place})" if self.place else "")


def content_id(question: str, inputs: Mapping[str, Any]) -> str:
    """Give a question without an id one of its own: 12 hex digits of its content's SHA-256."""
    return _digest([question, inputs])[:12]


def data_of(items: Sequence[Item], name: str) -> Data:
    """Say what a data set is, for the header of records.

    Args:
        items: In their order.
        name: The file's or the data set's.
    """
    content = [[one.id, one.question, one.gold, one.inputs, one.hidden] for one in items]
    return {"name": name, "sha256": _digest(content), "items": len(items)}


def _digest(content: object) -> str:
    # What is no JSON (a date, an image) counts by its type: its repr may hold an address.
    text = json.dumps(content, sort_keys=True, default=lambda it: type(it).__name__)
    return sha256(text.encode()).hexdigest()
