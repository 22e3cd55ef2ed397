"""Which stage answers how many items, and how many of its answers are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cope_graph.evaluation.replaying.summary import Summary
from cope_graph.report import reading, wording
from cope_graph.report.theme import Look, blank, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP: Final = 0.07  # between the ends, of the height that all items take
_BAR: Final = 0.014  # how wide an upright bar is, of the drawing


@dataclass(frozen=True)
class End:
    """Where a part of the items ends.

    Attributes:
        stage: That answered; 0 for items without an answer.
        items: Share of all.
        right: Share of all that is right; `None` where there are no items.
    """

    stage: int
    items: float
    right: float | None


@dataclass(frozen=True)
class Band:
    """A stream of items: how high, in shares of all, and in which colour and depth."""

    height: float
    colour: str
    depth: float = 0.32


def ends(summary: Summary) -> list[End]:
    """List what the stages answered, and what none did."""
    resolved = sorted(reading.subject(summary).resolved.items())
    found = [
        End(stage, part.items, None if part.accuracy is None else part.items * part.accuracy)
        for stage, part in resolved
    ]
    rest = 1 - sum(end.items for end in found)
    return [*found, End(0, rest, 0.0)] if rest * max(summary.items, 1) > 0.01 else found  # noqa: PLR2004


def draw(summary: Summary, look: Look) -> Figure:
    """Draw all items as a stream from the left, of which each stage leads off what it answers."""
    figure = blank(look, 3.6 if look.narrow else 4.2)
    axes = figure.add_subplot()
    quiet(axes)
    parts = ends(summary)
    placed = list(zip(parts, _tops(parts), strict=True))
    axes.set_xlim(0, 1)
    axes.set_ylim(1 + _GAP * (len(parts) - 1) + 0.06, -0.12)
    axes.text(0, -0.04, wording.counted(summary.items, "item"), va="bottom", fontweight="bold")
    left, x, y = 1.0, 0.0, 0.0
    for index, (end, top) in enumerate(placed):
        if index:
            before, step = (x + _BAR, y), _stop(look) / (len(parts) + 1)
            x, y = x + step, 1 - left + _GAP * 0.6 * index
            _ribbon(axes, before, (x, y), Band(left, look.theme.muted))
            _reach(axes, end, (x, y + left), left * summary.items, look)
        _bar(axes, x, y, left, look.theme.ink)
        _end(axes, end, (x + _BAR, y), (_stop(look), top), look)
        y, left = y + end.items, left - end.items
    _legend(axes, look)
    _labels(axes, summary, placed, look)
    return figure


def alt(summary: Summary) -> str:
    """Say the figures of the drawing."""
    told = [f"{_who(end)} {_share(end)}, {_quality(end)}" for end in ends(summary)]
    name = wording.shown(reading.subject(summary).name)
    items = wording.counted(summary.items, "item")
    return f"Of {items} under {name}: {wording.listed(told)}."


def _tops(parts: Sequence[End]) -> list[float]:
    tops, at = [], 0.0
    for end in parts:
        tops.append(at)
        at += end.items + _GAP
    return tops


def _stop(look: Look) -> float:
    """Say where the streams end: right of it stands what they are."""
    return 0.6 if look.narrow else 0.74


def _end(
    axes: Axes, end: End, begin: tuple[float, float], stop: tuple[float, float], look: Look
) -> None:
    """Lead off what a stage answers: right above, wrong below."""
    right = end.right or 0.0
    theme, wrong = look.theme, end.items - right
    bands = (Band(right, theme.accent), Band(wrong, theme.loss if end.stage else theme.muted, 0.6))
    (x0, y0), (x1, y1) = begin, stop
    for band in bands:
        if band.height > 1e-9:  # noqa: PLR2004 - nothing to draw
            _ribbon(axes, (x0, y0), (x1, y1), band)
            _bar(axes, x1, y1, band.height, band.colour)
        y0, y1 = y0 + band.height, y1 + band.height


def _bar(axes: Axes, x: float, y: float, height: float, colour: str) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - heavy

    axes.add_patch(Rectangle((x, y), _BAR, height, color=colour, lw=0, zorder=3))


def _ribbon(axes: Axes, begin: tuple[float, float], stop: tuple[float, float], band: Band) -> None:
    from matplotlib.patches import PathPatch  # noqa: PLC0415 - heavy
    from matplotlib.path import Path  # noqa: PLC0415

    (x0, y0), (x1, y1) = begin, stop
    middle = (x0 + x1) / 2
    corners = [(x0, y0), (middle, y0), (middle, y1), (x1, y1)]
    back = [(x, y + band.height) for x, y in reversed(corners)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    path = Path([*corners, *back, (x0, y0)], codes)
    axes.add_patch(PathPatch(path, facecolor=band.colour, alpha=band.depth, lw=0, zorder=2))


def _reach(axes: Axes, end: End, at: tuple[float, float], items: float, look: Look) -> None:
    """Write under a stage's bar how many items come to it."""
    if look.narrow or not end.stage:
        return
    axes.text(
        at[0] + _BAR, at[1] + 0.02, f"{items:,.0f} reach stage {end.stage}", ha="right", va="top",
        color=look.theme.muted, fontsize=look.font - 0.8,
    )  # fmt: skip


def _legend(axes: Axes, look: Look) -> None:
    x = _stop(look)
    for word, colour in (("right", look.theme.accent), ("wrong", look.theme.loss)):
        _bar(axes, x, -0.09, 0.05, colour)
        axes.text(x + 0.035, -0.065, word, va="center", color=look.theme.muted)
        x += 0.2 if look.narrow else 0.1


def _labels(axes: Axes, summary: Summary, placed: Sequence[tuple[End, float]], look: Look) -> None:
    """Write beside each end what it is; ends of few items make room for one another."""
    room = 0.27 if look.narrow else 0.2
    x, lowest = _stop(look) + 0.035, -1.0
    for end, top in placed:
        lowest = y = max(top + end.items / 2, lowest + room)
        count = wording.counted(end.items * summary.items, "item")
        axes.text(x, y, f"{_who(end)} {_share(end)}", fontweight="bold", va="bottom")
        axes.text(
            x, y + 0.012, f"{count}, {_quality(end)}", va="top", color=look.theme.muted,
            fontsize=look.font - 0.8,
        )  # fmt: skip


def _who(end: End) -> str:
    return f"stage {end.stage} answers" if end.stage else "no answer:"


def _share(end: End) -> str:
    return wording.percent(end.items)


def _quality(end: End) -> str:
    if end.right is None or end.items <= 0:
        return "none to judge"
    return f"{wording.percent(end.right / end.items)} right"
