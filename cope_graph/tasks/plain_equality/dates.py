"""Dates and times of day, in the forms in which they can be read in one way only."""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from typing import Final, TypeAlias

from cope_graph.tasks.plain_equality.numerals import numerals

Moment: TypeAlias = tuple[str, int | None, int | None, int | None]
"""`date` with year (negative before Christ), month and day, or `time` with hour, minute, second."""

_MONTH_NAMES: Final = (
    "january february march april may june july august september october november december"
)
_MONTHS: Final = _MONTH_NAMES.split()
_MONTH: Final = {
    **{month: number for number, month in enumerate(_MONTHS, 1)},
    **{month[:3]: number for number, month in enumerate(_MONTHS, 1)},
    "sept": 9,
}
_NAME: Final = f"(?P<m>{'|'.join(sorted(_MONTH, key=len, reverse=True))})"
_DAY: Final = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = (
    r"(?:(?P<ad>ad )?(?P<y>\d{3,4})|ad (?P<ys>\d{1,2})|(?P<ye>\d{1,4}) (?P<era>bce?|ad|ce))"
)
_WORDY: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_DAY} {_NAME} {_YEAR}",
        rf"{_NAME} {_DAY} {_YEAR}",
        rf"{_YEAR} {_NAME} {_DAY}",
        rf"{_NAME} {_YEAR}",
        rf"{_NAME} {_DAY}",
        rf"{_DAY} {_NAME}",
        r"(?P<ye>\d{1,4}) (?P<era>bce?)",
        r"(?P<ye>\d{1,4}) (?P<era>ad|ce)|ad (?P<ys>\d{1,4})",
    )
)
_ISO: Final = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_SHORT: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_WEEKDAY: Final = re.compile(
    r"^(?:on )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun)\b[., ]*"
)
_FILLERS: Final = re.compile(r"[,.]|\b(?:of|the|in|year)\b")
_ERA: Final = re.compile(r"\b(?:a\. ?d|b\. ?c(?:\. ?e)?|c\. ?e)\b\.?")
_TIME: Final = re.compile(
    r"(?P<h>\d{1,2})(?::(?P<min>\d\d))?(?::(?P<sec>\d\d))? ?(?:(?P<half>[ap])\.? ?m\.?)?"
)
_OCLOCK: Final = re.compile(r" o'?clock")


def read_moment(text: str) -> Moment | None:
    """Read a date or a time of day, `None` for what is none, or can be read as two.

    Args:
        text: A folded answer.
    """
    return _date(text) or _time(text)


def _date(text: str) -> Moment | None:
    iso = _ISO.fullmatch(text)
    if iso is not None:
        return _checked(int(iso[1]), int(iso[3]), int(iso[4]))
    short = _SHORT.fullmatch(text)
    if short is not None:
        one, two, year = int(short[1]), int(short[3]), int(short[4])
        if one == two or two > 12:  # noqa: PLR2004 - no month: month first
            return _checked(year, one, two)
        return _checked(year, two, one) if one > 12 else None  # noqa: PLR2004
    plain = _ERA.sub(lambda era: re.sub(r"[ .]", "", era[0]), _WEEKDAY.sub("", text))
    words = numerals(" ".join(_FILLERS.sub(" ", plain.replace("-", " ")).split()))
    for form in _WORDY:
        found = form.fullmatch(words)
        if found is not None:
            parts = found.groupdict()
            written = parts.get("y") or parts.get("ys") or parts.get("ye")
            before_christ = (parts.get("era") or "").startswith("b")
            counted = int(written) * (-1 if before_christ else 1) if written else None
            month = _MONTH[parts["m"]] if parts.get("m") else None
            day = int(parts["d"]) if parts.get("d") else None
            return _checked(counted, month, day)
    return None


def _checked(year: int | None, month: int | None, day: int | None) -> Moment | None:
    if year == 0 or (month is not None and not 1 <= month <= 12):  # noqa: PLR2004
        return None
    if day is not None and month is not None:
        # February has its 29th day where the year is not known, or was counted otherwise.
        leap = isleap(year) if year is not None and year > 0 else True
        if not 1 <= day <= monthrange(2000 if leap else 2001, month)[1]:
            return None
    return ("date", year, month, day)


def _time(text: str) -> Moment | None:
    found = _TIME.fullmatch(_OCLOCK.sub(":00", text))
    if found is None or (found["min"] is None and found["half"] is None):
        return None
    hour, minute, second = int(found["h"]), int(found["min"] or 0), int(found["sec"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:  # noqa: PLR2004
            return None
        hour = hour % 12 + (12 if found["half"] == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004
        return None
    return ("time", hour, minute, second)
