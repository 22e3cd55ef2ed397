"""English numbers in words, as digits: `twenty-one` is 21, `the first` is the 1st."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_UNIT_WORDS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_UNITS: Final = _UNIT_WORDS.split()
_TEN_WORDS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS: Final = _TEN_WORDS.split()
_SMALL: Final = {
    **{word: value for value, word in enumerate(_UNITS)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
}
SCALES: Final = {
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_IRREGULAR: Final = {
    "first": "one",
    "second": "two",
    "third": "three",
    "fifth": "five",
    "eighth": "eight",
    "ninth": "nine",
    "twelfth": "twelve",
}
_SUFFIXED: Final = re.compile(r"\b(\d{1,9})(?:st|nd|rd|th)\b")
_WORD: Final = re.compile(r"[a-z]+")


def numerals(text: str) -> str:
    """Write the numbers that stand in words in digits, ordinals as `21th`.

    Args:
        text: Folded, words with one space between them.
    """
    tokens = _SUFFIXED.sub(r"\1th", text).split(" ")
    out: list[str] = []
    at = 0
    while at < len(tokens):
        value, length, ordinal = _number(tokens, at)
        if value is None or (tokens[at] == "second" and out and out[-1].isdigit()):
            out.append(tokens[at])
            at += 1
        else:
            out.append(f"{value}th" if ordinal else str(value))
            at += length
    return " ".join(out)


def _number(tokens: list[str], at: int) -> tuple[int | None, int, bool]:
    """Read the number that begins at a token: its value, its tokens, whether it is an ordinal."""
    start = at
    if tokens[at] == "a" and tokens[at + 1 : at + 2] and _scale(tokens[at + 1]):
        at += 1
        total, group, some = 0, 1, True
    else:
        total, group, some = 0, 0, False
    ordinal = False
    last = 0  # the last number below 100: `twenty one` adds up, `one two` does not
    least = 10**15  # scales fall: a million, two thousand
    while at < len(tokens) and not ordinal:
        word, ordinal = _cardinal(tokens[at])
        if word in _SMALL and _adds(last, _SMALL[word], fresh=not some):
            last = _SMALL[word]
            group += last
        elif some and word == "hundred" and 0 < group < 100:  # noqa: PLR2004
            group, last = group * 100, 100
        elif some and word == "dozen" and not ordinal:
            group, last = group * 12, 1
        elif some and word in SCALES and SCALES[word] < least and group:
            least = SCALES[word]
            total, group, last = total + group * least, 0, 100
        elif some and word in _SMALL and not total and _is_year(group, _SMALL[word]):
            group, last = group * 100 + _SMALL[word], _SMALL[word]
        elif some and word == "and" and last == 100 and _continues(tokens, at + 1):  # noqa: PLR2004
            at += 1
            continue
        else:
            ordinal = False
            break
        some = True
        at += 1
    return (total + group if some else None), at - start, ordinal


def _scale(word: str) -> bool:
    return word in SCALES or word in {"hundred", "dozen"}


def _cardinal(word: str) -> tuple[str, bool]:
    """Give the cardinal of an ordinal, and whether it was one."""
    if word in _IRREGULAR:
        return _IRREGULAR[word], True
    if word.endswith("ieth"):
        return f"{word[:-4]}y", True
    stem = word.removesuffix("th")
    known = stem in _SMALL or stem in SCALES or stem == "hundred"
    return (stem, True) if stem != word and known else (word, False)


def _adds(last: int, value: int, *, fresh: bool) -> bool:
    """Tell whether a number below 100 goes on from the one before: 20 1, 100 21, not 1 2."""
    if fresh or last == 100:  # noqa: PLR2004
        return True
    return last >= 20 and last % 10 == 0 and 0 < value < 10  # noqa: PLR2004


def _is_year(first: int, second: int) -> bool:
    """Tell whether two numbers are spoken as a year: nineteen eighty(-four)."""
    return 10 < first < 100 and second >= 10  # noqa: PLR2004


def _continues(tokens: list[str], at: int) -> bool:
    return at < len(tokens) and _cardinal(tokens[at])[0] in _SMALL


def in_words(text: str) -> Fraction | None:
    """Read a text that is one number in words as a whole, `half` and `minus two` too."""
    plain = " ".join(_WORD.findall(text.replace("-", " ")))
    if plain in {"half", "one half", "a half"}:
        return Fraction(1, 2)
    negative = plain.startswith(("minus ", "negative "))
    digits = numerals(plain.partition(" ")[2] if negative else plain)
    return (-1 if negative else 1) * Fraction(int(digits)) if digits.isdecimal() else None
