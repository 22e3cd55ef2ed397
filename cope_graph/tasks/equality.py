r"""Whether two answers say the same: text, exact numbers and lists here, symbols in a worker.

What takes microseconds is decided here: the same text after normalising, numbers as exact
fractions, sets, tuples and matrices member by member. The rest (is `\sqrt{8}` the same as
`2\sqrt{2}`?) goes to math-verify in a process of its own, see `equality_worker`.

Decisions:
    - A percentage equals its number and its fraction: 50% = 50 and 50% = 0.5, yet 50 is not 0.5.
      Equality is thus not transitive: compare answers with one representative.
    - A decimal of six or more places equals what rounds to it: 1/3 = 0.333333, but not 0.33.
    - A unit counts only when both answers name a known one: 5 = 5 cm, 5 cm is not 5 m; nothing
      is converted. So with `x =` in front, and with the base of a numeral (101_2 = 101).
    - `(1, 2)` is ordered, `\{1, 2\}` and a bare `1, 2` are not; a bare list also equals a tuple,
      and a column vector the tuple of its entries.
    - A word of four letters or more is a word, not a product of variables.
    - What cannot be decided within the limits counts as unequal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

from cope_graph.tasks.equality_worker import shared_worker

MAX_ANSWER: Final = 1_000
"""A longer answer, in characters, is compared as text only."""

_MAX_DEPTH: Final = 40
_MAX_DIGITS: Final = 5_000
_MAX_UNORDERED: Final = 30
_ROUNDED_PLACES: Final = 6

# Escapes where a sign looks like another one.
_SIGN_NAMES: Final = (
    "\u2212 -;\u2013 -;\u00f7 /;\u2044 /;\u00d7 \\cdot;\u00b7 \\cdot;\u22c5 \\cdot;π \\pi;"
    "θ \\theta;∞ \\infty;√ sqrt;\u222a \\cup;∩ \\cap;\u2208 \\in;∅ \\emptyset;\u211d \\mathbb{R};"
    "≤ \\le;≥ \\ge;≠ \\ne;≈ \\approx;± \\pm;° ^\\circ;½ \\frac{1}{2};¼ \\frac{1}{4};¾ \\frac{3}{4};"
    "⅓ \\frac{1}{3};⅔ \\frac{2}{3};⁰ ^0;¹ ^1;² ^2;³ ^3;⁴ ^4;⁵ ^5;⁶ ^6;⁷ ^7;⁸ ^8;⁹ ^9"
)
_SIGNS: Final = str.maketrans(
    {name[0]: f" {name[2:]} " if "\\" in name else name[2:] for name in _SIGN_NAMES.split(";")}
)
_AND_OR: Final = r" *,? *(?:\\text ?\{ *(?:and|or) *\}|\b(?:and|or)\b) *"
# One spelling for what LaTeX, plain text and Python spell in many ways; the order matters.
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
_CURRENCY: Final = re.compile(r"(-?) ?(\\?\$|[£€¥₹]|USD|Rs\.?) ?(?=-?[\d.])")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_TEXT: Final = r"\\(?:text(?:rm|bf|it|normal)?|math(?:rm|bf|it)|mbox|operatorname|rm) ?\{([^{}]*)\}"
_UNWRAP: Final = re.compile(_TEXT)
_TEXT_UNIT: Final = re.compile(rf"(.+?) ?{_TEXT}(?: ?/ ?{_TEXT})?(?: ?\^ ?\{{? ?-?\d ?\}}?)?")
_PLAIN_UNIT: Final = re.compile(
    r"(.*(?:\d|\d\.|\}|\)|\\pi)) ?(\\?%|[£€¥₹]|\^\\circ(?: ?[CF])?|[ckm]m|[mk]g|m[lL]|ft|in|lbs?|oz"
    r"|mph|hrs?|min|sec|(?<= )[A-Za-z]{3,}(?:[ /][A-Za-z.]+){0,3})(?: ?\^ ?\{?\d\}?)?"
)
_NO_UNIT: Final = re.compile(
    r" ?(?:,|(?:or|and|if|when|where|for|mod|choose|is|hundred|thousand|million|billion|dozen)\b)"
)
_UNIT_NAMES: Final = (
    r"% \% percent pct percentage;deg degree ^\circ;$ \$ dollar usd;cent;£;€ euro;¥ yen;₹ rs rupee;"
    "cm centimeter centimetre;mm millimeter millimetre;km kilometer kilometre;m meter metre;"
    "in inch inche;ft foot feet;yd yard;mi mile;mg milligram;kg kilogram;g gram;lb pound;oz ounce;"
    "ml milliliter;l liter litre;sec s second;min minute;h hr hour;day;week;month;year"
)
_UNITS: Final = {
    alias: group.split()[0] for group in _UNIT_NAMES.split(";") for alias in group.split()
}
_BASE: Final = re.compile(r"(-?[\dA-F]*\d[\dA-F]*) ?_ ?\{?(\d+|\\text ?\{\w+\})\}?")
_TRIGONOMETRY: Final = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")
_DEGREES: Final = re.compile(r"(\d+(?:\.\d+)?) ?\^\\circ ?")
_NAME: Final = re.compile(
    r"((?:[A-Za-z\\ ]|\\text ?\{[^{}]*\}){1,40}(?:_\w|_\{\w+\})?'?(?: ?\([a-z](?:, ?[a-z])*\))?"
    r"|\([a-z](?:, ?[a-z])+\)) ?(?<![\\ ]in)(?:=|\\approx|\\in)(?![a-z]) ?(.+)"
)
_RELATION: Final = re.compile(r"[=<>]|\\(?:le|ge|ne|approx|in)(?![a-z])")
_WORDS: Final = re.compile(
    r"(?!(?:arc)?(?:sin|cos|tan|log|ln|exp|sqrt))[^\W\d_](?:[^\W\d_]|[' .-])+"
)
_LONG_WORD: Final = re.compile(r"[^\W\d_]{4}")
_SPACE: Final = re.compile(r"(\\[A-Za-z]+) +(?=[A-Za-z])|(?<=\d)( )(?=\d)| ")
_BRACED: Final = re.compile(r"([_^])\{(\w)\}")
_MATRIX: Final = re.compile(r"\\begin\{pmatrix\}((?:(?!\\begin).)*)\\end\{pmatrix\}", re.DOTALL)

_DECIMAL: Final = r"(?:\d+(?:\.\d*)?|\.\d+)"
_RATIO: Final = re.compile(rf"({_DECIMAL})(?: ?/ ?(-?{_DECIMAL}))?")
_FRACTION: Final = re.compile(rf"\\frac ?\{{ ?(-?{_DECIMAL}) ?\}} ?\{{ ?(-?{_DECIMAL}) ?\}}")
_MIXED: Final = re.compile(r"(\d+)(?: ?\\frac ?\{ ?(\d+) ?\} ?\{ ?(\d+) ?\}| (\d+) ?/ ?(\d+))")
_SCIENTIFIC: Final = re.compile(
    rf"({_DECIMAL})(?: ?\\cdot ?10 ?\^ ?\{{?|[eE]) ?([+-]?\d{{1,3}}) ?\}}?"
)
_REPEATING: Final = re.compile(r"(\d*)\.(\d*) ?\\(?:overline|bar) ?\{(\d+)\}")
_POWER: Final = re.compile(r"(\d{1,9}) ?\^ ?\{? ?(-?\d{1,2}) ?\}?")
_SPACED_THOUSANDS: Final = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d+)?")
_TOWER: Final = re.compile(r"\d+(?: ?\^ ?[-{( ]*\d+)+")


def math_equal(a: str, b: str) -> bool:
    r"""Tell whether two answers are mathematically equal.

    Symmetric and reflexive, not transitive. Thread-safe, and it waits without holding the GIL, so
    `await asyncio.to_thread(math_equal, a, b)` keeps an event loop running. A comparison costs
    some microseconds when text, numbers or lists decide it, some milliseconds in the worker, and
    at most the worker's limits (seconds) when it is given up; such a pair counts as unequal.

    Args:
        a: One answer, as `read_math` returns it.
        b: Another.

    Raises:
        MissingPackageError: If math-verify is needed and not installed.
        CopeError: If the worker process cannot be started.

    Example:
        >>> math_equal(r"\frac{1}{2}", "0.5"), math_equal("5 cm", "5 m")
        (True, False)
    """
    a, b = sorted((a.strip(), b.strip()))  # one order: symmetry by construction
    if a == b:
        return True
    try:
        return compare(a, b, _leave_to_worker)
    except _NeedsWorkerError:
        return shared_worker().equal(a, b)


def normalise(answer: str) -> str:
    """Return the one spelling of an answer: answers that agree in it are equal.

    A number becomes an exact fraction (`1/2` for 0.5); a unit follows after a space.
    """
    read = _read(answer)
    return f"{read.whole} {read.unit}" if read.unit else read.whole


def read_number(answer: str) -> Fraction | None:
    """Return the exact value of an answer that is a plain number, without its unit (50% is 50)."""
    return _read(answer).number


class _NeedsWorkerError(Exception):
    """The cheap rules do not decide."""


def _leave_to_worker(_a: str, _b: str) -> bool:
    raise _NeedsWorkerError


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer taken apart; every text in it is in the one spelling."""

    text: str
    name: str = ""
    """What stands left of the first `=`, as the x in `x = 5`; `text` is without it."""
    unit: str = ""
    """The known unit, as `_UNITS` calls it, or `base 2`; unknown units are dropped."""
    number: Fraction | None = None
    places: int = 0
    words: str = ""
    """The letters, in lower case, of an answer that is nothing but letters."""
    prose: bool = False
    """Surely words, not variables."""
    kind: str = ""
    """The brackets around `parts`, `,` for a bare list, `matrix 2` for one of two columns."""
    parts: tuple[str, ...] = ()
    hopeless: bool = False
    """Too deep or too large to compute with."""

    @property
    def whole(self) -> str:
        """The text with its name; a number exact."""
        text = self.text if self.number is None else str(self.number)
        return f"{self.name}={text}" if self.name else text


