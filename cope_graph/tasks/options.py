"""The options of a question: which lists can be used, how models see them, which text is which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from unicodedata import category, normalize

FEWEST: Final = 2
MOST: Final = 26
"""As many as there are letters to call them by."""
LONGEST: Final = 1_000
"""Of one option, in characters."""

_LETTERS: Final = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NUMBERS: Final = tuple(str(number) for number in range(1, MOST + 1))
_AROUND: Final = ' \t\n.,;:!?"`\u2018\u2019\u201c\u201d\u00ab\u00bb'
# Not the letter of a label: in "A) London" and "A - London" it is no article.
_ARTICLE: Final = re.compile(r"(?:a|an|the) (?=[-.#&@$%'(]?\w)")
# Marks that tell options apart: -5 and 5, 50 and 50%, C and C#, 1/2 and 12, 1.5 and 15, f and f'.
_KEPT: Final = re.compile(
    r"-(?=[\d.])|[%#&*/\\@_]|(?<=\d)[.,:](?=\d)|(?<!\d)\.(?=\d)|(?<=\w)'(?!\w)"
)


def usable(options: Sequence[str]) -> list[str]:
    """Check a list of options.

    Raises:
        ValueError: There are too few or too many; one is empty, too long, no text or there twice;
            or what they are called by would be confused with what they say.
    """
    if isinstance(options, str) or not all(isinstance(option, str) for option in options):
        msg = "the options are no list of texts: pass ['Paris', 'London']"
        raise ValueError(msg)
    if not FEWEST <= len(options) <= MOST:
        count = "there is one option" if len(options) == 1 else f"there are {len(options)} options"
        msg = f"{count}: pass {FEWEST} to {MOST}"
        raise ValueError(msg)
    seen: dict[str, int] = {}
    for number, option in enumerate(options, 1):
        _check_text(number, option)
        first = seen.setdefault(_spellings(option)[0], number)
        if first != number:
            msg = f"options {first} and {number} are the same ({option!r:.60}): leave one out"
            raise ValueError(msg)
    labels(options)
    return list(options)


def _check_text(number: int, option: str) -> None:
    if not _spellings(option)[0]:
        msg = f"option {number} is empty: say something or leave it out"
        raise ValueError(msg)
    if len(option) > LONGEST:
        msg = f"option {number} has {len(option):,} characters: shorten it to {LONGEST:,}"
        raise ValueError(msg)
    try:
        option.encode()
    except UnicodeEncodeError:
        msg = f"option {number} holds half a character (a lone surrogate), which is no text"
        raise ValueError(msg) from None


def labels(options: Sequence[str]) -> tuple[str, ...]:
    """Give what options are called by: letters, or numbers where an option is another's letter.

    Raises:
        ValueError: Options are letters and numbers of others, so neither would tell them apart.
    """
    for signs in (_LETTERS, _NUMBERS):
        own = signs[: len(options)]
        said = [{text.upper() for text in _spellings(option)} for option in options]
        if all(not texts & {*own} - {label} for texts, label in zip(said, own, strict=True)):
            return own
    msg = "options that are single letters and small numbers are taken for names: write them out"
    raise ValueError(msg)


def shown(text: str, options: Sequence[str], *, several: bool) -> str:
    """Show models the options below the question."""
    lines = [
        # A further line is indented: it must not look like an option of its own.
        f"({label}) " + option.strip().replace("\n", "\n    ")
        for label, option in zip(labels(options), options, strict=True)
    ]
    heading = "Options (one or more are right):" if several else "Options:"
    return "\n".join([text, "", heading, *lines])


def find(text: str, options: Sequence[str]) -> int | None:
    """Find the one option that a text is; `None` when there is none, or more than one.

    As it is written first, then in any case, then without articles and punctuation: so options
    that differ in case alone (TT, Tt) are told apart.
    """
    if len(text) > LONGEST + 100:
        return None
    wanted = _spellings(text)
    if not wanted[0]:
        return None
    for level, spelling in enumerate(wanted):
        found = [i for i, option in enumerate(options) if _spellings(option)[level] == spelling]
        if found:
            return found[0] if len(found) == 1 else None
    return None


@lru_cache(maxsize=4096)
def _spellings(text: str) -> tuple[str, str, str]:
    """Spell a text as it is written, in lower case, and without what means little."""
    written = " ".join(normalize("NFC", text).split())
    written = written.strip(_AROUND) or written
    if len(written) > 2 and written[0] == written[-1] == "'":  # noqa: PLR2004 - f' keeps its own
        written = written[1:-1]
    plain = normalize("NFKC", written).casefold().replace("\u2212", "-").replace("\u2019", "'")
    plain = _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain
    kept = {found.start() for found in _KEPT.finditer(plain)}
    marked = "".join(
        " " if category(char)[0] == "P" and at not in kept else char
        for at, char in enumerate(plain)
    )
    bare = " ".join(marked.split()) or plain
    return written, written.casefold(), bare
