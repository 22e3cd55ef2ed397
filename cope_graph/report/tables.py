"""The page's tables, as text: what the drawings leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cope_graph.evaluation.replaying.summary import Method, Resolved, Summary
from cope_graph.report import reading, wording
from cope_graph.report.reliability import score
from cope_graph.report.savings import saving_of

Tone = Literal["", "gain", "loss"]
_Row = Callable[[Summary, Method], Iterable["Cell"]]


@dataclass(frozen=True)
class Cell:
    """One figure.

    Attributes:
        text: It in words.
        tone: Whether it is a gain or a loss.
    """

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Line:
    """One row.

    Attributes:
        number: Of the method in the drawings; `None` where a row is none.
        head: What the row is about.
        more: A sentence about it.
        cells: Its figures.
        main: Whether the report is about it.
    """

    number: int | None
    head: str
    more: str
    cells: tuple[Cell, ...]
    main: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under heads.

    Attributes:
        name: What it shows.
        heads: Of the columns, the first one's among them.
        lines: The rows.
    """

    name: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]


def tables(summary: Summary) -> list[Table]:
    """Make the tables of the methods: quality and cost, what it goes to, stages and time."""
    usd = f"USD per {wording.PER:,} items"
    base = wording.shortened(reading.baseline(summary).name, 24)
    stages = _stages(summary)
    quality = (
        "method", "accuracy (95 %)", "against large, points (95 %)", usd, f"multiple of {base}",
        f"against {base}",
    )  # fmt: skip
    split = (
        "method", *(f"{role}, USD" for role in _roles(summary)),
        *(f"stage {stage}, USD" for stage in stages), "tokens an item", "of the large model",
        *(f"{role}, tokens" for role in _roles(summary)),
    )  # fmt: skip
    course = (
        "method", *(f"stage {stage} answers (right)" for stage in stages), "replies drawn",
        "median time", "95th percentile",
    )  # fmt: skip
    return [
        _of_methods(summary, "Quality and cost", quality, _quality),
        _of_methods(summary, f"What it goes to: {usd}, and tokens of one item", split, _split),
        _of_methods(summary, "Stages and time", course, _course),
    ]


def health(summary: Summary) -> Table:
    """Make the table of the gates."""
    heads = (
        "gate", "items", "threshold", "accepts", "right of accepted", "right of rejected",
        "AUROC", "ECE", "Brier",
    )  # fmt: skip
    lines = [
        Line(
            None,
            f"stage {one.stage}",
            "",
            _plain(
                f"{one.items:,}", f"{one.tau:g}", wording.percent(one.accept_rate),
                wording.percent(one.accuracy_accepted), wording.percent(one.accuracy_rejected),
                score(one.auroc), score(one.ece), score(one.brier),
            ),
        )
        for one in summary.health
    ]  # fmt: skip
    return Table("Health of the gates", heads, tuple(lines))


def facts(summary: Summary, more: Mapping[str, str]) -> list[tuple[str, str]]:
    """List what was measured on: names and settings."""
    comes = "confidence above the threshold" if summary.strict else "confidence at the threshold"
    seed = "none" if summary.seed is None else str(summary.seed)
    return [
        ("task", summary.task),
        ("data", summary.data),
        ("items compared", f"{summary.items:,}"),
        *((f"{side} model", name) for side, name in summary.models.items()),
        ("samples a stage (n)", str(summary.n)),
        ("threshold of stage 1", f"{summary.tau1:g}"),
        ("threshold of stage 2", f"{summary.tau2:g}"),
        ("accepted from", comes),
        ("seed", seed),
        ("baseline", summary.baseline),
        *more.items(),
    ]


def _of_methods(summary: Summary, name: str, heads: tuple[str, ...], row: _Row) -> Table:
    main = reading.subject(summary)
    lines = [
        Line(number, one.name, one.what, tuple(row(summary, one)), main=one is main)
        for number, one in enumerate(summary.methods, 1)
    ]
    return Table(name, heads, tuple(lines))


def _quality(summary: Summary, one: Method) -> Iterable[Cell]:
    yield Cell(wording.interval(one.accuracy))
    yield Cell(wording.points(one.difference))
    yield Cell(wording.usd(one.usd))
    priced = reading.scale(summary).unit == "usd"
    yield Cell(wording.times(reading.scale(summary).ratio(one)) if priced else wording.UNKNOWN)
    said = saving_of(summary, one)
    yield Cell(said, tone(said))


def _split(summary: Summary, one: Method) -> Iterable[Cell]:
    usd = [one.usd_by_role.get(role, 0.0) for role in _roles(summary)]
    usd += [one.usd_by_stage.get(stage, 0.0) for stage in _stages(summary)]
    used = [one.tokens, one.large_tokens]
    used += [one.tokens_by_role.get(role, 0.0) for role in _roles(summary)]
    return _plain(*map(wording.usd, usd), *map(wording.tokens, used))


def _course(summary: Summary, one: Method) -> Iterable[Cell]:
    parts = [_part(one.resolved.get(stage)) for stage in _stages(summary)]
    times = wording.seconds(one.p50_s), wording.seconds(one.p95_s)
    return _plain(*parts, f"{one.samples:.1f}", *times)


def _part(part: Resolved | None) -> str:
    if part is None or part.items <= 0:
        return wording.NONE
    return f"{wording.percent(part.items)} ({wording.percent(part.accuracy)})"


def tone(said: str) -> Tone:
    """Tell a gain from a loss by its words."""
    if said.startswith("saves "):
        return "gain"
    return "loss" if said.endswith((" more", " more tokens")) else ""


def _plain(*texts: str) -> tuple[Cell, ...]:
    return tuple(map(Cell, texts))


def _roles(summary: Summary) -> Sequence[str]:
    """List the roles that any method takes tokens for: most tasks have no judge."""
    used = {role for one in summary.methods for role, spent in one.tokens_by_role.items() if spent}
    return [role for role in reading.ROLES if role in used]


def _stages(summary: Summary) -> Sequence[int]:
    return sorted(
        {stage for one in summary.methods for stage in (*one.resolved, *one.usd_by_stage)}
    )
