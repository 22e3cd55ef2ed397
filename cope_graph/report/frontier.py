"""Accuracy against cost: every method, and what COPE could be set to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from cope_graph.evaluation.replaying.summary import Interval, Method, Point, Summary
from cope_graph.report import reading, wording
from cope_graph.report.labels import Box, Label, place
from cope_graph.report.theme import Look, Theme, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEAST: Final = 6.0
"""Percentage points that the axis of accuracy spans at least."""


def draw(summary: Summary, look: Look) -> Figure:
    """Draw cost to the right, accuracy upwards, with 95 % intervals."""
    scale, theme = reading.scale(summary), look.theme
    figure = blank(look, 4.6 if look.narrow else 6.0)
    axes = figure.add_subplot()
    axes.grid(visible=True)
    _settings(axes, summary, scale, theme)
    alone = reading.large(summary)
    if alone is not None:
        _mark_alone(axes, alone, scale, theme)
    labels = [_method(axes, summary, one, scale, look) for one in _shown(summary, scale)]
    axes.set_xlabel(scale.axis)
    axes.set_ylabel("accuracy, %")
    axes.margins(x=0.07, y=0.08)
    _limits(axes)
    figure.draw_without_rendering()
    place(axes, labels, _taken(axes, summary, scale), theme)
    return figure


def alt(summary: Summary) -> str:
    """Say the figures of the drawing."""
    scale = reading.scale(summary)
    told = [
        f"{wording.shown(one.name)} {wording.interval(one.accuracy)} at {scale.said(one)}"
        for one in summary.methods
    ]
    more = f"; the frontier has {wording.counted(len(summary.frontier), 'setting')}"
    start = f"Accuracy against cost (relative to {wording.shown(scale.name)}): "
    return f"{start}{wording.listed(told)}{more if summary.frontier else ''}."


def _shown(summary: Summary, scale: reading.Scale) -> list[Method]:
    """List the methods with a known cost: the subject first, the large model next."""
    first = [reading.subject(summary), reading.large(summary)]
    known = [one for one in summary.methods if scale.cost(one) is not None]
    return sorted(known, key=lambda one: first.index(one) if one in first else len(first))


def _settings(axes: Axes, summary: Summary, scale: reading.Scale, theme: Theme) -> None:
    """Draw the frontier as steps: between two settings one pays for the cheaper."""
    points = [
        (x, point.accuracy) for point in summary.frontier if (x := scale.place(point)) is not None
    ]
    if not points:
        return
    at = [x for x, _ in points]
    line: dict[str, Any] = {"color": theme.accent, "zorder": 2}
    low, high = ([100 * getattr(ends, side) for _, ends in points] for side in ("low", "high"))
    axes.fill_between(at, low, high, step="post", color=theme.accent, alpha=0.1, lw=0, zorder=1)
    heights = [100 * one.value for _, one in points]
    name = "settings that no other beats"
    axes.plot(
        at, heights, "o-", drawstyle="steps-post", lw=1.4, ms=3.6, gid="frontier", label=name,
        **line,
    )  # fmt: skip
    for x, ends in points:
        _whisker(axes, x, ends, theme.accent, alpha=0.28)
    axes.legend(
        loc="lower right", labelcolor=theme.muted, facecolor=theme.surface, edgecolor="none",
        framealpha=0.9,
    )  # fmt: skip


def _limits(axes: Axes) -> None:
    """Let cost 0 stand on the page, and no accuracy below 0 or above 100 %."""
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, -0.02 * (right - left)), right)
    low, high = axes.get_ylim()
    low = min(low, high - _LEAST)
    axes.set_ylim(max(low, -2), min(high, 102))


def _mark_alone(axes: Axes, alone: Method, scale: reading.Scale, theme: Theme) -> None:
    x = scale.place(alone)
    line: dict[str, Any] = {"color": theme.muted, "lw": 0.9, "ls": (0, (4, 4)), "zorder": 1}
    axes.axhline(100 * alone.accuracy.value, **line)
    if x is not None:
        axes.axvline(x, **line)


def _method(
    axes: Axes, summary: Summary, method: Method, scale: reading.Scale, look: Look
) -> Label:
    """Draw a method, and give its label: a number where there is no room for names."""
    theme, number = look.theme, summary.methods.index(method) + 1
    x, y = scale.place(method) or 0.0, 100 * method.accuracy.value
    colour, size, weight = theme.muted, 6.0, "normal"
    if method is reading.subject(summary):
        colour, size, weight = theme.accent, 11.0, "bold"
    elif method is reading.large(summary):
        colour, size, weight = theme.ink, 9.0, "bold"
    _whisker(axes, x, method.accuracy, colour, alpha=0.65)
    marker = "D" if method is reading.large(summary) else "o"
    order = 6 if weight == "bold" else 4
    edge: dict[str, Any] = {"markeredgecolor": theme.surface, "markeredgewidth": 1.2}
    axes.plot([x], [y], marker, ms=size, color=colour, gid=f"method-{number}", zorder=order, **edge)
    alone = " alone" if method is reading.large(summary) else ""
    name = str(number) if look.narrow else f"{wording.shortened(method.name, 30)}{alone}"
    small = look.font if weight == "bold" else look.font - 1
    return Label(x, y, name, {"color": colour, "fontweight": weight, "fontsize": small})


def _whisker(axes: Axes, x: float, ends: Interval, colour: str, *, alpha: float) -> None:
    axes.plot([x, x], [100 * ends.low, 100 * ends.high], color=colour, alpha=alpha, lw=1.1)


def _taken(axes: Axes, summary: Summary, scale: reading.Scale) -> list[Box]:
    """List what labels have to keep clear of, in pixels."""
    marks = [box for one in summary.methods for box in _boxes(axes, one, scale, 6)]
    marks += [box for one in summary.frontier for box in _boxes(axes, one, scale, 2)]
    alone, legend = reading.large(summary), axes.get_legend()
    lines = list(_cross(axes, alone, scale)) if alone else []
    lines += _steps(axes, summary, scale)
    return [*marks, *lines, *([Box(*legend.get_window_extent().extents)] if legend else [])]


def _steps(axes: Axes, summary: Summary, scale: reading.Scale) -> Iterator[Box]:
    """Give the steps of the frontier."""
    known = [(x, one) for one in summary.frontier if (x := scale.place(one)) is not None]
    at = [axes.transData.transform((x, 100 * one.accuracy.value)) for x, one in known]
    for (x0, y0), (x1, y1) in pairwise(at):
        yield Box(x0, y0 - 1, x1, y0 + 1)
        yield Box(x1 - 1, min(y0, y1), x1 + 1, max(y0, y1))


def _cross(axes: Axes, alone: Method, scale: reading.Scale) -> Iterator[Box]:
    """Give the two lines through the large model alone."""
    frame = axes.bbox
    x, y = axes.transData.transform((scale.place(alone) or 0.0, 100 * alone.accuracy.value))
    yield Box(frame.x0, y - 1, frame.x1, y + 1)
    if scale.place(alone) is not None:
        yield Box(x - 1, frame.y0, x + 1, frame.y1)


def _boxes(axes: Axes, thing: Method | Point, scale: reading.Scale, radius: float) -> Iterator[Box]:
    at = scale.place(thing)
    if at is None:
        return
    ends = thing.accuracy
    x, y = axes.transData.transform((at, 100 * ends.value))
    yield Box(x - radius, y - radius, x + radius, y + radius)
    low, high = (axes.transData.transform((at, 100 * end))[1] for end in (ends.low, ends.high))
    yield Box(x - 1, low, x + 1, high)