def compare(a: str, b: str, symbolic: Callable[[str, str], bool]) -> bool:
    """Compare by the cheap rules, and ask `symbolic` where they do not decide.

    `math_equal` calls it with a `symbolic` that gives up, the worker with math-verify.
    """
    x, y = _read(a), _read(b)
    if x.unit and y.unit and x.unit != y.unit and "%" not in (x.unit, y.unit):
        return False
    same_name = x.name == y.name or not (x.name and y.name)
    if same_name and (x.text == y.text or (x.words and x.words == y.words)):
        return True
    verdict: bool | None = None
    if x.number is not None and y.number is not None:
        verdict = same_name and _same_number(x, x.number, y, y.number)
    elif x.prose or y.prose or x.hopeless or y.hopeless:
        verdict = False
    elif same_name and (x.kind or y.kind):
        verdict = _same_list(x, y, symbolic)
    if verdict is not None:
        return verdict
    # An equation keeps its left side, unless the other answer is a value without one.
    if not same_name or any(not read.name and _RELATION.search(read.text) for read in (x, y)):
        return symbolic(x.whole, y.whole)
    return symbolic(x.text, y.text)


def _same_number(x: _Answer, p: Fraction, y: _Answer, q: Fraction) -> bool:
    if p == q or _rounds(p, x.places, q) or _rounds(q, y.places, p):
        return True
    if (x.unit == "%") == (y.unit == "%"):
        return False
    if x.unit == "%":
        return p == 100 * q
    return q == 100 * p


