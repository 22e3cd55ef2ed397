"""What each method saves against the baseline, or loses, split by what the money goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cope_graph.evaluation.replaying.summary import Method, Summary
from cope_graph.report import reading, wording
from cope_graph.report.theme import Look, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OTHER: Final = "other"
_GAP: Final = "\u2003\u00a0\u2003"  # SVG makes one of several plain spaces


@dataclass(frozen=True)
class Saving:
    """What one method saves.

    Attributes:
        method: Which.
        net: Saved, as a share of the baseline's cost; in USD for a thousand items, or tokens of
            one, where the baseline costs nothing. Negative is a loss.
        roles: The same by plan, execute, judge; they add up to `net`.
        words: It in words.
    """

    method: Method
    net: float
    roles: dict[str, float]
    words: str


def savings(summary: Summary) -> list[Saving]:
    """Compare all methods of a known cost with the baseline, the subject first."""
    scale, base = reading.scale(summary), reading.baseline(summary)
    main = reading.subject(summary)
    others = [one for one in summary.methods if one not in (main, base)]
    ordered = [one for one in (main, *others) if one is not base]
    return [_saving(scale, base, one) for one in ordered if scale.cost(one) is not None]


def unknown(summary: Summary) -> list[Method]:
    """List the methods whose cost nobody knows."""
    scale = reading.scale(summary)
    return [one for one in summary.methods if scale.cost(one) is None]


def saving_of(summary: Summary, method: Method) -> str:
    """Say in words what a method saves against the baseline."""
    scale, base = reading.scale(summary), reading.baseline(summary)
    if method is base:
        return "the baseline"
    return _saving(scale, base, method).words if scale.cost(method) is not None else "unknown"


def draw(summary: Summary, look: Look) -> Figure:
    """Draw savings to the right of the middle and losses to the left."""
    rows, theme = savings(summary), look.theme
    row = 0.46 if look.narrow else 0.36
    figure = blank(look, 1.5 + row * max(len(rows), 2))
    axes = figure.add_subplot()
    axes.grid(visible=True, axis="x")
    axes.use_sticky_edges = False
    for index, saving in enumerate(rows):
        _row(axes, index, saving, summary, look)
    axes.axvline(0, color=theme.ink, lw=1.2, zorder=5)
    axes.set_ylim(max(len(rows), 2) - 0.4, -0.75 if look.narrow else -0.6)
    axes.spines["left"].set_visible(False)
    names = [wording.shortened(one.method.name, 32) for one in rows]
    axes.set_yticks(range(len(rows)), [""] * len(rows) if look.narrow else names)
    for index, label in enumerate(axes.get_yticklabels()):
        label.set_color(theme.ink)
        label.set_fontweight(_weight(summary, rows[index]))
    _reach(axes, rows)
    axes.set_xlabel(f"← costs more{_GAP}{_unit(summary)}{_GAP}saves →")
    _legend(figure, rows, look)
    return figure


def alt(summary: Summary) -> str:
    """Say the figures of the drawing."""
    told = [
        f"{wording.shown(one.method.name)} {one.words} ({_split(summary, one)})"
        for one in savings(summary)
    ]
    against = wording.shown(summary.baseline)
    return f"Against {against}: {wording.listed(told) or 'nothing to compare'}."


def _saving(scale: reading.Scale, base: Method, method: Method) -> Saving:
    cost = scale.cost(method) or 0.0
    per = wording.PER if scale.unit == "usd" else 1
    factor = 1 / scale.whole if scale.relative else per
    net = (scale.whole - cost) * factor
    theirs, ours = scale.roles(base), scale.roles(method)
    roles = {
        role: (theirs.get(role, 0.0) - ours.get(role, 0.0)) * factor
        for role in dict.fromkeys([*reading.ROLES, *theirs, *ours])
    }
    rest = net - sum(roles.values())
    if abs(rest) > 1e-6 * max(abs(net), 1e-9):
        roles[OTHER] = rest
    return Saving(method, net, roles, _words(scale, net))


def _words(scale: reading.Scale, net: float) -> str:
    tokens = scale.unit == "tokens"
    if scale.relative or not net:
        return wording.saved(net, tokens=tokens)
    unit = "tokens an item" if tokens else f"USD per {wording.PER:,} items"
    size = f"{wording.figures(abs(net))} {unit}"
    return f"saves {size}" if net > 0 else f"{'takes' if tokens else 'costs'} {size} more"


def _row(axes: Axes, index: int, saving: Saving, summary: Summary, look: Look) -> None:
    theme = look.theme
    ends = {True: 0.0, False: 0.0}
    factor = _factor(summary)
    for role, amount in saving.roles.items():
        wins = amount > 0
        bar: dict[str, Any] = {"left": ends[wins], "color": _hue(role, look), "zorder": 3}
        axes.barh(index, amount * factor, 0.42 if look.narrow else 0.56, **bar)
        ends[wins] += amount * factor
    net = saving.net * factor
    hue = theme.loss if net < 0 else theme.accent
    axes.plot([net], [index], "D", ms=6.5, color=hue, mec=theme.surface, mew=1.2, zorder=6)
    weight = _weight(summary, saving)
    wide: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "color": hue,
        "fontweight": weight,
    }
    wide["zorder"] = 7
    if look.narrow:
        behind = {"facecolor": theme.surface, "edgecolor": "none", "pad": 0.6}
        small: dict[str, Any] = {"fontsize": look.font - 0.6, "va": "bottom", "bbox": behind}
        name = wording.shortened(saving.method.name, 24)
        axes.text(0, index - 0.25, name, **{**wide, **small, "color": theme.ink})
        axes.text(1, index - 0.25, saving.words, ha="right", **wide, **small)
    else:
        axes.text(1.015, index, saving.words, va="center", **wide)


def _weight(summary: Summary, saving: Saving) -> str:
    return "bold" if saving.method is reading.subject(summary) else "normal"


def _hue(role: str, look: Look) -> str:
    roles = dict(zip(reading.ROLES, look.theme.roles, strict=False))
    return roles.get(role, look.theme.roles[-1])


def _reach(axes: Axes, rows: list[Saving]) -> None:
    """Leave the sign visible: zero is never at the very edge."""
    if not any(one.net for one in rows):
        axes.set_xlim(-1, 1)
        return
    left, right = axes.get_xlim()
    span = right - left
    axes.set_xlim(min(left, -0.06 * span), max(right, 0.06 * span))


def _factor(summary: Summary) -> float:
    return 100.0 if reading.scale(summary).relative else 1.0


def _unit(summary: Summary) -> str:
    scale = reading.scale(summary)
    thing = "cost" if scale.unit == "usd" else "tokens"
    if scale.relative:
        return f"% of {wording.shortened(scale.name, 20)}'s {thing}"
    return f"USD per {wording.PER:,} items" if scale.unit == "usd" else "tokens an item"


def _split(summary: Summary, saving: Saving) -> str:
    unit = wording.percent if reading.scale(summary).relative else wording.figures
    return ", ".join(
        f"{role} {'+' if amount > 0 else ''}{unit(amount)}" for role, amount in saving.roles.items()
    )


def _legend(figure: Figure, rows: list[Saving], look: Look) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 - heavy
    from matplotlib.patches import Patch  # noqa: PLC0415

    used = [role for role in (*reading.ROLES, OTHER) if any(one.roles.get(role) for one in rows)]
    keys: list[Any] = [Patch(color=_hue(role, look), label=role) for role in used]
    keys.append(Line2D([], [], ls="", marker="D", color=look.theme.muted, label="in all"))
    figure.legend(
        handles=keys, loc="outside upper left", ncols=len(keys), frameon=False,
        handlelength=1, columnspacing=1.2, handletextpad=0.5, labelcolor=look.theme.muted,
    )  # fmt: skip
