"""The exact value of a number, however it is written: 0.5, 1/2, 1 1/2, 5e-1, 0.5 repeating."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

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


def is_plain(text: str) -> bool:
    """Tell whether a text is a decimal or a ratio of two: most answers are."""
    return _RATIO.fullmatch(text.removeprefix("-")) is not None


def exact(text: str) -> tuple[Fraction | None, int]:
    """Read an exact number and its decimal places (0 unless it is a plain decimal).

    Args:
        text: In the one spelling of `notation`, without a unit.
    """
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