def _rounds(decimal: Fraction, places: int, value: Fraction) -> bool:
    return places >= _ROUNDED_PLACES and round(value, places) == decimal


def _same_list(x: _Answer, y: _Answer, symbolic: Callable[[str, str], bool]) -> bool | None:
    """Compare lists, sets, tuples, intervals and matrices; `None` when one is no list."""
    if not (x.kind and y.kind):
        listed, single = (x, y) if x.kind else (y, x)
        if listed.kind == "{}" and len(listed.parts) == 1:
            return compare(listed.parts[0], single.text, symbolic)
        if single.number is None:
            return None  # x > 3 may still equal (3, oo)
        # Against a number, "3,14" is a decimal; against a list it is one.
        return listed.kind == "," and read_number(listed.text.replace(",", ".")) == single.number
    kinds = {x.kind, y.kind} - {","}
    if len(x.parts) != len(y.parts) or (len(kinds) > 1 and kinds != {"()", "matrix 1"}):
        return False
    if kinds <= {"{}"}:
        return _same_members(x.parts, y.parts, symbolic)
    return all(compare(p, q, symbolic) for p, q in zip(x.parts, y.parts, strict=True))


def _same_members(
    left: tuple[str, ...], right: tuple[str, ...], symbolic: Callable[[str, str], bool]
) -> bool:
    if len(left) > _MAX_UNORDERED:  # n * n comparisons would be too many
        return sorted(map(normalise, left)) == sorted(map(normalise, right))
    rest = list(right)
    for member in left:
        twin = next((other for other in rest if compare(member, other, symbolic)), None)
        if twin is None:
            return False
        rest.remove(twin)
    return True


