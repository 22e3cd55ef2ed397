"""Which field of the rows is the question, which the answer, which the id."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cope_graph.errors import InputError
from cope_graph.evaluation.datasets.raw import Raw, question_text

QUESTIONS: Final = ("question", "problem", "prompt", "input", "query", "instruction")
GOLDS: Final = (
    *("gold", "answer", "target", "output", "label", "expected", "expected_output", "reference"),
    *("ground_truth", "answer_key", "correct", "correct_answer", "gold_answer"),
    *("reference_answer", "final_answer"),
)
IDS: Final = (
    *("id", "unique_id", "task_id", "question_id", "item_id", "example_id", "uid", "qid"),
)
"""In their order of preference: a row may have several."""

_SLOT: Final = re.compile(r"\{(\w[\w .-]*)\}")
_LOOSE: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Fields:
    """The fields that were found.

    Attributes:
        question: A field, or a template that names fields: `"{passage} {question}"`.
        gold: `None` where no row has one.
        id: `None` where no row has one.
    """

    question: str
    gold: str | None
    id: str | None

    def question_of(self, raw: Raw) -> str:
        """Read a row's question.

        Raises:
            InputError: It has none, or not a text.
        """
        if self.question in raw.asked or not _SLOT.search(self.question):
            return question_text(raw, self.question)
        return _SLOT.sub(lambda slot: question_text(raw, slot[1]), self.question)

    def used(self) -> set[str]:
        """Name the fields that are the question, the answer and the id."""
        slots = _SLOT.findall(self.question)
        return {self.question, *slots, *(name for name in (self.gold, self.id) if name)}


def recognise(
    rows: Sequence[Raw], question: str | None, gold: str | None, id_: str | None
) -> Fields:
    """Find the fields by their usual names, whatever their case and underscores.

    Args:
        rows: All of them: a name that only some have may stand for the same thing.
        question: The user's own word for it, a field or a template; `None` to look for one.
        gold: Theirs for the answer.
        id_: Theirs for the id.

    Raises:
        InputError: There is no field for the question, or several may be it or the answer, or no
            row has a field that the user named.
    """
    for name, option, part in (
        *((slot, "question_field", _asked) for slot in _slots(question, rows)),
        (gold, "gold_field", _known),
        (id_, "id_field", _asked),
    ):
        if name is not None and not any(name in part(raw) for raw in rows):
            msg = f"has no field {name!r:.60}, nor has any other row: see {option}"
            raise rows[0].refused(msg)
    question = question or _only(rows, _asked, QUESTIONS, "question")
    if question is None:
        msg = "has no field for the question: name it by question_field (--question-field)"
        raise rows[0].refused(msg)
    gold = gold or _only(rows, _known, GOLDS, "gold")
    return Fields(question, gold, id_ or _first(rows, IDS))


def _asked(raw: Raw) -> Mapping[str, Any]:
    return raw.asked


def _known(raw: Raw) -> Mapping[str, Any]:
    return raw.known


def found_as(fields: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """List the fields of a row that go by one of these names and hold something."""
    wanted = {_loose(name) for name in names}
    return [name for name, value in fields.items() if _loose(name) in wanted and _holds(value)]


def _slots(question: str | None, rows: Sequence[Raw]) -> list[str]:
    """List the fields that the user's word for the question names."""
    if question is None or any(question in raw.asked for raw in rows):
        return []
    return _SLOT.findall(question) or [question]


def _only(
    rows: Sequence[Raw],
    part: Callable[[Raw], Mapping[str, Any]],
    names: Sequence[str],
    what: str,
) -> str | None:
    """Find the one field of these names.

    Raises:
        InputError: There are several.
    """
    found: str | None = None
    for raw in rows:
        for name in found_as(part(raw), names):
            found = found or name
            if name != found:
                both = f"has {name!r}, and {found!r} may be the {what} too"
                msg = f"{both}: say which one by {what}_field"
                raise raw.refused(msg)
    return found


def _first(rows: Sequence[Raw], names: Sequence[str]) -> str | None:
    there = {_loose(name): name for raw in rows for name in found_as(raw.asked, names)}
    return next((there[name] for name in map(_loose, names) if name in there), None)


def _loose(name: str) -> str:
    return _LOOSE.sub("", name).lower()


def _holds(value: object) -> bool:
    return value is not None and value not in ("", [])


def id_of(raw: Raw, name: str | None) -> str | None:
    """Read a row's id; `None` when it has none.

    Raises:
        InputError: It is neither text nor a whole number.
    """
    if name is None:
        return raw.id
    value = raw.asked.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return raw.id
    if isinstance(value, bool) or not isinstance(value, str | int):
        msg = f"{raw.place} has {type(value).__name__} in {name!r}: an id is a text or a number."
        raise InputError(msg)
    return str(value)
