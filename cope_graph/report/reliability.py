"""How sure a gate is, against how often it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cope_graph.evaluation.replaying.summary import Health, Summary
from cope_graph.report import wording
from cope_graph.report.theme import Look, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CLOSE: Final = 2.0
"""Percentage points by which a gate may be too sure before that is shown as a fault."""


def draw(summary: Summary, look: Look) -> Figure:
    """Draw each gate's accuracy over its confidence, and below it how many items have that."""
    gates = summary.health
    across = 1 if look.narrow else len(gates)
    down = len(gates) if look.narrow else 1
    figure = blank(look, 4.3 * down if look.narrow else 5.2)
    grids = figure.add_gridspec(down, across)
    for index, health in enumerate(gates):
        part = grids[index // across, index % across].subgridspec(2, 1, height_ratios=(3.2, 1))
        upper = figure.add_subplot(part[0])
        lower = figure.add_subplot(part[1], sharex=upper)
        _diagram(upper, health, look)
        _histogram(lower, health, look)
        _threshold(upper, lower, health, summary, look)
        upper.tick_params(labelbottom=False)
    return figure


def alt(summary: Summary) -> str:
    """Say the figures of the drawing."""
    told = [
        f"stage {one.stage}: {wording.counted(one.items, 'item')}, "
        f"accepts {wording.percent(one.accept_rate)} at threshold {one.tau:g}, "
        f"{wording.percent(one.accuracy_accepted)} of those right, "
        f"{wording.percent(one.accuracy_rejected)} of the rejected; {scores(one)}"
        for one in summary.health
    ]
    return f"Confidence against accuracy of {wording.listed(told)}."


def scores(health: Health) -> str:
    """Name the three scores of a gate."""
    shown = {"AUROC": health.auroc, "ECE": health.ece, "Brier": health.brier}
    return ", ".join(f"{name} {score(value)}" for name, value in shown.items())


def score(value: float | None) -> str:
    """Write a score of 0 to 1."""
    return wording.NONE if value is None else f"{value:.3f}"


def _diagram(axes: Axes, health: Health, look: Look) -> None:
    theme = look.theme
    axes.grid(visible=True)
    axes.plot([0, 1], [0, 100], color=theme.muted, lw=1, ls=(0, (4, 4)), zorder=1)
    full = [
        (one.confidence, 100 * one.accuracy, one)
        for one in health.bins
        if one.confidence is not None and one.accuracy is not None
    ]
    most = max((one.items for _, _, one in full), default=1) or 1
    for confidence, right, one in full:
        hue = theme.loss if right < 100 * confidence - _CLOSE else theme.accent
        axes.plot([confidence] * 2, [100 * confidence, right], color=hue, lw=2, alpha=0.45)
        size = 30 + 220 * one.items / most
        axes.scatter([confidence], [right], s=size, color=hue, ec=theme.surface, lw=1.2, zorder=4)
    line = [(x, y) for x, y, _ in full]
    axes.plot(*zip(*line, strict=True), color=theme.muted, lw=1.1, zorder=2) if line else None
    if not full:
        axes.text(
            0.5, 50, "no item reaches it", ha="center", va="center", color=theme.muted,
            backgroundcolor=theme.surface,
        )  # fmt: skip
    axes.set_ylim(-5, 107)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylabel("right, %")
    reach = f"{wording.counted(health.items, 'item')} reach{'es' if health.items == 1 else ''} it"
    head: dict[str, Any] = {"loc": "left", "fontweight": "bold", "fontsize": look.font}
    axes.set_title(f"Gate of stage {health.stage}: {reach}\n", **head)
    axes.text(
        0, 1.02, scores(health), transform=axes.transAxes, color=theme.muted,
        fontsize=look.font - 1, va="bottom",
    )  # fmt: skip


def _histogram(axes: Axes, health: Health, look: Look) -> None:
    bins = health.bins
    edges: dict[str, Any] = {"ec": look.theme.surface, "lw": 1, "align": "edge"}
    axes.bar(
        [one.low for one in bins],
        [one.items for one in bins],
        [one.high - one.low for one in bins],
        color=look.theme.muted,
        **edges,
    )
    axes.locator_params(axis="y", nbins=3, integer=True)
    if not any(one.items for one in bins):
        axes.set_ylim(0, 1)
    axes.set_ylabel("items")
    axes.set_xlabel("confidence")


def _threshold(upper: Axes, lower: Axes, health: Health, summary: Summary, look: Look) -> None:
    """Mark from where on the gate accepts."""
    theme = look.theme
    for axes in (upper, lower):
        axes.axvspan(health.tau, 1.03, color=theme.accent, alpha=0.07, lw=0, zorder=0)
        axes.axvline(health.tau, color=theme.accent, lw=1.2, zorder=1)
    word = "above" if summary.strict else "from"
    left = health.tau > 0.5  # noqa: PLR2004 - where there is more room
    upper.annotate(
        f"accepts {word} {health.tau:g}", (health.tau, 0), xytext=(-5 if left else 5, 0),
        textcoords="offset points", ha="right" if left else "left", va="center",
        color=theme.accent, fontsize=look.font - 1,
    )  # fmt: skip