def _read(answer: str) -> _Answer:
    """Take an answer apart; long ones stay out of the cache and of the patterns."""
    if len(answer) > MAX_ANSWER:
        return _Answer(" ".join(answer.split()), hopeless=True)
    return _read_short(answer)


@lru_cache(maxsize=4096)
def _read_short(answer: str) -> _Answer:
    plain = _RATIO.fullmatch(answer.removeprefix("-"))  # most answers: nothing to respell
    text, unit = (answer, "") if plain else _split_unit(_spell(answer))
    name = ""
    named = _NAME.fullmatch(text)
    if named is not None and not _RELATION.search(named[2]):
        name = _squeeze(named[1])
        text, inner_unit = _split_unit(named[2])
        unit = unit or inner_unit
    number, places = _number(text)
    if number is not None:
        # A decimal stays one for math-verify, which compares decimals by rounding.
        return _Answer(_squeeze(text) if places else str(number), name, unit, number, places)
    in_text = _UNWRAP.fullmatch(text) is not None
    text = _DEGREES.sub(r"\\frac{\1\\pi}{180}", _UNWRAP.sub(r"\1", text)).strip()
    squeezed = _squeeze(text)
    if _WORDS.fullmatch(text):
        letters = re.sub(r"[\W_]", "", text).casefold()
        prose = in_text or _LONG_WORD.search(text) is not None
        return _Answer(squeezed, name, unit, words=letters, prose=prose)
    if _is_hopeless(squeezed):
        return _Answer(squeezed, name, unit, hopeless=True)
    kind, parts = _split_list(squeezed)
    if kind == "()" and len(parts) == 1:  # (5) is 5
        inner = _read_short(parts[0])
        return replace(inner, name=name or inner.name, unit=unit or inner.unit)
    return _Answer(squeezed, name, unit, kind=kind, parts=parts)


def _spell(answer: str) -> str:
    r"""Bring notation to one spelling; currency signs stay, `$` as a delimiter goes."""
    text = answer.translate(_SIGNS)
    if text.replace("\\$", "").count("$") % 2 == 0:
        text = re.sub(r"(?<!\\)\$", "", text)
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    if not any(bracket in text for bracket in ("(", "[", "\\{")):  # (1,234) is a pair
        text = _THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    return text


def _split_unit(text: str) -> tuple[str, str]:
    """Split a trailing unit, a leading currency sign or the base of a numeral off."""
    currency = _CURRENCY.match(text)
    if currency is not None:
        return currency[1] + text[currency.end() :], _unit(currency[2])
    base = _BASE.fullmatch(text)
    if base is not None:
        return base[1], f"base {base[2]}"
    for pattern in (_TEXT_UNIT, _PLAIN_UNIT):
        found = pattern.fullmatch(text)
        if found is None or _NO_UNIT.match(found[2]) or not re.search(r"[\d\\]", found[1]):
            continue  # "5 or more" is more than a number with a unit
        if "circ" in found[2] and _TRIGONOMETRY.search(found[1]):
            continue  # \sin 30^\circ: the sign belongs to the argument
        return found[1], _unit(found[2])
    return text, ""


