"""Where the labels of points go: beside them, and not over one another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cope_graph.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RADII: Final = (9.0, 15.0, 24.0, 36.0, 50.0, 66.0, 84.0, 104.0)  # points from the marker's middle
_ANGLES: Final = (0, 35, 325, 65, 295, 180, 145, 215, 115, 245)
"""In degrees; none straight up or down, where a point's interval stands."""
_LEADER: Final = 20.0  # points from which on a line leads to the marker


class Box(NamedTuple):
    """A rectangle in pixels; plain numbers, since thousands of them are compared."""

    left: float
    low: float
    right: float
    high: float

    def shared(self, other: Box) -> float:
        """Give the area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.high, other.high) - max(self.low, other.low)
        return width * height if width > 0 and height > 0 else 0.0


@dataclass(frozen=True)
class Label:
    """A text for a point.

    Attributes:
        x: In the data's units.
        y: In the data's units.
        text: What it says.
        style: Keywords of the text.
    """

    x: float
    y: float
    text: str
    style: dict[str, Any]


def place(axes: Axes, labels: Sequence[Label], taken: Iterable[Box], theme: Theme) -> None:
    """Write each label at the free place nearest to its point, the first first.

    Args:
        axes: Laid out as they are going to stay.
        labels: The most important first.
        taken: What else is drawn, in pixels.
        theme: The colours: of the lines that lead to markers further away, and behind a label.
    """
    occupied: list[Box] = list(taken)
    words: list[Box] = []
    line = {"arrowstyle": "-", "color": theme.muted, "lw": 0.8, "shrinkB": 5, "shrinkA": 1}
    behind = {"facecolor": theme.surface, "edgecolor": "none", "alpha": 0.75, "pad": 0.4}
    for label in labels:
        best = min(_places(axes, label), key=lambda spot: _cost(axes, spot, occupied, words))
        occupied.append(best.box)
        words.append(best.box)
        far = math.hypot(*best.offset) >= _LEADER
        axes.annotate(
            label.text,
            (label.x, label.y),
            xytext=best.offset,
            textcoords="offset points",
            ha=best.across,
            va="center",
            annotation_clip=False,
            arrowprops=line if far else None,
            bbox=behind,
            zorder=5,
            **label.style,
        ).set_in_layout(False)


@dataclass(frozen=True)
class _Spot:
    point: tuple[float, float]
    offset: tuple[float, float]
    across: str
    box: Box
    order: float


def _places(axes: Axes, label: Label) -> Iterator[_Spot]:
    """List where a label could stand: around its point, near before far."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101 - axes of a figure
    x, y = axes.transData.transform((label.x, label.y))
    written = axes.text(0, 0, label.text, **label.style)
    size = written.get_window_extent()
    written.remove()
    scale = figure.dpi / 72
    for ring, radius in enumerate(_RADII):
        for turn, angle in enumerate(_ANGLES):
            way = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            offset = radius * way[0], radius * way[1]
            across = "left" if way[0] > 0.2 else "right" if way[0] < -0.2 else "center"  # noqa: PLR2004
            left = (
                x
                + offset[0] * scale
                - {"left": 0, "center": 0.5, "right": 1}[across] * (size.width)
            )
            low = y + offset[1] * scale - size.height / 2
            box = Box(left - 2, low, left + size.width + 2, low + size.height)
            yield _Spot((x, y), offset, across, box, ring * 10 + turn * 0.5)


def _cost(axes: Axes, spot: _Spot, occupied: Sequence[Box], words: Sequence[Box]) -> float:
    """Say how bad a place is: what it covers, what its line crosses, how far it is."""
    shared = [spot.box.shared(other) for other in occupied]
    over = sum(40 + area for area in shared if area)
    if math.hypot(*spot.offset) >= _LEADER:
        over += 600 * sum(_crosses(spot, word) for word in words)
        over += 60 * sum(_crosses(spot, other) for other in occupied)
    box, frame = spot.box, axes.bbox
    whole = (box.right - box.left) * (box.high - box.low)
    outside = whole - box.shared(Box(frame.x0, frame.y0, frame.x1, frame.y1))
    return over + 3 * outside + spot.order


def _crosses(spot: _Spot, word: Box) -> bool:
    """Say whether the line from a label to its point goes through another label."""
    (x0, y0), box = spot.point, spot.box
    x1, y1 = (box.left + box.right) / 2, (box.low + box.high) / 2
    for step in range(13):
        x, y = x0 + (x1 - x0) * step / 12, y0 + (y1 - y0) * step / 12
        if word.left <= x <= word.right and word.low <= y <= word.high:
            return True
    return False
