"""The unit of an answer: `5 cm`, `$5`, `50%`, and the base of a numeral."""

from __future__ import annotations

import re
from typing import Final

from cope_graph.tasks.equality.notation import TEXT

# What one unit is called; the first is its name here. A plural s is understood.
_UNIT_NAMES: Final = (
    r"% \% percent pct percentage",
    r"deg degree ^\circ",
    r"$ \$ dollar usd",
    "cent",
    "£",
    "€ euro",
    "¥ yen",
    "₹ rs rupee",
    "mm millimeter millimetre",
    "cm centimeter centimetre",
    "m meter metre",
    "km kilometer kilometre",
    "in inch inche",
    "ft foot feet",
    "yd yard",
    "mi mile",
    "mg milligram",
    "g gram",
    "kg kilogram",
    "oz ounce",
    "lb pound",
    "ml milliliter",
    "l liter litre",
    "sec s second",
    "min minute",
    "h hr hour",
    "day",
    "week",
    "month",
    "year",
)
_UNITS: Final = {alias: names.split()[0] for names in _UNIT_NAMES for alias in names.split()}

_CURRENCY: Final = re.compile(r"(-?) ?(\\?\$|[£€¥₹]|USD|Rs\.?) ?(?=-?[\d.])")
_BASE: Final = re.compile(r"(-?[\dA-F]*\d[\dA-F]*) ?_ ?\{?(\d+|\\text ?\{\w+\})\}?")
_TEXT_UNIT: Final = re.compile(rf"(.+?) ?{TEXT}(?: ?/ ?{TEXT})?(?: ?\^ ?\{{? ?-?\d ?\}}?)?")
_PLAIN_UNIT: Final = re.compile(
    r"(.*(?:\d|\d\.|\}|\)|\\pi)) ?(\\?%|[£€¥₹]|\^\\circ(?: ?[CF])?|[ckm]m|[mk]g|m[lL]|ft|in|lbs?|oz"
    r"|mph|hrs?|min|sec|(?<= )[A-Za-z]{3,}(?:[ /][A-Za-z.]+){0,3})(?: ?\^ ?\{?\d\}?)?"
)
_NO_UNIT: Final = re.compile(
    r" ?(?:,|(?:or|and|if|when|where|for|mod|choose|is|hundred|thousand|million|billion|dozen)\b)"
)
_TRIGONOMETRY: Final = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")


def split_unit(text: str) -> tuple[str, str]:
    """Split a trailing unit, a leading currency sign or the base of a numeral off.

    Args:
        text: An answer in the one spelling of `notation`.

    Returns:
        The rest, and the unit's name, `base 2`, or an empty text: an unknown unit is dropped.
    """
    currency = _CURRENCY.match(text)
    if currency is not None:
        return currency[1] + text[currency.end() :], _name(currency[2])
    base = _BASE.fullmatch(text)
    if base is not None:
        return base[1], f"base {base[2]}"
    for pattern in (_TEXT_UNIT, _PLAIN_UNIT):
        found = pattern.fullmatch(text)
        if found is None or _NO_UNIT.match(found[2]) or not re.search(r"[\d\\]", found[1]):
            continue  # "5 or more" is more than a number with a unit
        if "circ" in found[2] and _TRIGONOMETRY.search(found[1]):
            continue  # \sin 30^\circ: the sign belongs to the argument
        return found[1], _name(found[2])
    return text, ""


def _name(written: str) -> str:
    """Return the known unit that was written, or an empty text."""
    unit = re.sub(r"\b(?:square|sq|cubic|cu)\b|[ .]", "", written.casefold())
    return _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"), "")