def _unit(written: str) -> str:
    """Return the known unit that was written, or an empty text."""
    unit = re.sub(r"\b(?:square|sq|cubic|cu)\b|[ .]", "", written.casefold())
    return _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"), "")


def _squeeze(text: str) -> str:
    r"""Drop the spaces without meaning: not the one of `\pi r` or of `1 1/2`."""
    text = _SPACE.sub(lambda gap: f"{gap[1]} " if gap[1] else gap[2] or "", text)
    return _BRACED.sub(r"\1\2", text)


def _number(text: str) -> tuple[Fraction | None, int]:
    """Read an exact number and its decimal places (0 unless it is a plain decimal)."""
    negative = text.startswith("-")
    value, places = _unsigned(text[1:].strip() if text[:1] in {"-", "+"} else text)
    return (-value if negative and value is not None else value), places


def _unsigned(text: str) -> tuple[Fraction | None, int]:
    if _SPACED_THOUSANDS.fullmatch(text):
        text = text.replace(" ", "")
    value: Fraction | None = None
    places = 0
    if found := _RATIO.fullmatch(text) or _FRACTION.fullmatch(text):
        below = Fraction(found[2] or 1)
        value = Fraction(found[1]) / below if below else None
        places = len(found[1].partition(".")[2]) if found[2] is None else 0
    elif found := _MIXED.fullmatch(text):
        below = Fraction(found[3] or found[5])
        value = int(found[1]) + Fraction(found[2] or found[4]) / below if below else None
    elif found := _SCIENTIFIC.fullmatch(text):
        value = Fraction(found[1]) * Fraction(10) ** int(found[2])
    elif found := _POWER.fullmatch(text):
        base, power = Fraction(found[1]), int(found[2])
        value = base**power if base else None
    elif found := _REPEATING.fullmatch(text):
        whole, fixed, cycle = found.groups()
        nines = (10 ** len(cycle) - 1) * 10 ** len(fixed)
        value = Fraction(int(whole + fixed + cycle) - int((whole + fixed) or 0), nines)
    return value, places


def _split_list(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the kind of a list and its members, or an empty kind."""
    matrix = _MATRIX.fullmatch(text)
    if matrix is not None:
        rows = [row.split("&") for row in matrix[1].removesuffix("\\\\").split("\\\\")]
        members = tuple(cell for row in rows for cell in row)
        rectangular = len({len(row) for row in rows}) == 1 and all(members)
        return (f"matrix {len(rows[0])}", members) if rectangular else ("", ())
    kind, inside = "", text
    if text.startswith("\\{") and text.endswith("\\}"):
        kind, inside = "{}", text[2:-2]
    elif text[:1] in {"(", "["} and text[-1:] in {")", "]"}:
        kind, inside = text[0] + text[-1], text[1:-1]
    elif text.startswith("{") and text.endswith("}"):
        kind, inside = "{}", text[1:-1]
    parts = _split_commas(inside)
    if kind and parts is None:  # (0,1)\cup(2,3) is not one pair of brackets
        kind, parts = "", _split_commas(text)
    if parts is None:
        return "", ()
    if kind in {"", "{}"}:  # \pm 2 is 2 and -2
        parts = [
            part.replace("\\pm", sign).removeprefix("+")
            for part in parts
            for sign in ("+-" if part.count("\\pm") == 1 else "+")
        ]
    return (kind or ("," if len(parts) > 1 else ""), tuple(parts))


def _split_commas(text: str) -> list[str] | None:
    """Split at the commas outside of brackets; `None` when brackets or members are missing."""
    parts, start, depth = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return None
        if char in ",;" and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return parts if depth == 0 and all(parts) else None


def _is_hopeless(text: str) -> bool:
    """Tell what no computer algebra should be asked to expand: it would only run into its limit."""
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        return True
    if ("!" in text or "\\binom" in text) and re.search(r"\d{5}|!!!", text):
        return True
    for tower in _TOWER.finditer(text):
        exponent = 1
        for base in reversed(re.findall(r"\d+", tower[0])):
            if exponent * len(base) > _MAX_DIGITS:
                return True
            exponent = int(base) ** exponent
    return False
