"""Raised digits: NFKC alone would make 102 of 10², which is another number."""
# ruff: noqa: RUF001 - signs that look alike are what this is about

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

_RAISED: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")


def lowered(text: str) -> str:
    """Write raised digits as powers: 10⁻³ as 10^-3."""
    return _RAISED.sub(_power, text)


def _power(raised: re.Match[str]) -> str:
    return "^" + normalize("NFKC", raised[0]).replace("−", "-")
