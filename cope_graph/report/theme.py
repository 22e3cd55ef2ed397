"""Colours and sizes of the drawings; people with any colour vision can tell the colours apart."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Theme:
    """Colours for one background; hues after Okabe and Ito (2008), shades for contrast.

    Attributes:
        name: `"light"` or `"dark"`.
        surface: What is behind a drawing.
        ink: Text, and the large model alone.
        muted: Secondary text, and methods that are not the subject.
        line: Grids and borders.
        accent: The subject, what is right, and savings.
        loss: What is wrong, and losses.
        roles: Of plan, execute, judge, and what is none of these.
        low: The pale ends of the heat maps of accuracy and of cost.
    """

    name: str
    surface: str
    ink: str
    muted: str
    line: str
    accent: str
    loss: str
    roles: tuple[str, str, str, str]
    low: tuple[str, str]


LIGHT: Final = Theme(
    name="light",
    surface="#ffffff",
    ink="#17202b",
    muted="#5a6675",
    line="#dfe5ec",
    accent="#0a68ad",
    loss="#c2470a",
    roles=("#b25a94", "#3c9c8b", "#dba226", "#8b96a3"),
    low=("#eaf2f9", "#fbf1ea"),
)
DARK: Final = Theme(
    name="dark",
    surface="#171d25",
    ink="#e9eef4",
    muted="#9eabba",
    line="#2d3743",
    accent="#66b5f2",
    loss="#f59460",
    roles=("#d48abb", "#57b8a6", "#e6b450", "#7d8896"),
    low=("#1d2a38", "#35271f"),
)


@dataclass(frozen=True)
class Look:
    """How a drawing is to look.

    Attributes:
        theme: Its colours.
        narrow: Whether it is for a telephone's width.
    """

    theme: Theme = LIGHT
    narrow: bool = False

    @property
    def width(self) -> float:
        """The width in inches: 960 or 355 pixels of a page."""
        return 3.7 if self.narrow else 10.0

    @property
    def font(self) -> float:
        """The size of text, in points."""
        return 8.6 if self.narrow else 10.0


_FONTS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
_DRAWN_IN: Final = "'DejaVu Sans'"
"""The font whose widths a drawing is laid out by: wider than those a page takes."""
_PNG_DPI: Final = 160


@contextmanager
def styled(look: Look) -> Iterator[None]:
    """Draw in our style, whatever the user's own settings of matplotlib are.

    A character that the font lacks is a box in a PNG; a page's SVG takes it from another font.
    """
    from matplotlib import style  # noqa: PLC0415 - heavy

    theme = look.theme
    settings: dict[str, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "cope-graph",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": look.font,
        "text.color": theme.ink,
        "text.parse_math": False,  # a $ in a name is a $
        "axes.facecolor": "none",
        "axes.edgecolor": theme.line,
        "axes.labelcolor": theme.muted,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "grid.color": theme.line,
        "grid.linewidth": 0.8,
        "hatch.linewidth": 0.6,
    }
    with style.context(settings, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        yield


def blank(look: Look, height: float) -> Figure:
    """Make an empty drawing.

    Args:
        look: How it is to look.
        height: In inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(look.width, height), layout="constrained")
    figure.set_facecolor(look.theme.surface)
    FigureCanvasAgg(figure)
    return figure


def quiet(axes: Axes) -> None:
    """Leave nothing of the axes but what is drawn on them."""
    axes.set_axis_off()


def as_svg(figure: Figure) -> bytes:
    """Give a drawing as SVG, with text as text, in the reader's own font."""
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue().replace(_DRAWN_IN.encode(), _FONTS.encode())


def as_png(figure: Figure) -> bytes:
    """Give a drawing as PNG."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    return out.getvalue()
