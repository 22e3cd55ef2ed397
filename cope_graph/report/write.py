"""The page and its drawings, as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.summary import Summary
from cope_graph.report.figures import pictures
from cope_graph.report.finite import check_finite
from cope_graph.report.needed import check_packages
from cope_graph.report.page import render

PAGE: Final = "report.html"


@dataclass(frozen=True)
class Written:
    """The files of a report.

    Attributes:
        page: The HTML page; it needs none of the others.
        images: The drawings as PNG.
    """

    page: Path
    images: tuple[Path, ...]


def write_report(
    summary: Summary, target: Path, *, made: Mapping[str, str] | None = None
) -> Written:
    """Write the page and its PNGs.

    Args:
        summary: The comparison.
        target: A folder, or the page's file (`.html`): then its PNGs are named after it.
        made: More to say about how it was measured, by name.

    Raises:
        InputError: There are no methods, the baseline is none of them, a figure is NaN, or the
            target is a file of another kind.
        MissingPackageError: matplotlib, Jinja2 or numpy is not installed.
        OSError: The files cannot be written.
    """
    check_packages()
    check_finite(summary)
    page, prefix = _places(target)
    drawn = pictures(summary)
    html = render(summary, drawn=drawn, made=made)
    page.parent.mkdir(parents=True, exist_ok=True)
    images = []
    for name, picture in drawn.items():
        image = page.parent / f"{prefix}{name}.png"
        image.write_bytes(picture.png)
        images.append(image)
    page.write_text(html, encoding="utf-8")
    return Written(page, tuple(images))


def _places(target: Path) -> tuple[Path, str]:
    if target.suffix.lower() in {".html", ".htm"} and not target.is_dir():
        return target, f"{target.stem}-"
    if target.is_file():
        msg = f"{target} is a file: name a folder for the report, or a page that ends in .html."
        raise InputError(msg)
    return target / PAGE, ""
