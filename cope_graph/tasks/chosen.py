"""Which options a stated choice names: by letter, by text, or by both where they agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from cope_graph.tasks.options import find, labels

_MOST_PIECES: Final = 80
_LEAD: Final = re.compile(
    r"[\s:*_-]*(?:the\s+)?(?:option|choice|letter|number)s?\b[\s:*_]*", re.IGNORECASE
)
_ENDS: Final = re.compile(
    r"\.(?=\s)|\n|[,;]?\s(?:because|since|as|which|where|for|rather than)\s"
    r"|[,;]\s(?:so|hence|not)\s",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"(?P<open>[\s(\[{*_\"'`$]*)(?P<label>[A-Za-z]|\d{1,2})(?!\w)(?P<close>[\s)\]}*_\"'`$.:]*)(?:-\s)?"
)
_BEHIND: Final = re.compile(r"(.+?)\s*[(\[]([A-Za-z]|\d{1,2})[)\]]")
_WRAPPED: Final = re.compile(
    r"\\text(?:bf|rm)?\{([^{}]*)\}|\\\((.*)\\\)|\$([^$]*)\$|\[(.*)\]|\{(.*)\}|\*([^*]*)\*",
    re.DOTALL,
)
_JOINTS: Final = re.compile(r"\s*(?:[,;&+\n]|,?\s(?:and)\s)\s*(?:and\s)?", re.IGNORECASE)
_BULLET: Final = re.compile(r"\A\s*[-*\u2022]\s+")
_COMPACT: Final = re.compile(r"[A-Z](?:[ /]?[A-Z])+")


def choose_one(said: str, options: Sequence[str]) -> int | None:
    """Give the index of the one option that a stated choice names, `None` when that is unclear."""
    text = _bare(said)
    if _list_of_labels(text, options):
        return None
    for candidate in _cuts(text):
        found = _strictly(candidate, options)
        if found is not None:
            return found
    return _marked(text, options)


def choose_several(said: str, options: Sequence[str]) -> tuple[int, ...] | None:
    """Give the indices of all options that a stated choice names, in the options' order."""
    for text in _cuts(_bare(said)):
        found = _strictly(text, options)
        all_of_it = (found,) if found is not None else _pieces(_bare(text), options)
        if all_of_it:
            return tuple(sorted(set(all_of_it)))
    return None


def _bare(text: str) -> str:
    """Take off what stands around a choice as a whole."""
    before = ""
    while before != text:
        before = text = text.strip().removesuffix(".")
        wrapped = _WRAPPED.fullmatch(text)
        if wrapped is not None:
            text = next(group for group in wrapped.groups() if group is not None)
    return text


def _cuts(text: str) -> Iterator[str]:
    """Yield a text, and what is left when it is cut where a reason may begin, longest first."""
    yield text
    for end in list(_ENDS.finditer(text))[19::-1]:
        yield text[: end.start()]


def _strictly(text: str, options: Sequence[str]) -> int | None:
    """Take a text that is an option or its label, or both of the same one, and nothing else."""
    found = find(text, options)
    if found is not None:
        return found
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead else text
    behind = _BEHIND.fullmatch(text)
    if behind is not None:
        named = _by_label(behind[2], options)
        return named if named is not None and named == find(behind[1], options) else None
    label = _LABEL.match(text)
    if label is None:
        return find(text, options) if lead else None
    named, rest = _by_label(label["label"], options), text[label.end() :]
    return named if not rest.strip() or find(rest, options) == named else None


def _marked(text: str, options: Sequence[str]) -> int | None:
    """Take `B) whatever`, unless what follows is another option or may be one more label."""
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead else text
    label = _LABEL.match(text)
    if label is None or not set(label["close"]) & set(")]}.:*"):
        return None
    named, rest = _by_label(label["label"], options), text[label.end() :]
    others = [find(part, options) for part in _cuts(rest)]
    if any(other not in (None, named) for other in others):
        return None
    joined = re.match(r"\W*(?:or|and|nor|to)\b|[,;/&+]", rest.strip(), re.IGNORECASE)
    return None if joined else named


def _by_label(label: str, options: Sequence[str]) -> int | None:
    own = labels(options)
    return own.index(label.upper()) if label.upper() in own else None


def _list_of_labels(text: str, options: Sequence[str]) -> bool:
    """Tell whether a text names more than one option by label alone: `B or C`, `A. C`, `A/D`."""
    if len(text) > 200 or find(text, options) is not None:  # noqa: PLR2004 - 26 labels are shorter
        return False
    words = [word for word in re.split(r"[\W_]+", text) if word.lower() not in _BETWEEN]
    named = {_by_label(word, options) for word in words if word}
    return len(named) > 1 and None not in named


_BETWEEN: Final = frozenset({"", "or", "and", "both", "either", "option", "options"})


def _pieces(text: str, options: Sequence[str]) -> list[int] | None:
    """Read a list; as many neighbours as possible are one option: `red and blue` may be one."""
    if _COMPACT.fullmatch(text) and all(len(part) == 1 for part in labels(options)):
        named = [_by_label(char, options) for char in text if char not in " /"]
        return None if None in named else [index for index in named if index is not None]
    lead = re.match(
        r"[\s:*_-]*(?:both\s|options?\s|choices\s|letters\s|numbers\s)+", text, re.IGNORECASE
    )
    text = text[lead.end() :] if lead else text
    joints = [(joint.start(), joint.end()) for joint in _JOINTS.finditer(text)]
    if len(joints) > _MOST_PIECES:
        return None
    gaps = [(0, 0), *joints, (len(text), len(text))]
    spans = [(left[1], right[0]) for left, right in pairwise(gaps)]
    found: list[int] = []
    at = 0
    while at < len(spans):
        for last in range(len(spans) - 1, at - 1, -1):
            piece = _BULLET.sub("", text[spans[at][0] : spans[last][1]], count=1)
            one = _strictly(piece, options) if piece.strip() else None
            if one is not None:
                found.append(one)
                at = last + 1
                break
        else:
            if text[spans[at][0] : spans[at][1]].strip():
                return None  # one that is none of the options spoils the list
            at += 1
    return found
