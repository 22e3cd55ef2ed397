"""One HTML page that asks nothing of anybody: drawings, styles and script are inside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

from cope_graph import __version__
from cope_graph.evaluation.replaying.phrases import counted
from cope_graph.evaluation.replaying.summary import BreakEven, Summary
from cope_graph.report import heat, reading, savings, wording
from cope_graph.report.figures import LOOKS, Picture, missing, pictures
from cope_graph.report.finite import check_finite
from cope_graph.report.headline import headline
from cope_graph.report.needed import check_packages
from cope_graph.report.tables import facts, health, tables
from cope_graph.report.theme import styled


def render(
    summary: Summary,
    *,
    drawn: Mapping[str, Picture] | None = None,
    made: Mapping[str, str] | None = None,
) -> str:
    """Write the page of a comparison.

    Args:
        summary: The comparison.
        drawn: Its drawings, where they are there already.
        made: More to say about how it was measured, by name.

    Returns:
        HTML; everything from outside stands in it as text, whatever characters it has.

    Raises:
        InputError: There are no methods, the baseline is none of them, or a figure is NaN.
        MissingPackageError: matplotlib, Jinja2 or numpy is not installed.
    """
    check_packages()
    check_finite(summary)
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - of an extra
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            wording.shown(value)
            if isinstance(value, str) and not isinstance(value, Markup)
            else value
        ),
    )
    style, script = _file("page.css"), _file("page.js")
    return environment.from_string(_file("page.html.j2")).render(
        _content(summary, pictures(summary) if drawn is None else drawn, made or {}),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704
        policy=policy(style, script),
    )


def policy(style: str, script: str) -> str:
    """Allow the page its own style and script, images inside it, and nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _content(
    summary: Summary, drawn: Mapping[str, Picture], made: Mapping[str, str]
) -> dict[str, Any]:
    main, scale = reading.subject(summary), reading.scale(summary)
    versions = {"page by": f"cope-graph {__version__}", **made}
    return {
        "summary": summary,
        "counted": counted(summary),
        "main": main,
        "baseline": reading.baseline(summary).name,
        "scale": scale,
        "big": headline(summary),
        "pictures": drawn,
        "missing": missing(summary),
        "break_even": _break_even(summary.break_even),
        "unpriced": [one.name for one in savings.unknown(summary)],
        "tables": tables(summary),
        "health": health(summary),
        "facts": facts(summary, versions),
        "left_out": sum(summary.excluded.values()),
        "cells": _cells(summary) if "heat" in drawn else None,
    }


def _break_even(found: BreakEven | None) -> str:
    if found is None:
        return ""
    pays = "it pays for itself" if found.pays else "it does not pay for itself"
    return (
        f"Stage 2 accepts {wording.percent(found.accepts)} of what reaches it and would have to "
        f"accept {wording.percent(found.needed)}: {pays} (it costs {wording.usd(found.usd_stage2)} "
        f"USD per {wording.PER:,} items, and an accept saves {wording.usd(found.usd_saved)})."
    )


def _cells(summary: Summary) -> dict[str, Any]:
    """Give the script what it needs to say the figures of any cell of the heat map."""
    grid = summary.grid
    assert grid is not None  # noqa: S101 - it was drawn
    places = {}
    for name in ("light", "light narrow"):
        with styled(LOOKS[name]):
            places[name.replace("light ", "").replace("light", "wide")] = heat.boxes(
                summary, LOOKS[name]
            )
    return {
        "tau1": grid.tau1,
        "tau2": grid.tau2,
        "used": heat.used(summary),
        "places": places,
        "maps": [
            {"name": panel.title.partition(",")[0], "says": panel.says}
            for panel in heat.panels(summary, grid)
        ],
        "multiple": wording.shown(summary.baseline),
    }


def _file(name: str) -> str:
    return (files("cope_graph.report") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
