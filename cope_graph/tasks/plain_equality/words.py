"""One spelling for the words of an answer."""
# ruff: noqa: RUF001 - signs that look alike are what this is about

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, combining, name, normalize

from cope_graph.tasks.equality.notation import TEXT
from cope_graph.tasks.plain_equality.numerals import numerals
from cope_graph.tasks.superscripts import lowered

_SIGNS: Final = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑‒―", "-"),
        **dict.fromkeys("’‘`´", "'"),
        **dict.fromkeys("“”„«»", '"'),
        "°": "°",
        "×": "x",
        "\u2044": "/",
        "µ": "μ",
    }
)
_LATEX: Final = re.compile(TEXT)
_ESCAPED: Final = re.compile(r"\\([$%&#_ ,!])")
_AROUND: Final = " \t\n.,;:!?\"'*`"
_JOINED: Final = re.compile(r"(?<=[a-z])-(?=[a-z])|(?<=\d)-(?=[a-z])")
# Marks with a meaning: of numbers, and in names such as C++, C#, 50%.
_KEPT: Final = re.compile(r"-(?=[\d.])|(?<=\d)[.,:/-](?=\d)|(?<!\d)\.(?=\d)|[%#]")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3}){1,300})(?![\d,])")
_INITIALS: Final = re.compile(r"\b[a-z](?: [a-z]\b)+")
_LEADING: Final = re.compile(r"(?:an?) (?=.)")
_THE: Final = re.compile(r"\bthe (?=.)")


def fold(answer: str) -> str:
    """Bring letters, signs and spaces to one form; what it says is left as it is."""
    text = "".join(map(_fraction, lowered(answer).translate(_SIGNS)))
    text = normalize("NFKC", _ESCAPED.sub(r"\1", _LATEX.sub(r"\1", text))).casefold()
    text = " ".join(_without_accents(text).translate(_SIGNS).split())
    return text.strip(_AROUND) or text


def _fraction(char: str) -> str:
    """Write ½ as 1/2, and apart: 3½ is no 31/2."""
    if category(char) == "No" and name(char, "").startswith("VULGAR FRACTION"):
        return f" {normalize('NFKC', char)}".replace("\u2044", "/")
    return char


def _without_accents(text: str) -> str:
    """Drop accents of Latin letters: elsewhere a mark may be a letter's own."""
    kept: list[str] = []
    latin = False
    for char in normalize("NFD", text):
        if not combining(char):
            latin = char.isascii()
        elif latin and "\u0300" <= char <= "\u036f":
            continue
        kept.append(char)
    return normalize("NFC", "".join(kept))


def simplify(text: str) -> str:
    """Give what is compared of a folded answer's words."""
    joined = _THOUSANDS.sub(lambda found: found[1].replace(",", ""), _JOINED.sub(" ", text))
    joined = joined.replace("&", " and ").replace("'", "")
    kept = {found.start() for found in _KEPT.finditer(joined)}
    plain = "".join(
        " " if category(char)[0] == "P" and at not in kept else char
        for at, char in enumerate(joined)
    )
    words = numerals(_INITIALS.sub(lambda run: run[0].replace(" ", ""), " ".join(plain.split())))
    return _THE.sub("", _LEADING.sub("", words, count=1)) or text
