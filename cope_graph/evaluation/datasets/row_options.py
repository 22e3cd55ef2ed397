"""Multiple-choice rows: their options, and which one is right by index, letter or text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cope_graph.evaluation.datasets.fields import found_as
from cope_graph.evaluation.datasets.raw import Raw
from cope_graph.tasks.chosen import choose_one
from cope_graph.tasks.options import usable

OPTIONS: Final = ("options", "choices", "answer_choices")
KEY: Final = "options"
"""The input key of `tasks.choice()`."""


@dataclass(frozen=True)
class Options:
    """The options of a row.

    Attributes:
        field: Which field holds them.
        texts: In their order.
        labels: What the row calls them, if it does.
    """

    field: str
    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()


def options_of(raw: Raw) -> Options | None:
    """Read a row's options: a list, an object by letter, or one of `text` and `label`.

    Raises:
        InputError: Two fields may hold them, or they cannot be used: the message says why.
    """
    names = found_as(raw.asked, OPTIONS)
    if not names:
        return None
    if len(names) > 1:
        msg = f"has options in {' and '.join(map(repr, names))}: leave one out"
        raise raw.refused(msg)
    value, labels = _taken_apart(raw.asked[names[0]])
    try:
        told = [str(one) if _is_number(one) else one for one in _listed(value)]
        found = usable(told)
    except ValueError as error:
        msg = f"has options in {names[0]!r} that cannot be used ({error})"
        raise raw.refused(msg) from error
    return Options(names[0], tuple(found), tuple(map(str, labels)))


def option_text(raw: Raw, gold: Any, options: Options) -> str:
    """Say which option is right, as the row writes it.

    Args:
        raw: The row.
        gold: An index from 0 (MMLU's way), a letter or the row's own label, an option's text; a
            list of them where several are right.
        options: The row's.

    Returns:
        The option; of several a JSON list, in the options' order.

    Raises:
        InputError: It is none of them, or may be two.
    """
    if isinstance(gold, list):
        found = {_index(raw, one, options) for one in gold}
        return json.dumps([options.texts[at] for at in sorted(found)], ensure_ascii=False)
    return options.texts[_index(raw, gold, options)]


def _index(raw: Raw, gold: Any, options: Options) -> int:
    texts, labels = options.texts, options.labels
    if isinstance(gold, str) and gold in texts:
        return texts.index(gold)
    if str(gold).strip() in labels:
        return labels.index(str(gold).strip())
    if isinstance(gold, int) and not isinstance(gold, bool):
        return _by_number(raw, gold, texts)
    index = choose_one(str(gold), texts)
    if index is None:
        why = f"has an answer that is none of its {len(texts)} options"
        msg = f"{why}: give an index from 0, a letter, or the option's text"
        raise raw.refused(msg)
    return index


def _by_number(raw: Raw, index: int, texts: Sequence[str]) -> int:
    if str(index) in texts and texts.index(str(index)) != index:
        why = f"has the answer {index}, which is an option's text and another's index"
        msg = f"{why}: write it as a text, or give a letter"
        raise raw.refused(msg)
    if not 0 <= index < len(texts):
        why = f"has the answer {index}, and its {len(texts)} options are counted from 0"
        msg = f"{why}: give an index from 0, a letter, or the option's text"
        raise raw.refused(msg)
    return index


def _taken_apart(value: Any) -> tuple[Any, list[Any]]:
    """Give the options and what the row calls them."""
    if not isinstance(value, Mapping):
        return value, []
    texts, labels = value.get("text"), value.get("label")
    if isinstance(texts, list) and isinstance(labels, list):
        return texts, labels
    return list(value.values()), list(value)


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):
        msg = "they are no list: pass ['Paris', 'London']"
        raise ValueError(msg)  # noqa: TRY004 - as `usable` does
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
