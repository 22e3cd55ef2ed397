"""The drawings of a page, each as SVG in four looks, and as PNG."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cope_graph.evaluation.replaying.summary import Summary
from cope_graph.report import flow, frontier, heat, reliability, savings
from cope_graph.report.theme import DARK, LIGHT, Look, as_png, as_svg, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """One drawing, ready for the page.

    Attributes:
        name: Its file's name.
        alt: What it shows, with its figures.
        sources: Data URIs by `"light"`, `"light narrow"`, `"dark"`, `"dark narrow"`.
        sizes: Width and height in points, by the same names.
        png: The light one, for a paper or a slide.
    """

    name: str
    alt: str
    sources: dict[str, str]
    sizes: dict[str, tuple[int, int]]
    png: bytes


_Draw = Callable[[Summary, Look], "Figure"]
_DRAWINGS: Final[dict[str, tuple[_Draw, Callable[[Summary], str]]]] = {
    "frontier": (frontier.draw, frontier.alt),
    "flow": (flow.draw, flow.alt),
    "reliability": (reliability.draw, reliability.alt),
    "heat": (heat.draw, heat.alt),
    "savings": (savings.draw, savings.alt),
}
LOOKS: Final = {
    "light": Look(LIGHT),
    "light narrow": Look(LIGHT, narrow=True),
    "dark": Look(DARK),
    "dark narrow": Look(DARK, narrow=True),
}


def missing(summary: Summary) -> dict[str, str]:
    """Say which drawings cannot be made, and why."""
    found = {}
    if not summary.health:
        found["reliability"] = "no stage has a gate whose confidence was recorded"
    if summary.grid is None or not (summary.grid.tau1 and summary.grid.tau2):
        found["heat"] = "these records cannot say what other thresholds would bring"
    if not savings.savings(summary):
        found["savings"] = "there is no method beside the baseline to compare it with"
    return found


def pictures(summary: Summary) -> dict[str, Picture]:
    """Make all drawings that can be made."""
    lacking = missing(summary)
    return {
        name: _picture(name, summary, draw, alt(summary))
        for name, (draw, alt) in _DRAWINGS.items()
        if name not in lacking
    }


def drawn(name: str, summary: Summary, look: Look) -> bytes:
    """Make one drawing as SVG."""
    with styled(look):
        return as_svg(_DRAWINGS[name][0](summary, look))


def _picture(name: str, summary: Summary, draw: _Draw, alt: str) -> Picture:
    sources, sizes, png = {}, {}, b""
    for kind, look in LOOKS.items():
        with styled(look):
            figure = draw(summary, look)
            sources[kind] = f"data:image/svg+xml;base64,{b64encode(as_svg(figure)).decode()}"
            width, height = figure.get_size_inches() * 72
            sizes[kind] = round(width), round(height)
            if kind == "light":
                png = as_png(figure)
    return Picture(name, alt, sources, sizes, png)
