"""Private values and what stands for them: hiding that can be undone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cope_graph.errors import InputError

Detector = Callable[[str], Sequence[tuple[str, str]]]
"""Gives the kind (`"email"`) and the value of all that is private in a text."""

_BRACKETS: Final = ("[]", "\u27e6\u27e7", "\u27ea\u27eb")


@dataclass(frozen=True)
class Mask:
    r"""Hides values behind placeholders, and restores them. `mask_for` makes it.

    The law is `restore(hide(text)) == text`, for any text: one that holds a placeholder already
    gets an underscore into it, which `restore` takes out again. A model that answers in LaTeX
    writes `[EMAIL\_1]`; that is restored too.

    Attributes:
        placeholders: What stands for each value, exactly as the value is written. Not in the
            `repr`, which traces show.
    """

    placeholders: Mapping[str, str] = field(repr=False)

    def hide(self, text: str) -> str:
        """Put the placeholder for each value: in one pass, the longest value first."""
        return self._hidden.sub(self._hide, text) if self.placeholders else text

    def restore(self, text: str, *, as_json: bool = False) -> str:
        """Put each value for its placeholder.

        Args:
            text: What a model wrote.
            as_json: Whether that is JSON: a quote, a backslash or a new line of a value is written
                as JSON writes it in a text.
        """
        if not self.placeholders:
            return text
        return self._shown.sub(self._restore_in_json if as_json else self._restore, text)

    def _hide(self, match: re.Match[str]) -> str:
        if match["name"]:
            return f"{match[0][:-1]}_{match[0][-1]}"
        return self.placeholders[match[0]]

    def _restore(self, match: re.Match[str]) -> str:
        if match["more"]:
            return f"{match[0][:-2]}{match[0][-1]}"
        return self._values[match["name"].replace("\\", "")]

    def _restore_in_json(self, match: re.Match[str]) -> str:
        return json.dumps(self._restore(match), ensure_ascii=False)[1:-1]

    @cached_property
    def _values(self) -> dict[str, str]:
        return {placeholder[1:-1]: value for value, placeholder in self.placeholders.items()}

    @cached_property
    def _shown(self) -> re.Pattern[str]:
        any_one = next(iter(self.placeholders.values()))
        start, end = re.escape(any_one[0]), re.escape(any_one[-1])
        names = "|".join(name.replace("_", r"\\?_") for name in self._values)
        return re.compile(rf"{start}(?P<name>{names})(?P<more>_*){end}")

    @cached_property
    def _hidden(self) -> re.Pattern[str]:
        values = sorted(self.placeholders, key=len, reverse=True)
        return re.compile("|".join([self._shown.pattern, *map(re.escape, values)]))


def mask_for(texts: Sequence[str], detect: Detector) -> Mask:
    """Make the mask that hides what is private in `texts`, in all of them.

    A value is hidden wherever it is written in the same way, also inside a word; values that
    overlap are hidden as one. Placeholders (`[EMAIL_1]`) are numbered by kind, in the order in
    which they come up. Left out are those that a text holds already, or that would hold a value.

    Args:
        texts: All that is to be sent.
        detect: Finds what is private; blank values are ignored.

    Raises:
        InputError: A placeholder for what was found cannot be made.
    """
    kinds: dict[str, str] = {}
    for text in texts:
        for kind, value in detect(text):
            if value.strip():
                kinds.setdefault(value.strip(), kind)
    # What comes up first, then what stands nowhere by itself but may do so in a later text.
    wholes: dict[str, str] = {}
    for text in texts:
        for start, end, value in _spans(text, kinds):
            wholes.setdefault(text[start:end], kinds[value])
    found = {**wholes, **{value: kinds[value] for value in kinds if value not in wholes}}
    names = _names(texts, found)
    return Mask(dict(zip(found, names, strict=True)))


def _spans(text: str, values: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Find start and end of what is private, and the first value there, in order."""
    found = ((start, -len(value), value) for value in values for start in _starts(text, value))
    spans: list[tuple[int, int, str]] = []
    for start, minus, value in sorted(found):
        if spans and start < spans[-1][1]:
            first, end, name = spans[-1]
            spans[-1] = (first, max(end, start - minus), name)
        else:
            spans.append((start, start - minus, value))
    return spans


def _starts(text: str, value: str) -> Iterator[int]:
    at = text.find(value)
    while at >= 0:
        yield at
        at = text.find(value, at + 1)


def _names(texts: Sequence[str], found: Mapping[str, str]) -> Iterator[str]:
    """Make the placeholders of what was `found`.

    They have brackets that are in no value. So a value can stand within one at most, and these
    names are left out; and it cannot reach from a placeholder into the text beside it.
    """
    pair = next((p for p in _BRACKETS if not any(set(p) & set(value) for value in found)), None)
    if pair is None:
        msg = f"The values to redact hold all of {' '.join(_BRACKETS)}: find shorter values."
        raise InputError(msg)
    start, end = pair[0], pair[1]
    bracketed = re.compile(rf"{re.escape(start)}([^{re.escape(pair)}]*){re.escape(end)}")
    taken = {name.rstrip("_").replace("\\_", "_") for t in texts for name in bracketed.findall(t)}
    short = [value for value in found if re.fullmatch("[A-Z0-9_]+", value)]
    last: dict[str, int] = {}
    for kind in found.values():
        label = re.sub("[^A-Z0-9]+", "_", kind.upper()).strip("_") or "PRIVATE"
        name = _next_name((label, "X", "Y"), last, taken, short)
        yield f"{start}{name}{end}"


def _next_name(
    labels: Sequence[str], last: dict[str, int], taken: set[str], short: Sequence[str]
) -> str:
    for label in labels:
        first = last.get(label, 0) + 1
        for number in range(first, first + len(taken) + len(short) + 1_000):
            name = f"{label}_{number}"
            if name not in taken and not any(value in name for value in short):
                last[label] = number
                return name
    msg = "A value to redact is so short that every placeholder would hold it: find longer values."
    raise InputError(msg)
