"""Lay out rows of text for a terminal or as Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], *, markdown: bool, texts: int = 1) -> str:
    """Lay out rows, the first of which is the head.

    Args:
        rows: All of the same length.
        markdown: For a document, else for a terminal.
        texts: How many columns, from the left, are text; the rest are figures.
    """
    if markdown:
        rule = ["---"] * texts + ["---:"] * (len(rows[0]) - texts)
        return "\n".join(f"| {' | '.join(cells)} |" for cells in (rows[0], rule, *rows[1:]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index < texts else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        for cells in rows
    )
