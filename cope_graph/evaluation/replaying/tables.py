"""A summary for a terminal, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cope_graph.evaluation.replaying.cells import Section
from cope_graph.evaluation.replaying.phrases import counted
from cope_graph.evaluation.replaying.sections import sections
from cope_graph.evaluation.replaying.summary import Summary

FORMAT: Final = "cope-summary"
VERSION: Final = 1
_STYLES: Final = {"good": "green", "note": "cyan", "warning": "bold yellow"}
_MARGINS: Final = 2  # spaces between columns
_SHORTEST: Final = 14  # of the first column, when it is folded


def show_summary(
    console: Console, summary: Summary, *, frontier: bool = True, grid: bool = True
) -> None:
    """Print a summary: its words first, then its tables, as wide as the console.

    Args:
        console: Where to; from 80 columns on every figure is readable. A narrow one leaves out
            what a table's `extra` says, and every other threshold of a grid.
        summary: What to show.
        frontier: Whether to show the settings that no other beats.
        grid: Whether to show accuracy and cost over thresholds.
    """
    console.print(Text(_shown(summary.title), style="bold"))
    console.print(Text(_shown(_about(summary)), style="dim"))
    if summary.excluded:
        console.print(Text(_shown(_left_out(summary)), style="yellow"))
    console.print()
    for word in summary.words:
        line = f"[{_STYLES[word.level]}]{word.level}:[/] {escape(_shown(word.text))}"
        console.print(line, highlight=False)
    for section in sections(summary, frontier=frontier, grid=grid):
        console.print()
        console.print(*_rich(section, console.width), sep="\n")


def markdown(summary: Summary, *, frontier: bool = True, grid: bool = True) -> str:
    """Write a summary for a document, every column of it.

    Args:
        summary: What to show.
        frontier: Whether to show the settings that no other beats.
        grid: Whether to show accuracy and cost over thresholds.
    """
    words = "\n".join(f"- **{word.level}**: {_plain(word.text)}" for word in summary.words)
    blocks = [
        f"## {_plain(summary.title)}",
        _plain(_about(summary)),
        _plain(_left_out(summary)),
        words,
    ]
    for section in sections(summary, frontier=frontier, grid=grid):
        note = section.note[:1].upper() + section.note[1:]
        blocks += [f"### {section.title}", f"{_plain(note)}.", "\n".join(_lines(section))]
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_json(summary: Summary) -> dict[str, Any]:
    """Give a summary as plain JSON values, under a name and a version of the format."""
    return {"format": FORMAT, "version": VERSION, **_values(summary)}


def _about(summary: Summary) -> str:
    """Say what was compared."""
    sign = ">" if summary.strict else ">="
    parts = [
        f"{counted(summary)} of {summary.data}, task {summary.task}",
        *(f"{side} {name}" for side, name in summary.models.items()),
        f"n = {summary.n}, accepted at {sign} {summary.tau1:g} and {sign} {summary.tau2:g}",
    ]
    if summary.seed is not None:
        parts.append(f"seed {summary.seed}")
    return "; ".join(parts)


def _left_out(summary: Summary) -> str:
    """Say what was left out and why; nothing where all was compared."""
    why = ", ".join(f"{count} {reason}" for reason, count in summary.excluded.items())
    return f"Left out: {why}." if why else ""


def _rich(section: Section, width: int) -> tuple[RenderableType, RenderableType]:
    kept, left_out = _columns(section, width)
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for place in kept:
        is_text = place == 0
        head = Text(section.head[place])
        shown.add_column(head, justify="left" if is_text else "right", no_wrap=not is_text)
    for row in section.rows:
        shown.add_row(*(Text(_shown(row[place])) for place in kept))
    title = Text.assemble((section.title, "bold"), f": {_shown(section.note)}{left_out}")
    return title, shown


def _columns(section: Section, width: int) -> tuple[list[int], str]:
    """Choose the columns that fit, and say which ones are missing."""
    places = list(range(len(section.head)))
    if _width(section, places) <= width:
        return places, ""
    if not section.thins:
        return _without_last(section, places, width)
    every = 2
    while every < len(places) and _width(section, [0, *places[1::every]]) > width:
        every += 1
    return [0, *places[1::every]], f" (one of {every} columns)"


def _without_last(section: Section, places: list[int], width: int) -> tuple[list[int], str]:
    """Leave out columns from the right, as few as will do and as many as may be missed."""
    kept = places
    for _ in range(section.extra):
        if _width(section, kept) > width:
            kept = kept[:-1]
    names = ", ".join(section.head[len(kept) :])
    return kept, f" (a wider terminal shows more: {names})" if names else ""


def _width(section: Section, places: list[int]) -> int:
    """Give the least width of some columns, the first of which may be folded."""
    widths = [
        max(cell_len(row[place]) for row in (section.head, *section.rows)) for place in places
    ]
    return min(widths[0], _SHORTEST) + sum(widths[1:]) + _MARGINS * (len(places) - 1)


def _lines(section: Section) -> Iterator[str]:
    yield f"| {' | '.join(map(_plain, section.head))} |"
    yield f"| --- |{' ---: |' * (len(section.head) - 1)}"
    for row in section.rows:
        yield f"| {' | '.join(map(_plain, row))} |"


def _shown(text: str) -> str:
    """Keep a name of the user's data from steering the terminal."""
    return "".join(sign for sign in text if sign.isprintable())


def _plain(text: str) -> str:
    """Keep a name of the user's data from being Markdown."""
    for sign in "\\`*_|<":
        text = text.replace(sign, f"\\{sign}")
    return _shown(" ".join(text.split()))


def _values(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _values(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _values(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_values(one) for one in value]
    return value
