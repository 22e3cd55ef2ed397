r"""The answer a reply states: its last box, else its closing phrase, else its last number.

Every pattern here is bounded or free of ambiguous repetition, and braces are matched in one pass,
so the time is linear in the reply even when the reply is hostile (100 KB of `\boxed{`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

MAX_ANSWER: Final = 1_000
"""Longest text, in characters, that is still an answer and not a reply of its own."""

_MAX_PROSE_WORDS: Final = 12
"""A longer phrase is a sentence that mentions the answer somewhere, not the answer."""

_MAX_PHRASES: Final = 20
"""A reply that announces an answer so often and never gives one has none."""

_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_BOX: Final = re.compile(r"\\f?box(?:ed)?(?![A-Za-z])[ \t]{0,8}(\{|[^\s{}$]{1,200})?")
_PHRASE: Final = re.compile(
    r"\banswer(?:[ \t]{1,3}(?:[^\W\d]|[ '-]){1,40}?)??[ \t*_]{0,8}"
    r"(?:\bis\b|=|:)[ \t]{0,4}(?:thus|therefore|simply|now|just)?[:\s]{0,8}"
    r"|final[ \t]{1,3}answer[ \t]{0,4}[*_]{1,3}\s{1,8}"
    r"|^####[ \t]{0,8}",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER: Final = re.compile(
    r"(?:(?<![\w)\]}])[-\u2212])?\\[dt]?frac\{-?\d{1,200}\}\{-?\d{1,200}\}"
    r"|(?<![\w.])(?:(?<![\w)\]}])[-\u2212])?(?:\\?[$€£][ ]?)?"
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[ ]?/[ ]?\d+)?(?:[ ]?\\?%)?"
    r"|(?<![\w.)\]}])[-\u2212]?\.\d+"
)
_ENDS: Final = re.compile(
    r"\.(?=\s|$)|\n|\\f?box|[,;]?\s(?:because|since|which|where|as)\s|\s[(]?(?:so|hence)\s",
    re.IGNORECASE,
)
_MATH_FIRST: Final = re.compile(
    r"\$\$(.{1,900}?)\$\$|\$(?!\d[\d,.]*(?:[ ]|$))([^$\n]{1,900})\$|\\\((.{1,900}?)\\\)"
    r"|\\\[(.{1,900}?)\\\]",
    re.DOTALL,
)
_WRAPS: Final = (
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("**", "**"),
    ("__", "__"),
    ("`", "`"),
    ("*", "*"),
)
_PLACEHOLDER_WORDS: Final = (
    "n none null nil nan n/a na unknown undefined answer youranswer yourfinalanswer finalanswer "
    "theanswer result value number yournumber insertanswer insertanswerhere answerhere here todo "
    "tbd placeholder"
)
PLACEHOLDERS: Final = frozenset(_PLACEHOLDER_WORDS.split())
"""What a reply to a math question may hold in the place of an answer."""

_FORMATTING: Final = re.compile(
    r"\\(?:text(?:bf|rm)?|mathrm|mbox|boxed|fbox|quad|[lc]?dots|square|blacksquare)(?![A-Za-z])"
)
_MEANINGFUL_MARKS: Final = frozenset("∅∞")


def read_math(text: str) -> str | None:
    r"""Return the final answer stated in a reply, or `None` when it states none.

    The last readable rule wins: (1) the last `\boxed{...}` or `\fbox{...}` with balanced braces,
    also `\boxed 5`; (2) what follows the last "the answer is", "answer:", "final answer" or
    "####"; (3) the last number. Boxes and phrases that hold nothing, only punctuation or a
    placeholder ("N", "None", "your answer") are passed over.

    Args:
        text: One reply of a model.

    Returns:
        The answer without math delimiters, bold marks and closing period; units, currency signs
        and thousands separators stay, since equality knows what they mean.

    Example:
        >>> read_math(r"So $x = \frac{1}{2}$, that is \boxed{\frac{1}{2}}.")
        '\\frac{1}{2}'
    """
    for candidate in (*boxes(text), *phrases(text)):
        answer = clean(candidate)
        if answer is not None:
            return answer
    last = None
    for last in _NUMBER.finditer(text):  # noqa: B007 - only the last match is wanted
        pass
    return clean(last.group()) if last is not None else None


def boxes(text: str) -> Iterator[str]:
    """Yield what the boxes hold, the last box first; unbalanced boxes are skipped."""
    if "box" not in text:
        return
    closing = _closing_braces(text)
    for box in reversed(list(_BOX.finditer(text))):
        content = box.group(1)
        if content == "{":
            start = box.end()
            end = closing.get(start - 1)
            # The length test also keeps 10,000 nested boxes from being copied 10,000 times.
            if end is not None and end - start <= MAX_ANSWER:
                yield text[start:end]
        elif content:
            yield content


def _closing_braces(text: str) -> dict[int, int]:
    r"""Map every opening brace to its closing one; `\{` and `\}` are printed braces, not groups."""
    stack: list[int] = []
    closing: dict[int, int] = {}
    for token in _BRACE.finditer(text):
        if token.group() == "{":
            stack.append(token.start())
        elif token.group() == "}" and stack:
            closing[stack.pop()] = token.start()
    return closing


def phrases(text: str) -> Iterator[str]:
    """Yield what follows the answer phrases, the last phrase first."""
    for phrase in list(_PHRASE.finditer(text))[: -_MAX_PHRASES - 1 : -1]:
        rest = text[phrase.end() : phrase.end() + MAX_ANSWER].lstrip(" \t\n:")
        bold = rest.startswith("**")
        rest = rest.removeprefix("**").lstrip() if bold else rest
        math = _MATH_FIRST.match(rest)
        if math is not None:
            yield next(group for group in math.groups() if group is not None)
            continue
        end = _ENDS.search(rest)
        answer = rest[: end.start()] if end else rest
        if bold:
            answer = answer.partition("**")[0]
        if len(answer.split()) <= _MAX_PROSE_WORDS:
            yield answer


def clean(candidate: str, placeholders: AbstractSet[str] = PLACEHOLDERS) -> str | None:
    """Strip what surrounds an answer; `None` when nothing meaningful is left.

    Args:
        candidate: An answer and what surrounds it.
        placeholders: What is no answer but the form of one; letters and digits in lower case.
    """
    answer = candidate.strip()
    before = None
    while before != answer:
        before = answer
        answer = answer.strip().rstrip(",;:").strip()
        if answer.endswith(".") and not answer.endswith(".."):
            answer = answer[:-1].rstrip()
        for left, right in _WRAPS:
            inner = answer[len(left) : -len(right)]
            wrapped = answer.startswith(left) and answer.endswith(right)
            # "$5$" is wrapped; "$5 and $6$" is not.
            if wrapped and len(answer) > len(left) + len(right) and left not in inner:
                answer = inner
        answer = answer.removesuffix("**") if answer.count("**") == 1 else answer
    if len(answer) > MAX_ANSWER or not _says_something(answer, placeholders):
        return None
    return answer


def _says_something(answer: str, placeholders: AbstractSet[str]) -> bool:
    """Tell an answer from an empty box, bare punctuation and the placeholders of a prompt."""
    if any(char in _MEANINGFUL_MARKS for char in answer):
        return True
    word = re.sub(r"[^\w/]|_", "", _FORMATTING.sub("", answer)).casefold()
    return any(char.isalnum() for char in word) and word not in placeholders
