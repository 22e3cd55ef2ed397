"""Questions with known answers: JSON Lines with `question` and `gold`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cope_graph.errors import InputError


@dataclass(frozen=True)
class Item:
    """A question and its answer."""

    id: str
    question: str
    gold: str


def own_items() -> list[Item]:
    """Load the 20 word problems that ship with the package, of our own writing."""
    text = files("cope_graph.evaluation").joinpath("data/word_problems.jsonl").read_text("utf-8")
    return _parse(text, "word_problems.jsonl")


def load_items(path: Path) -> list[Item]:
    """Load items from a JSON Lines file.

    Args:
        path: A file whose lines are objects with `question` and `gold`, and maybe `id`.

    Raises:
        InputError: There is no such file, or a line is not such an object.
    """
    if not path.is_file():
        msg = f"There is no data file {path}."
        raise InputError(msg)
    return _parse(path.read_text("utf-8"), path.name)


def _parse(text: str, name: str) -> list[Item]:
    # Only "\n" ends a line: a question may hold other line separators.
    lines = text.split("\n")
    return [_item(line, f"{name}:{i}") for i, line in enumerate(lines, 1) if line.strip()]


def _item(line: str, place: str) -> Item:
    try:
        row = json.loads(line)
        return Item(str(row.get("id", place)), str(row["question"]), str(row["gold"]))
    except (ValueError, KeyError, AttributeError) as error:
        msg = f"{place} is not an object with 'question' and 'gold'."
        raise InputError(msg) from error
