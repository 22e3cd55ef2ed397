"""A summary as tables of text, which a terminal and Markdown show alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

from cope_graph.evaluation.replaying.cells import (
    NONE,
    THOUSAND,
    Section,
    interval,
    number,
    percent,
    usd,
)
from cope_graph.evaluation.replaying.summary import Grid, Health, Method, Point, Resolved, Summary

_ROLES: Final = ("plan", "execute", "judge")
_STAGES: Final = (1, 2, 3)
_Key = TypeVar("_Key", int, str)
_Cells: TypeAlias = Sequence[Sequence[float | None]]


def sections(summary: Summary, *, frontier: bool = True, grid: bool = True) -> tuple[Section, ...]:
    """Lay a summary out as tables; those without a row are left out.

    Args:
        summary: What to show.
        frontier: Whether to show the settings that no other beats.
        grid: Whether to show accuracy and cost over thresholds.
    """
    found = [
        _methods(summary),
        _stages(summary.methods),
        _money(summary.methods),
        _tokens(summary.methods),
        _health(summary.health),
    ]
    if frontier:
        found.append(_frontier(summary.frontier, summary.baseline))
    if grid and summary.grid:
        found += _grids(summary.grid, summary.baseline)
    return tuple(section for section in found if section.rows)


def _methods(summary: Summary) -> Section:
    rows = [
        (
            one.name,
            interval(one.accuracy),
            interval(one.difference, sign="+"),
            usd(one.usd),
            number(one.share, 3),
            number(one.tokens, 0),
            number(one.large_tokens, 0),
            number(one.samples, 1),
        )
        for one in summary.methods
    ]
    return Section(
        "Methods",
        f"right in %, and less the large model's in points, with 95 % intervals; USD a thousand "
        f"items, and as a share of those of: {summary.baseline}; tokens and replies an item",
        ("method", "right", "- large", "USD", "share", "tokens", "large's", "replies"),
        tuple(rows),
        extra=3,
    )


def _stages(methods: Sequence[Method]) -> Section:
    rows = []
    for one in methods:
        row = [one.name]
        for stage in _STAGES:
            found = one.resolved.get(stage)
            row += [NONE, NONE] if found is None else _resolved(found)
        rows.append((*row, number(one.p50_s, 2), number(one.p95_s, 2)))
    heads = [name for stage in _STAGES for name in (f"stage {stage}", "right")]
    return Section(
        "Stages",
        "items that each answers, and how many of those are right, in %; seconds an item",
        ("method", *heads, "p50", "p95"),
        tuple(rows),
    )


def _resolved(found: Resolved) -> list[str]:
    return [percent(found.items), percent(found.accuracy)]


def _money(methods: Sequence[Method]) -> Section:
    rows = [
        (
            one.name,
            *(usd(_of(one.usd_by_role, role)) for role in _ROLES),
            *(usd(_of(one.usd_by_stage, stage)) for stage in _STAGES),
        )
        for one in methods
    ]
    heads = (*_ROLES, *(f"stage {stage}" for stage in _STAGES))
    note = "USD a thousand items, by what was bought and by stage"
    return Section("Cost", note, ("method", *heads), tuple(rows))


def _tokens(methods: Sequence[Method]) -> Section:
    rows = [
        (
            one.name,
            *(number(_of(one.tokens_by_role, role), 0) for role in _ROLES),
            *(number(_of(one.tokens_by_stage, stage), 0) for stage in _STAGES),
        )
        for one in methods
    ]
    heads = (*_ROLES, *(f"stage {stage}" for stage in _STAGES))
    note = "mean an item, by what was bought and by stage"
    return Section("Tokens", note, ("method", *heads), tuple(rows))


def _health(healths: Sequence[Health]) -> Section:
    rows = [
        (
            f"stage {one.stage}",
            str(one.items),
            f"{one.tau:g}",
            percent(one.accept_rate),
            percent(one.accuracy_accepted),
            percent(one.accuracy_rejected),
            number(one.auroc, 2),
            number(one.ece, 3),
            number(one.brier, 3),
        )
        for one in healths
    ]
    return Section(
        "Gates",
        "over the items that reach them: accepted in %, and how many of those answers, and of the "
        "others, are right in %",
        ("gate", "items", "tau", "accepted", "right", "others", "AUROC", "ECE", "Brier"),
        tuple(rows),
    )


def _frontier(points: Sequence[Point], baseline: str) -> Section:
    rows = [
        (
            one.method,
            f"{one.tau1:g}",
            f"{one.tau2:g}",
            str(one.n),
            interval(one.accuracy),
            usd(one.usd),
            number(one.share, 3),
            "/".join(f"{100 * share:.0f}" for share in one.accepted),
            number(one.tokens, 0),
        )
        for one in points
    ]
    return Section(
        "Frontier",
        f"settings that no other beats; USD a thousand items, and as a share of those of: "
        f"{baseline}; items that stages 1, 2, 3 answer, in %",
        ("method", "tau1", "tau2", "n", "right", "USD", "share", "1/2/3", "tokens"),
        tuple(rows),
        extra=2,
    )


def _grids(grid: Grid, baseline: str) -> list[Section]:
    rights = _times(100, grid.accuracy)
    found = [_over(grid, rights, 1, ("Thresholds: right", "in %"))]
    if grid.share:
        named = "Thresholds: cost", f"as a share of that of: {baseline}"
        found.append(_over(grid, grid.share, 2, named))
    elif grid.usd:
        named = "Thresholds: cost", "USD a thousand items"
        found.append(_over(grid, _times(THOUSAND, grid.usd), 3, named))
    return found


def _times(factor: int, cells: _Cells) -> _Cells:
    return [[None if cell is None else factor * cell for cell in row] for row in cells]


def _over(grid: Grid, cells: _Cells, digits: int, named: tuple[str, str]) -> Section:
    """Lay cells out over both thresholds."""
    rows = [
        (f"{tau:g}", *(number(cell, digits) for cell in row))
        for tau, row in zip(grid.tau1, cells, strict=True)
    ]
    head = ("tau1", *(f"{tau:g}" for tau in grid.tau2))
    note = f"{named[1]}; tau1 down, tau2 across"
    return Section(named[0], note, head, tuple(rows), thins=True)


def _of(figures: Mapping[_Key, float | None], key: _Key) -> float | None:
    """Give a part of a sum: what is not named in it took nothing."""
    return figures.get(key, 0.0)
