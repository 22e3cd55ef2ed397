"""Data sets to bench: JSON Lines, LangSmith, the Hugging Face Hub; every row used or accounted for.

rows (json_lines, langsmith_data, hub_data) -> fields -> items -> drawn
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cope_graph.errors import InputError
from cope_graph.evaluation.datasets.drawing import drawn
from cope_graph.evaluation.datasets.fields import Fields, recognise
from cope_graph.evaluation.datasets.hub_data import PREFIX as HUB
from cope_graph.evaluation.datasets.hub_data import hub_name, read_hub
from cope_graph.evaluation.datasets.items import Item, data_of
from cope_graph.evaluation.datasets.json_lines import data_file, read_lines, rows_in
from cope_graph.evaluation.datasets.langsmith_data import PREFIX as LANGSMITH
from cope_graph.evaluation.datasets.langsmith_data import read_langsmith
from cope_graph.evaluation.datasets.raw import Raw
from cope_graph.evaluation.datasets.row_items import Rows, UnusableRowError

if TYPE_CHECKING:
    from cope_graph.evaluation.records import Data
    from cope_graph.tasks.task import Task

__all__ = ["Item", "Loaded", "data_of", "load", "own_items"]

Unlabelled = Literal["refuse", "leave_out", "keep"]
Unusable = Literal["refuse", "leave_out"]

UNLABELLED: Final = "without an answer"
REPEATED: Final = "repeated"
UNUSABLE: Final = "with options or tests that cannot be used"


@dataclass(frozen=True)
class Loaded:
    """A data set, ready to be benched.

    Attributes:
        items: Those drawn, in the data set's order.
        data: What the whole of it is: its name, and a hash of all items before any was drawn.
        fields: Which fields were read as question, gold and id.
        excluded: Rows left out by choice: why, and how many.
        drawn: Which items these are, in words.
    """

    items: tuple[Item, ...]
    data: Data
    fields: Fields
    excluded: Mapping[str, int]
    drawn: str

    def __str__(self) -> str:
        """Say what was read, from which fields, and what was left out."""
        gold = f"gold from {self.fields.gold!r}" if self.fields.gold else "no gold: tests decide"
        left = "".join(f"; {n} {why} left out" for why, n in self.excluded.items())
        return (
            f"{self.data['name']}: {self.drawn}; question from {self.fields.question!r}, {gold}"
            f"{left}"
        )


def own_items() -> list[Item]:
    """Load the 20 word problems that ship with the package, of our own writing."""
    content = files("cope_graph.evaluation").joinpath("data/word_problems.jsonl").read_bytes()
    rows = rows_in(content, "word_problems.jsonl")
    return [Rows(recognise(rows, None, None, None)).item(raw) for raw in rows]


def load(  # noqa: PLR0913 - how a data set may be read
    source: str | Path,
    *,
    task: Task | None = None,
    question_field: str | None = None,
    gold_field: str | None = None,
    id_field: str | None = None,
    unlabelled: Unlabelled = "refuse",
    unusable: Unusable = "refuse",
    show_tests: int = 0,
    limit: int | None = None,
    seed: int | None = None,
) -> Loaded:
    """Load a data set.

    Args:
        source: A JSONL file (gzip too), a folder with one, `langsmith:NAME`, or
            `hf:ORG/NAME[:CONFIG][@SPLIT]`.
        task: What will be asked, for what its items need: options, tests, an answer. `None` takes
            what is recognised.
        question_field: A field, or a template such as `"{passage} {question}"`; `None` to look
            for one by its name.
        gold_field: The field of the right answer.
        id_field: That of the id. Rows without any get one from their content.
        unlabelled: What becomes of rows that nobody knows the answer of: an error, left out and
            counted, or kept for a scorer that needs none.
        unusable: The same for rows that repeat an earlier one, and those whose options or tests
            the task cannot take.
        show_tests: How many of a row's tests the gate sees, where it has hidden ones alone.
        limit: How many items to take.
        seed: Draws them at random; `None` takes the first.

    Raises:
        InputError: It cannot be read or a row cannot be used; the message names the row.
        MissingPackageError: `datasets` is not installed, for `hf:`.
        MissingKeyError: There is no key for LangSmith.
    """
    rows, name = _read(str(source))
    if not rows:
        msg = f"{name} holds no rows."
        raise InputError(msg)
    fields = recognise(rows, question_field, gold_field, id_field)
    reader = Rows(fields, task, show_tests)
    kept, excluded = _kept(rows, reader, unlabelled, unusable)
    if not kept:
        left = ", ".join(f"{count} {why}" for why, count in excluded.items())
        msg = f"{name} has no row left: {left}."
        raise InputError(msg)
    items, words = drawn(kept, limit, seed)
    return Loaded(items, data_of(kept, name), fields, excluded, words)


def _kept(
    rows: Sequence[Raw], reader: Rows, unlabelled: Unlabelled, unusable: Unusable
) -> tuple[list[Item], dict[str, int]]:
    """Make the items, and count the rows that are left out by choice."""
    kept: dict[str, Item] = {}
    excluded: Counter[str] = Counter()
    for raw in rows:
        try:
            item = reader.item(raw)
        except UnusableRowError:
            if unusable == "refuse":
                raise
            excluded[UNUSABLE] += 1
            continue
        if unlabelled != "keep" and not reader.is_labelled(item):
            if unlabelled == "refuse":
                raise _unlabelled(raw, reader)
            excluded[UNLABELLED] += 1
        elif (first := kept.setdefault(item.id, item)) is item:
            continue
        elif first == item and unusable == "leave_out":
            excluded[REPEATED] += 1
        else:
            raise _double(first, item)
    return list(kept.values()), dict(excluded)


def _unlabelled(raw: Raw, reader: Rows) -> InputError:
    field = reader.fields.gold
    if field is not None:
        why = (
            f"has no answer in {field!r}: fill it in, or pass unlabelled='leave_out' (--leave-out)"
        )
    else:
        why = "has no field for the answer: name it by gold_field (--gold-field)"
    if reader.task is not None and reader.task.name == "code":
        why = "has no tests: name them 'tests' or 'hidden_tests', a list of asserts"
    return raw.refused(why)


def _double(first: Item, item: Item) -> InputError:
    if first == item:
        how = "leave one out, or pass unusable='leave_out' (--leave-out)"
        return InputError(f"{item.place} says the same as {first.place}: {how}.")
    where = f"{item.place} has the id {item.id!r:.80} of {first.place}"
    return InputError(f"{where}, and says something else: give each row an id of its own.")


def _read(source: str) -> tuple[list[Raw], str]:
    """Read the rows, and name the data set without the folder it lies in."""
    if source.startswith(LANGSMITH):
        return read_langsmith(source.removeprefix(LANGSMITH)), source
    if source.startswith(HUB):
        name = hub_name(source.removeprefix(HUB))
        return read_hub(name), str(name)
    path = data_file(Path(source))
    return read_lines(path), path.name
