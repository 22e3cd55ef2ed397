"""Figures as people read them: shares in percent, USD by the thousand items, signs in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from cope_graph.evaluation.replaying.summary import Interval

NBSP: Final = "\u00a0"
TIMES: Final = "\u00d7"
UNKNOWN: Final = "unknown"
NONE: Final = "\u2013"
PER: Final = 1_000
"""USD are given for so many items: those of one have too many zeros to be compared."""


def percent(share: float | None, *, missing: str = NONE) -> str:
    """Write a share of 1 with a tenth of a percent."""
    return missing if share is None else f"{_signless_zero(share * 100):.1f}{NBSP}%"


def points(difference: Interval | None) -> str:
    """Write a difference of two shares, signed, in percentage points, with its interval."""
    if difference is None:
        return NONE
    value, low, high = (
        f"{_signless_zero(one * 100):+.1f}".replace("-", "\u2212").replace("+0.0", "0.0")
        for one in (difference.value, difference.low, difference.high)
    )
    return f"{value} ({low} to {high})"


def interval(share: Interval) -> str:
    """Write a share with its interval."""
    return f"{percent(share.value)} ({share.low * 100:.1f} to {share.high * 100:.1f})"


def figures(number: float) -> str:
    """Write a number with three figures that count, and without an exponent."""
    short = Decimal(f"{number:.3g}")
    whole = f"{short:,f}"
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def usd(mean: float | None, *, missing: str = UNKNOWN) -> str:
    """Write mean USD an item as USD for a thousand items."""
    return missing if mean is None else figures(mean * PER)


def tokens(count: float | None) -> str:
    """Write tokens as a whole number; below ten with a tenth."""
    if count is None:
        return NONE
    return f"{count:,.0f}" if count == 0 or count >= 10 else f"{count:.1f}"  # noqa: PLR2004


def times(ratio: float | None, *, missing: str = UNKNOWN) -> str:
    """Write a ratio to something else."""
    return missing if ratio is None else f"{figures(ratio)}{TIMES}"


def seconds(value: float | None) -> str:
    """Write a time."""
    return NONE if value is None else f"{value:,.2f}{NBSP}s"


def saved(share: float, *, tokens: bool = False) -> str:
    """Say in words what a signed saving is: a loss is called one.

    Args:
        share: Saved of the baseline's cost; negative where it costs more.
        tokens: Whether it is tokens and not USD that are saved.
    """
    if abs(share) * 1000 < 0.5:  # noqa: PLR2004 - shown as 0.0 %
        return "takes as many tokens" if tokens else "costs the same"
    if share > 0:
        return f"saves {percent(share)}{' of the tokens' if tokens else ''}"
    return f"{'takes' if tokens else 'costs'} {percent(-share)} more{' tokens' if tokens else ''}"


def counted(count: float, noun: str) -> str:
    """Write how many there are of something, in the singular for one."""
    return f"{count:,.0f} {noun}{'' if round(count) == 1 else 's'}"


def shortened(text: str, length: int) -> str:
    """Cut a name to what a drawing has room for."""
    clean = shown(text)
    return clean if len(clean) <= length else f"{clean[: length - 1]}…"


def shown(text: str) -> str:
    """Put a mark for each character that does not show, or that no file can hold."""
    return "".join(
        one if one.isprintable() or one == NBSP else " " if one.isspace() else "\ufffd"
        for one in text
    )


def listed(parts: list[str]) -> str:
    """Join what is listed in a sentence."""
    return "; ".join(parts)


def _signless_zero(value: float) -> float:
    return 0.0 if abs(value) < 0.05 else value  # noqa: PLR2004 - "-0.0" is no figure
