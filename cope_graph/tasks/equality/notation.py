"""One spelling for what LaTeX, plain text and Python spell in many ways."""
# ruff: noqa: RUF001 - the signs that look like others are what the table is about

from __future__ import annotations

import re
from typing import Final

TEXT: Final = r"\\(?:text(?:rm|bf|it|normal)?|math(?:rm|bf|it)|mbox|operatorname|rm) ?\{([^{}]*)\}"
r"""A pattern for `\text{...}` and its kin; its group is what is inside."""

# A sign and its spelling, by turns.
_SIGN_TABLE: Final = r"""
− -  – -  ÷ /  ⁄ /  × \cdot  · \cdot  ⋅ \cdot  √ sqrt  ± \pm  ° ^\circ
≤ \le  ≥ \ge  ≠ \ne  ≈ \approx  π \pi  θ \theta  ∞ \infty
∪ \cup  ∩ \cap  ∈ \in  ∅ \emptyset  ℝ \mathbb{R}
½ \frac{1}{2}  ¼ \frac{1}{4}  ¾ \frac{3}{4}  ⅓ \frac{1}{3}  ⅔ \frac{2}{3}
⁰ ^0  ¹ ^1  ² ^2  ³ ^3  ⁴ ^4  ⁵ ^5  ⁶ ^6  ⁷ ^7  ⁸ ^8  ⁹ ^9
"""
_SIGNS: Final = str.maketrans(
    {
        sign: f" {spelling} " if "\\" in spelling else spelling
        for sign, spelling in zip(_SIGN_TABLE.split()[::2], _SIGN_TABLE.split()[1::2], strict=True)
    }
)

_AND_OR: Final = r" *,? *(?:\\text ?\{ *(?:and|or) *\}|\b(?:and|or)\b) *"
# The order matters.
_SPELLINGS: Final = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (r"(?<!\\)\\[()\[\]]", ""),  # \( \) \[ \], but not the row break \\[
        (r"\\!|\\(?:left|right|displaystyle|limits|[bB]igg?[lr]?)(?![A-Za-z])", ""),
        (r"(?:(?<!\\)\\[,;:> ]|\\q?quad(?![a-z])|~|\s)+", " "),  # one space: no slow patterns below
        (r"(?<=\d) ?\{,\} ?(?=\d{3})", ""),
        (_AND_OR, ","),
        (r"(?<=\d) ?([aApP])\.? ?([mM])\b\.?", r"\1\2"),  # 3:30 p.m.
        (r"\\[dtc]frac", r"\\frac"),
        (r"\\(?:times|ast|cdot)(?![a-z])|(?<!\*)\*(?!\*)", r"\\cdot "),
        (r"(?<=\d) ?[xX] ?(?=10 ?\^)", r"\\cdot "),
        (r"\*\*", "^"),
        (r"\\leq(?:slant)?(?![a-z])|<=", r"\\le "),
        (r"\\geq(?:slant)?(?![a-z])|>=", r"\\ge "),
        (r"\\neq(?![a-z])|!=", r"\\ne "),
        (r"\\lbrace(?![a-z])", r"\\{"),
        (r"\\rbrace(?![a-z])", r"\\}"),
        (r"\\[lr]vert(?![a-z])", "|"),
        (r"\\langle(?![a-z])", "("),
        (r"\\rangle(?![a-z])", ")"),
        (r"\^ ?\{ ?\\circ ?\}|\^ ?\\circ(?![a-z])|\\degree(?![a-z])", r"^\\circ "),
        (r"(?<![\\A-Za-z])sqrt ?(?:\(([^()]*)\)|(\d+))", r"\\sqrt{\1\2}"),
        (r"\\sqrt ?(\w)", r"\\sqrt{\1}"),
        (r"\\frac ?(\w) ?(\w)", r"\\frac{\1}{\2}"),
        (r"\\frac ?(\w) ?\{", r"\\frac{\1}{"),
        (r"\\frac ?(\{[^{}]*\}) ?(\w)", r"\\frac\1{\2}"),
        (r"(?<![\\A-Za-z])(pi|theta)(?![A-Za-z])", r"\\\1 "),
        (r"\\?\binf(?:inity|ty)?\b", r"\\infty "),
        (r"\\varnothing|\\\{ ?\\\}|(?i:\bno (?:real )?solutions?\b|\bempty set\b)", r"\\emptyset "),
        (r"\\mathbb ?\{?R\}?|(?i:\ball reals?(?: numbers)?\b)", r"(-\\infty,\\infty)"),
        (r"\\begin\{(?:bmatrix|matrix|array)\}(?:\{[clr| ]*\})?", r"\\begin{pmatrix}"),
        (r"\\end\{(?:bmatrix|matrix|array)\}", r"\\end{pmatrix}"),
        (r"^[ ,;:]*(?:(?:=|\\approx) ?)?|[ .,;:]+$", ""),
    )
)
_THOUSANDS: Final = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_SPACE: Final = re.compile(r"(\\[A-Za-z]+) +(?=[A-Za-z])|(?<=\d)( )(?=\d)| ")
_BRACED: Final = re.compile(r"([_^])\{(\w)\}")


def spell(answer: str) -> str:
    """Bring notation to one spelling; currency signs stay, `$` as a delimiter goes."""
    text = answer.translate(_SIGNS)
    if text.replace("\\$", "").count("$") % 2 == 0:
        text = re.sub(r"(?<!\\)\$", "", text)
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    if not any(bracket in text for bracket in ("(", "[", "\\{")):  # (1,234) is a pair
        text = _THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    return text


def squeeze(text: str) -> str:
    r"""Drop the spaces without meaning: not the one of `\pi r` or of `1 1/2`."""
    text = _SPACE.sub(lambda gap: f"{gap[1]} " if gap[1] else gap[2] or "", text)
    return _BRACED.sub(r"\1\2", text)
