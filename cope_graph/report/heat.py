"""Accuracy and cost over the thresholds of stages 1 and 2, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cope_graph.evaluation.replaying.summary import Grid, Summary
from cope_graph.report import reading, wording
from cope_graph.report.theme import Look, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Cells = Sequence[Sequence[float | None]]
_TICKS: Final = 7
_TILES: Final = 625
"""Up to so many cells have lines between them."""


@dataclass(frozen=True)
class Panel:
    """One of the two maps.

    Attributes:
        title: What it shows.
        cells: `[i][j]` of the grid's `tau1[i]`, `tau2[j]`.
        says: The figure of each cell in words.
    """

    title: str
    cells: Cells
    says: tuple[tuple[str, ...], ...]


def panels(summary: Summary, grid: Grid) -> list[Panel]:
    """Give the maps there are figures for: without prices there is no map of cost."""
    right = Panel("accuracy, %", _each(grid.accuracy, 100), _words(grid.accuracy, wording.percent))
    cost = _cost(summary, grid)
    return [right, cost] if cost else [right]


def draw(summary: Summary, look: Look) -> Figure:
    """Draw the maps, with a frame around the cell of the thresholds in use."""
    return _drawn(summary, look)[0]


def boxes(summary: Summary, look: Look) -> list[list[float]]:
    """Say where the maps lie in the drawing, for the page's script.

    Returns:
        For each map: left, top, width, height, as shares of the drawing's width and height.
    """
    figure, maps = _drawn(summary, look)
    figure.draw_without_rendering()
    places = [axes.get_position() for axes in maps]
    return [[box.x0, 1 - box.y1, box.width, box.height] for box in places]


def alt(summary: Summary) -> str:
    """Say the extremes of the maps, and the cell in use."""
    grid = _grid(summary)
    told = []
    for panel in panels(summary, grid):
        spread = sorted(
            (value, says)
            for row, words in zip(panel.cells, panel.says, strict=True)
            for value, says in zip(row, words, strict=True)
            if value is not None
        )
        at = panel.says[used(summary)[0]][used(summary)[1]]
        ends = f"from {spread[0][1]} to {spread[-1][1]}" if spread else "unknown"
        told.append(f"{panel.title.partition(',')[0]} {ends}, {at} in the marked cell")
    size = f"{len(grid.tau1)} by {len(grid.tau2)}"
    return f"{size} thresholds of stages 1 and 2: {wording.listed(told)}."


def used(summary: Summary) -> tuple[int, int]:
    """Find the cell nearest to the thresholds in use."""
    grid = _grid(summary)
    return _nearest(grid.tau1, summary.tau1), _nearest(grid.tau2, summary.tau2)


def _grid(summary: Summary) -> Grid:
    assert summary.grid is not None  # noqa: S101 - whoever draws has looked
    return summary.grid


def _nearest(values: Sequence[float], value: float) -> int:
    return min(range(len(values)), key=lambda index: abs(values[index] - value))


def _drawn(summary: Summary, look: Look) -> tuple[Figure, list[Axes]]:
    grid = _grid(summary)
    shown = panels(summary, grid)
    down = len(shown) if look.narrow else 1
    height = 3.7 * down if look.narrow else 4.7
    figure = blank(look, height)
    maps = []
    for index, panel in enumerate(shown):
        axes = figure.add_subplot(down, 1 if look.narrow else 2, index + 1)
        hue = (look.theme.accent, look.theme.loss)[index]
        _map(figure, axes, panel, (look.theme.low[index], hue), look)
        _ticks(axes, grid)
        _frame(axes, used(summary), look)
        maps.append(axes)
    if len(shown) == 1 and not look.narrow:
        _no_cost(figure, look)
    return figure, maps


def _map(figure: Figure, axes: Axes, panel: Panel, ends: tuple[str, str], look: Look) -> None:
    """Draw a map; a cell that the records cannot say anything of is left blank and crossed."""
    import numpy as np  # noqa: PLC0415 - heavy
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

    cells = np.array([[np.nan if one is None else one for one in row] for row in panel.cells]).T
    known = cells[~np.isnan(cells)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    colours = LinearSegmentedColormap.from_list("heat", list(ends))
    axes.set_facecolor(look.theme.surface)
    axes.patch.set(hatch="////", edgecolor=look.theme.line)
    spread: dict[str, Any] = {"vmin": low, "vmax": high if high > low else low + 1e-9}
    image = axes.imshow(
        np.ma.masked_invalid(cells), cmap=colours, origin="lower", aspect="auto",
        interpolation="none", **spread,
    )  # fmt: skip
    if cells.size <= _TILES:
        axes.set_xticks(np.arange(0.5, cells.shape[1] - 1), minor=True)
        axes.set_yticks(np.arange(0.5, cells.shape[0] - 1), minor=True)
        axes.grid(visible=True, which="minor", color=look.theme.surface, lw=0.8)
        axes.tick_params(which="minor", length=0)
    axes.set_title(panel.title, loc="left", fontweight="bold", fontsize=look.font)
    bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=30, ticks=[low, high])
    bar.ax.set_yticklabels([wording.figures(low), wording.figures(high)])
    bar.outline.set_visible(False)


def _ticks(axes: Axes, grid: Grid) -> None:
    for axis, values, stage in ((axes.xaxis, grid.tau1, 1), (axes.yaxis, grid.tau2, 2)):
        step = -(-len(values) // _TICKS)
        at = range(0, len(values), step)
        axis.set_ticks(list(at), [f"{values[index]:.3g}" for index in at])
        axis.set_label_text(f"threshold of stage {stage}")


def _frame(axes: Axes, cell: tuple[int, int], look: Look) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - heavy

    corner = cell[0] - 0.5, cell[1] - 0.5
    for colour, width in ((look.theme.surface, 4.5), (look.theme.ink, 2.0)):
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, ec=colour, lw=width, clip_on=False))


def _no_cost(figure: Figure, look: Look) -> None:
    axes = figure.add_subplot(1, 2, 2)
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, "no map of cost:\na price is unknown, or all are 0", ha="center", va="center",
        color=look.theme.muted,
    )  # fmt: skip


def _cost(summary: Summary, grid: Grid) -> Panel | None:
    if reading.scale(summary).unit != "usd":
        return None
    if grid.share is not None and any(one is not None for row in grid.share for one in row):
        name = wording.shortened(summary.baseline, 18)
        return Panel(f"cost, multiple of {name}", grid.share, _words(grid.share, wording.times))
    if grid.usd is not None and any(one is not None for row in grid.usd for one in row):
        title = f"cost, USD per {wording.PER:,} items"
        return Panel(title, _each(grid.usd, wording.PER), _words(grid.usd, wording.usd))
    return None


def _each(cells: Cells, factor: float) -> Cells:
    return [[None if one is None else one * factor for one in row] for row in cells]


def _words(cells: Cells, write: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(write(one, missing=wording.UNKNOWN) for one in row) for row in cells)
